import { type FinalizeAnswer, rotateFinalize } from '../../db/kernel-rotation.js';
import { type OldKeyUse, type OldKeyUses, oldKeyUses } from '../../db/reads/old-key-use.js';
import { type QuietRow, quietRow, type RotationRow } from '../../db/reads/rotations.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { type QuietDoubt, type QuietFacts, quietDoubt } from '../../domain/quiet.js';
import { isoTime } from '../../domain/stored-time.js';
import { type Context, changeOf } from '../context.js';
import { followEveryMs, type Pause } from '../pause.js';
import { withHint } from './with-hint.js';

/** What came of ending a rotation. */
export interface Finalization {
  readonly operationId: string;
  /** As it was looked at; when it is not quiet, as it is now. */
  readonly row: RotationRow;
  readonly quietSeconds: number | null;
  readonly answer: FinalizeAnswer;
  /** Only when it is not quiet. */
  readonly unquiet: Unquiet | null;
}

/** Why a rotation is not quiet, and who still uses the old key. */
export interface Unquiet {
  readonly doubt: QuietDoubt;
  readonly stragglers: OldKeyUses;
}

/**
 * @param input.quietSeconds null: end it whatever the log says
 * @throws KeyctlError 4 for a rotation that is pending, aborted, or whose new secret is not in its place
 */
export async function finalizeRotation(
  ctx: Context,
  input: { readonly row: RotationRow; readonly quietSeconds: number | null },
): Promise<Finalization> {
  const { row, quietSeconds } = input;
  const rotationId = row.rotation_id;
  if (row.state === 'aborted') throw abortedError(row);
  const change = ctx.db.change(ctx.operationId, (db) =>
    rotateFinalize(db, changeOf(ctx), { rotationId, quietSeconds }),
  );
  const answer = await withHint(change, hintFor(row));
  const done = { operationId: ctx.operationId, row, quietSeconds, answer, unquiet: null };
  if (answer.outcome !== 'not_quiet') return done;
  const facts = await ctx.db.query((db) => quietRow(db, rotationId));
  return { ...done, row: { ...row, ...facts }, unquiet: await unquiet(ctx, row, facts, quietSeconds ?? 0) };
}

/** Why it would not be ended now, and who is in the way; null when nothing is. Changes nothing. */
export async function unquietNow(
  ctx: Context,
  row: RotationRow,
  quietSeconds: number,
): Promise<Unquiet | null> {
  if (row.state !== 'open' || quietDoubt(quietFacts(row), quietSeconds) === null) return null;
  return await unquiet(ctx, row, row, quietSeconds);
}

async function unquiet(
  ctx: Context,
  row: RotationRow,
  facts: QuietRow,
  wantedSeconds: number,
): Promise<Unquiet> {
  // The kernel has decided; should the log have moved since, the old key is what it saw.
  const doubt = quietDoubt(quietFacts(facts), wantedSeconds) ?? 'old_key_used';
  return { doubt, stragglers: await stragglersOf(ctx, row, wantedSeconds) };
}

/** What is to be said while a rotation is waited for: why not yet, and who used the old key last. */
export interface QuietWait {
  readonly facts: QuietRow;
  readonly doubt: QuietDoubt;
  readonly last: OldKeyUse | null;
}

/**
 * Asks again until the rotation is quiet and ended, or `pause` says stop: then null, and nothing was changed. Between two
 * looks nothing is held in the database.
 * @param wait.onWaiting told whenever the cause, or who it is, is another one than before
 */
export async function finalizeWhenQuiet(
  ctx: Context,
  input: { readonly row: RotationRow; readonly quietSeconds: number },
  wait: { readonly pause: Pause; readonly onWaiting: (waiting: QuietWait) => void },
): Promise<Finalization | null> {
  const { row, quietSeconds } = input;
  let said = '';
  let facts: QuietRow = row;
  for (;;) {
    const doubt = facts.state === 'open' ? quietDoubt(quietFacts(facts), quietSeconds) : null;
    if (doubt === null) {
      const done = await finalizeRotation(ctx, input);
      if (done.unquiet === null) return done;
    } else {
      const last = doubt === 'old_key_used' ? await lastStraggler(ctx, row, facts) : null;
      const saying = [doubt, last?.ip, last?.userAgent].join('\n');
      if (saying !== said) wait.onWaiting({ facts, doubt, last });
      said = saying;
    }
    if (!(await wait.pause(followEveryMs))) return null;
    facts = await ctx.db.query((db) => quietRow(db, row.rotation_id));
  }
}

function quietFacts(row: QuietRow): QuietFacts {
  return {
    activatedAt: isoTime(row.activated_at),
    successorLastUsedAt: isoTime(row.successor_last_used_at),
    oldLastUsedAt: isoTime(row.old_last_used_at),
    quietSeconds: row.quiet_seconds,
    readAt: isoTime(row.read_at),
  };
}

/** So many sources can be gone after. */
const mostStragglers = 100;

/** Since the activation, and as far back as the silence that is asked for: that use stands in the way too. */
function stragglersOf(ctx: Context, row: RotationRow, wantedSeconds: number): Promise<OldKeyUses> {
  const activated = Date.parse(isoTime(row.activated_at ?? row.prepared_at));
  const silent = Date.parse(isoTime(row.read_at)) - wantedSeconds * 1000;
  const since = new Date(Math.min(activated, silent)).toISOString();
  return ctx.db.query((db) =>
    oldKeyUses(db, { keyId: row.old_key_id, since, which: 'accepted', limit: mostStragglers }),
  );
}

/** Who used the old key last; null when the log does not say, because a gateway told the time alone. */
async function lastStraggler(
  ctx: Context,
  { old_key_id: keyId }: RotationRow,
  { old_last_used_at: since }: QuietRow,
): Promise<OldKeyUse | null> {
  if (since === null) return null;
  const uses = await ctx.db.query((db) => oldKeyUses(db, { keyId, since, which: 'accepted', limit: 1 }));
  return uses.groups[0] ?? null;
}

function hintFor({ rotation_id: id, state, commit_pending: uncommitted }: RotationRow): string {
  if (state === 'pending') return `keyctl rotate resume ${id}, or keyctl rotate abort ${id} --reason "…"`;
  return uncommitted ? `keyctl rotate resume ${id}` : `keyctl rotate status ${id}`;
}

function abortedError({ rotation_id: id, old_key_id: oldKeyId }: RotationRow): KeyctlError {
  return new KeyctlError({
    code: 'refused_by_state',
    message: `${id} was aborted: it never ended anything, and its old key is as it was`,
    hint: `keyctl rotate ${oldKeyId}`,
    exitCode: exitCodes.state,
  });
}
