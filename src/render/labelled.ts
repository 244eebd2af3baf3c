import { padEnd, wrap } from './layout.js';
import type { View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** Wide enough for the longest label of a key's card and the gap behind it. */
const cardLabel = 13;
/** The same for the names of settings (`workspace access`). */
export const settingColumns = 18;
const indent = '  ';

/** `  label      value`, the value wrapped to the terminal under its own beginning. */
export function labelled(label: Safe, value: Safe, view: View, labelColumns = cardLabel): Safe {
  const room = Math.max(20, view.columns - indent.length - labelColumns);
  const lines = wrap(value, room).map((part, at) =>
    at === 0
      ? line`${clean(indent)}${view.style.muted(padEnd(label, labelColumns))}${part}`
      : line`${clean(' '.repeat(indent.length + labelColumns))}${part}`,
  );
  return joinLines(lines);
}
