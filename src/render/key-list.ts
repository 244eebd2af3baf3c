import type { KeyRow } from '../db/reads/keys.js';
import type { KeyPage } from '../db/reads/list-keys.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { keyRecord, keyRecordFields } from './key-record.js';
import type { Renderer, View } from './renderer.js';
import { statusWord } from './status-word.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface KeyList {
  readonly page: KeyPage;
  /** Where was looked, for an empty answer. */
  readonly where: string;
}

/** `keys list`. */
export const keyList: Renderer<KeyList> = {
  text(value, view) {
    if (value.page.rows.length === 0) return line`no key fits in ${clean(value.where)}`;
    const table = tableText(columns, value.page.rows, view);
    if (value.page.nextOffset === null) return table;
    return joinLines([table, view.style.muted(line`more: --cursor ${value.page.nextOffset}`)]);
  },
  json: (value) => ({
    keys: value.page.rows.map(keyRecord),
    next_cursor: value.page.nextOffset === null ? null : String(value.page.nextOffset),
  }),
  records: (value) => value.page.rows.map(keyRecord),
  columns: keyRecordFields,
  ids: (value) => value.page.rows.map((row) => row.key.id),
};

const columns: readonly Column<KeyRow>[] = [
  { heading: line`KEY`, cell: (row) => clean(row.key.id) },
  { heading: line`NAME`, cell: (row) => clean(row.key.name), shrinks: true },
  { heading: line`V`, cell: (row) => line`${row.key.version}`, align: 'right' },
  { heading: line`STATUS`, cell: (row, view) => statusWord(row.key.status, view.style) },
  { heading: line`OWNER`, cell: (row) => clean(row.owner?.email ?? ''), shrinks: true },
  { heading: line`LAST USE`, cell: lastUse },
  { heading: line`NOTE`, cell: note },
];

function lastUse(row: KeyRow, view: View): Safe {
  const { lastUsedAt } = row.key;
  return lastUsedAt === null ? line`never` : clean(ago(new Date(isoTime(lastUsedAt)), view.now));
}

/** What sets a key apart in a list, the most pressing first; nothing for the ordinary one. */
function note(row: KeyRow, view: View): Safe {
  const { key } = row;
  const inTime = (word: Safe, at: string | null) =>
    at === null ? clean('') : line`${word} ${clean(ago(new Date(isoTime(at)), view.now))}`;
  if (key.decoy) return view.style.notice(line`decoy`);
  if (key.status === 'revoked') return clean(key.revocationCode ?? '');
  if (key.status === 'replaced' || key.status === 'expired') return clean('');
  if (key.status === 'suspended') return inTime(line`ends`, key.suspendedUntil);
  if (key.usableUntil !== null) return inTime(line`gone`, key.usableUntil);
  if (key.weak) return line`weak`;
  if (!key.verifiable) return line`tracked`;
  return inTime(line`expires`, key.expiresAt);
}
