import {
  countDue,
  type DueCursor,
  type DueFilter,
  type DueKey,
  dueGround,
  dueKeys,
} from '../../db/reads/due-keys.js';
import { exitCodes, KeyctlError, usageError } from '../../domain/errors.js';
import { defaultPrefix } from '../../domain/token.js';
import type { Context } from '../context.js';
import type { RotationOrder } from './rotation-order.js';

/**
 * The keys that are meant, by the database's clock.
 * @throws KeyctlError 2 when there is no such policy: a cron line that is misspelled would else do nothing for ever
 */
export async function dueFilter(
  ctx: Context,
  { olderThanSeconds, policy }: Pick<DueFilter, 'olderThanSeconds' | 'policy'>,
): Promise<DueFilter> {
  const { now, policies } = await ctx.db.query(dueGround);
  if (policy !== null && !policies.includes(policy)) {
    throw usageError(
      '--policy',
      `there is no policy or environment ${policy}`,
      `--policy ${policies[0] ?? 'standard'}`,
    );
  }
  return { olderThanSeconds, policy, activeBefore: now };
}

/** How many keys are due and would be rotated. */
export function dueCount(ctx: Context, filter: DueFilter): Promise<number> {
  return ctx.db.query((db) => countDue(db, filter));
}

export interface DuePreview {
  readonly key: DueKey;
  readonly deliverTo: readonly string[];
  readonly problem: string | null;
}

const pageSize = 500;

/** What a run would do, page by page: the longest due first, and then those that are left out. Nothing is minted. */
export async function* planDue(
  ctx: Context,
  {
    filter,
    max,
    sinksFor,
  }: { readonly filter: DueFilter; readonly max: number | null } & Pick<RotationOrder, 'sinksFor'>,
): AsyncGenerator<readonly DuePreview[]> {
  for (const leftOut of [false, true]) {
    let after: DueCursor | null = null;
    let room = leftOut || max === null ? Number.POSITIVE_INFINITY : max;
    while (room > 0) {
      const limit = Math.min(pageSize, room);
      const page: readonly DueKey[] = await ctx.db.query((db) =>
        dueKeys(db, { filter, leftOut, after, limit }),
      );
      yield await Promise.all(page.map((key) => previewOf(key, sinksFor)));
      if (page.length < limit) break;
      room -= page.length;
      after = page.at(-1) ?? null;
    }
  }
}

async function previewOf(key: DueKey, sinksFor: RotationOrder['sinksFor']): Promise<DuePreview> {
  if (key.leftOut !== null) return { key, deliverTo: [], problem: null };
  const { name, ownerEmail, keyId: oldKeyId } = key;
  // What is not minted has no id; it stands where the id of each will.
  const outgoing = { keyId: 'KEY_ID', name, prefix: key.prefix ?? defaultPrefix, ownerEmail, oldKeyId };
  try {
    const sinks = await sinksFor(outgoing);
    const problem = sinks === null ? 'the map has no place for it' : null;
    return { key, deliverTo: sinks?.map((sink) => sink.name) ?? [], problem };
  } catch (error) {
    if (!(error instanceof KeyctlError) || error.exitCode !== exitCodes.usage) throw error;
    return { key, deliverTo: [], problem: error.message };
  }
}
