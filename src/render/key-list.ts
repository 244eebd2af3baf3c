import type { PlannedKey } from '../db/reads/key-plans.js';
import type { KeyPage } from '../db/reads/list-keys.js';
import { roughDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { leftOutWords } from './key-plan-lines.js';
import { keyRecordFields, plannedKeyRecord } from './key-record.js';
import type { Renderer, View } from './renderer.js';
import { statusWord } from './status-word.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface KeyList {
  readonly page: KeyPage;
  /** Asked what is due for rotation: then since when, and why, or why not all the same. */
  readonly due: boolean;
  /** Where was looked, for an empty answer. */
  readonly where: string;
}

/** `keys list`. */
export const keyList: Renderer<KeyList> = {
  text(value, view) {
    if (value.page.rows.length === 0) return line`no key fits in ${clean(value.where)}`;
    const table = tableText(value.due ? dueColumns : columns, value.page.rows, view);
    if (value.page.nextOffset === null) return table;
    return joinLines([table, view.style.muted(line`more: --cursor ${value.page.nextOffset}`)]);
  },
  json: (value) => ({
    keys: value.page.rows.map(plannedKeyRecord),
    next_cursor: value.page.nextOffset === null ? null : String(value.page.nextOffset),
  }),
  records: (value) => value.page.rows.map(plannedKeyRecord),
  columns: keyRecordFields,
  ids: (value) => value.page.rows.map((row) => row.key.id),
};

const firstColumns: readonly Column<PlannedKey>[] = [
  { heading: line`KEY`, cell: (row) => clean(row.key.id) },
  { heading: line`NAME`, cell: (row) => clean(row.key.name), shrinks: true },
  { heading: line`V`, cell: (row) => line`${row.key.version}`, align: 'right' },
];

const columns: readonly Column<PlannedKey>[] = [
  ...firstColumns,
  { heading: line`STATUS`, cell: (row, view) => statusWord(row.key.status, view.style) },
  { heading: line`OWNER`, cell: (row) => clean(row.owner?.email ?? ''), shrinks: true },
  { heading: line`LAST USE`, cell: lastUse },
  { heading: line`NOTE`, cell: note },
];

const dueColumns: readonly Column<PlannedKey>[] = [
  ...firstColumns,
  { heading: line`OWNER`, cell: (row) => clean(row.owner?.email ?? ''), shrinks: true },
  { heading: line`DUE`, cell: dueText },
  { heading: line`WHY`, cell: dueCause, shrinks: true },
];

function dueText({ plan }: PlannedKey, view: View): Safe {
  return plan.rotationDueAt === null ? line`` : clean(ago(new Date(isoTime(plan.rotationDueAt)), view.now));
}

/** By what it is due; of a key that nobody rotates by date, that and why. */
function dueCause({ key, plan }: PlannedKey, view: View): Safe {
  if (plan.leftOut === null) return clean(plan.rotationDueCause ?? '');
  const reason = plan.leftOut === 'exempt' ? line`: ${clean(key.exemptReason ?? '')}` : line``;
  return view.style.notice(line`left out, ${clean(leftOutWords[plan.leftOut])}${reason}`);
}

function lastUse(row: PlannedKey, view: View): Safe {
  const { lastUsedAt } = row.key;
  return lastUsedAt === null ? line`never` : clean(ago(new Date(isoTime(lastUsedAt)), view.now));
}

/** What sets a key apart in a list, the most pressing first; nothing for the ordinary one. */
function note(row: PlannedKey, view: View): Safe {
  const { key } = row;
  const inTime = (word: Safe, at: string | null) =>
    at === null ? clean('') : line`${word} ${clean(ago(new Date(isoTime(at)), view.now))}`;
  if (key.decoy) return view.style.notice(line`decoy`);
  if (key.status === 'revoked') return clean(key.revocationCode ?? '');
  if (key.status === 'replaced' || key.status === 'expired') return clean('');
  if (key.status === 'suspended') return inTime(line`ends`, key.suspendedUntil);
  if (key.retirementPhase !== null) return retirement(key, view);
  if (key.usableUntil !== null) return inTime(line`gone`, key.usableUntil);
  if (key.weak) return line`weak`;
  if (!key.verifiable) return line`tracked`;
  return inTime(line`expires`, key.expiresAt);
}

/** `deprecation 6 d`: the phase of a planned retirement, and how long it is until then. */
function retirement({ retireOn, retirementPhase }: PlannedKey['key'], view: View): Safe {
  const left = retireOn === null ? 0 : (Date.parse(isoTime(retireOn)) - view.now.getTime()) / 1000;
  const text = line`${clean(retirementPhase ?? '')} ${clean(roughDuration(Math.max(0, left)))}`;
  return retirementPhase === 'deprecation' ? view.style.warning(text) : text;
}
