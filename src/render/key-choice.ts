import type { SearchedKey } from '../db/reads/search-keys.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { fit, padEnd, width } from './layout.js';
import type { View } from './renderer.js';
import { statusWord } from './status-word.js';
import { clean, joinWith, line, type Safe } from './terminal-text.js';

export interface KeyChoice {
  readonly value: string;
  readonly name: Safe;
  readonly short: Safe;
}

const gap = line`  `;
/** The sign before the chosen one, its blank, and the last column, which some terminals wrap at. */
const margin = 3;
const longestName = 24;
const shortestName = 8;
/** Id, version, status and last use with the gaps between. */
const besideName = 45;
const longestOwner = 24;

/** The keys to choose from, a line each, never wider than the terminal: id, name, status, last use, owner. */
export function keyChoices(keys: readonly SearchedKey[], view: View): KeyChoice[] {
  const room = view.columns - margin - besideName;
  const longest = Math.max(shortestName, Math.min(longestName, room));
  const names = keys.map((key) => line`${shortened(key.name, longest, view)} v${key.version}`);
  const nameColumns = Math.max(0, ...names.map(width));
  return keys.map((key, at) => ({
    value: key.id,
    name: choiceText(key, names[at] ?? gap, nameColumns, view),
    short: clean(key.id),
  }));
}

function choiceText(key: SearchedKey, name: Safe, nameColumns: number, view: View): Safe {
  const used =
    key.lastUsedAt === null ? line`never` : clean(ago(new Date(isoTime(key.lastUsedAt)), view.now));
  const parts = [
    clean(key.id),
    padEnd(name, nameColumns),
    padEnd(statusWord(key.status, view.style), statusColumns),
    padEnd(used, usedColumns),
    shortened(key.owner ?? '', longestOwner, view),
  ];
  return fit(joinWith(gap, parts), view.columns - margin, view.style.glyph.ellipsis);
}

/** `● suspended` and `59 m ago`. */
const statusColumns = 11;
const usedColumns = 8;

function shortened(text: string, columns: number, view: View): Safe {
  return fit(clean(text), columns, view.style.glyph.ellipsis);
}
