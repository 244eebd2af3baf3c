import type { KeySettings, OwnerInput } from '../db/kernel-keys.js';
import type { KeyRow } from '../db/reads/keys.js';
import { keyRecord } from './key-record.js';
import { differences } from './key-update.js';
import type { Json, Renderer } from './renderer.js';
import { statusWord } from './status-word.js';
import { clean, joinLines, line } from './terminal-text.js';

export interface UpdatePlan {
  readonly rows: readonly KeyRow[];
  readonly settings: KeySettings;
  readonly owner: OwnerInput | null;
}

/** `keys update --dry-run`: what each key has now, and what it would have; the kernel has the last word. */
export const updatePlan: Renderer<UpdatePlan> = {
  text: (plan, view) =>
    joinLines(
      plan.rows.flatMap((row) => {
        const { before, after } = changesOf(row, plan);
        const changed = differences(before, after, view);
        const { key } = row;
        return [
          line`${view.style.strong(clean(key.id))}  ${clean(key.name)}  v${key.version}  ${statusWord(key.status, view.style)}  would be ${clean(changed.length > 0 ? 'updated' : 'unchanged')}`,
          ...changed,
        ];
      }),
    ),
  json: (plan) => ({
    dry_run: true,
    count: plan.rows.length,
    keys: plan.rows.map((row) => ({ key_id: row.key.id, ...changesOf(row, plan) })),
  }),
  ids: (plan) => plan.rows.map((row) => row.key.id),
};

function changesOf(
  row: KeyRow,
  { settings, owner }: UpdatePlan,
): Record<'before' | 'after', Record<string, Json>> {
  const now = keyRecord(row);
  const wanted = Object.entries({ ...settings, ...(owner === null ? {} : { owner: owner.email }) })
    .map(([name, value]) => inRecord(name, value as Json))
    .filter(([name, value]) => !same(now[name] ?? null, value));
  return {
    before: Object.fromEntries(wanted.map(([name]) => [name, now[name] ?? null])),
    after: Object.fromEntries(wanted),
  };
}

/** A setting under the name and in the form that a key's record has for it. */
function inRecord(name: string, value: Json): [string, Json] {
  if (name === 'budget_usd') return [name, value === null ? null : Number(value)];
  if (name === 'allowed_ips' && Array.isArray(value)) {
    // As the database writes a lone address: without its full mask.
    return [name, value.map((network) => String(network).replace(/(?<=\..*)\/32$|(?<=:.*)\/128$/, ''))];
  }
  return [name, value];
}

function same(one: Json, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
