import type { KeyRow } from '../db/reads/keys.js';
import type { Target } from '../db/settings.js';
import { labelled } from './labelled.js';
import { fit, width } from './layout.js';
import type { View } from './renderer.js';
import { statusWord } from './status-word.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** Of the lines below a heading. */
export const labelColumns = 11;
/** A name is never cut shorter than this. */
const shortestName = 4;

/**
 * Which key, and in which database: `key_7Q2mK9xZab3d  alice-prod  v3  ✓ active        db.prod/keys as oncall`. A long
 * name is cut (the id is whole); a target that has no room beside them stands on the line below.
 */
export function keyHeading({ key }: KeyRow, target: Target, view: View): Safe {
  const { columns, style } = view;
  const id = style.strong(clean(key.id));
  const status = statusWord(key.status, style);
  const place = style.muted(targetLine(target));
  const rest = line`${id}    v${key.version}  ${status}`;
  const heading = (name: Safe) => line`${id}  ${name}  v${key.version}  ${status}`;
  const name = clean(key.name);

  const gap = columns - width(heading(name)) - width(place);
  if (gap >= 2) return line`${heading(name)}${clean(' '.repeat(gap))}${place}`;
  const room = Math.max(shortestName, columns - width(rest));
  const shortened = fit(name, room, style.glyph.ellipsis);
  return joinLines([heading(shortened), labelled(line`in`, place, view, labelColumns)]);
}
