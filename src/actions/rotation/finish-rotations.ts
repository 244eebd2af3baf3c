import { type CommitOutcome, rotateCommit } from '../../db/kernel-rotation.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { isoTime } from '../../domain/stored-time.js';
import { type Context, changeOf } from '../context.js';
import { commitAdopted, commitSinks } from '../delivery/stage-secret.js';
import type { ProbeAnswer } from '../probe-key.js';
import { inParallel } from './in-parallel.js';
import type { ReadyRotation } from './prepare-rotations.js';
import type { ActiveRotation } from './rotate-batch.js';
import type { RotationOrder, RotationResult } from './rotation-order.js';

interface Progress extends ActiveRotation {
  /** What did not get through, in words; empty when all did. */
  readonly problems: readonly string[];
  readonly probe: ProbeAnswer | null;
}

/**
 * The last part: sinks put the secrets into their places, what uses them is reloaded, the new keys are tried. What went
 * well is written down, which ends old keys that were only waiting for it; what did not leaves both keys usable.
 */
export async function finishRotations(
  ctx: Context,
  active: readonly ActiveRotation[],
  { after, probe }: Pick<RotationOrder, 'after' | 'probe'>,
): Promise<readonly RotationResult[]> {
  if (active.length === 0) return [];
  const committed = await inParallel(
    active,
    8,
    async (each): Promise<Progress> => ({
      ...each,
      problems: await commit(each.rotation),
      probe: null,
    }),
  );
  await ctx.reached('rotate.committed');
  const reloaded = after === undefined ? committed : await reload(committed, after);
  await ctx.reached('rotate.after');
  const tried = probe === undefined ? reloaded : await tryOut(reloaded, probe);
  const waiting = (each: Progress) =>
    each.rotation.active ||
    after !== undefined ||
    probe !== undefined ||
    each.rotation.sinks.some((sink) => sink.inPlace);
  const ids = tried.filter((each) => waiting(each) && arrived(each)).map((each) => each.rotation.rotationId);
  return await written(ctx, tried, ids);
}

async function commit({ sinks, key, secret, active }: ReadyRotation): Promise<readonly string[]> {
  return await (active ? commitAdopted(sinks, key, secret) : commitSinks(sinks));
}

function arrived({ problems, probe }: Progress): boolean {
  return problems.length === 0 && (probe === null || probe.kind === 'alive');
}

async function reload(
  committed: readonly Progress[],
  after: NonNullable<RotationOrder['after']>,
): Promise<readonly Progress[]> {
  const whole = committed.filter((each) => each.problems.length === 0);
  if (whole.length === 0) return committed;
  const problem = await after(whole.map((each) => each.rotation.key));
  if (problem === null) return committed;
  return committed.map((each) => ({ ...each, problems: [...each.problems, problem] }));
}

async function tryOut(
  reloaded: readonly Progress[],
  probe: NonNullable<RotationOrder['probe']>,
): Promise<readonly Progress[]> {
  return await inParallel(reloaded, 4, async (each) =>
    each.problems.length > 0 || each.rotation.secret === null
      ? each
      : { ...each, probe: await probe(each.rotation.secret) },
  );
}

/** Notes in the database what stands in its place. When that fails, the rotation is done all the same and `resume` notes it. */
async function written(
  ctx: Context,
  tried: readonly Progress[],
  rotationIds: readonly string[],
): Promise<readonly RotationResult[]> {
  let outcomes: readonly CommitOutcome[] = [];
  let problem: KeyctlError | null = null;
  if (rotationIds.length > 0) {
    try {
      outcomes = await ctx.db.change(ctx.operationId, (db) =>
        rotateCommit(db, changeOf(ctx), { rotationIds }),
      );
    } catch (error) {
      if (!(error instanceof KeyctlError)) throw error;
      problem = error;
    }
  }
  const of = new Map(outcomes.map((outcome) => [outcome.rotation_id, outcome]));
  const unnoted = (each: Progress) => problem !== null && rotationIds.includes(each.rotation.rotationId);
  return tried.map((each) =>
    result(unnoted(each) ? noting(each, problem) : each, of.get(each.rotation.rotationId)),
  );
}

function noting(each: Progress, problem: KeyctlError | null): Progress {
  return { ...each, problems: [`that it is in place could not be noted: ${problem?.message}`] };
}

function result(each: Progress, outcome: CommitOutcome | undefined): RotationResult {
  const { rotation, ended, problems, probe } = each;
  const facts = rotation.key.rotation;
  const key =
    outcome?.old_key_status === undefined || facts === undefined
      ? rotation.key
      : {
          ...rotation.key,
          rotation: {
            ...facts,
            oldKeyStatus: outcome.old_key_status,
            graceEndsAt: isoTime(outcome.grace_ends_at ?? null),
          },
        };
  const base = { target: rotation.target, key, ended, probe };
  if (problems.length > 0) return { ...base, outcome: 'unfinished', error: unfinished(each) };
  if (!arrived(each)) return { ...base, outcome: 'unproven', error: unproven(each) };
  return { ...base, outcome: 'rotated', error: null };
}

function unfinished({ rotation, problems }: Progress): KeyctlError {
  return new KeyctlError({
    code: 'delivery_unfinished',
    message: `${rotation.key.keyId} is active, but its delivery could not be finished: ${problems.join(', ')}${rotation.key.rotation?.oldKeyStatus === 'retiring' ? '; the old key is still usable' : ''}`,
    hint: `keyctl rotate resume ${rotation.rotationId}`,
    exitCode: exitCodes.partial,
    outcome: 'partial',
    operationId: rotation.key.operationId,
  });
}

function unproven({ rotation, probe }: Progress): KeyctlError {
  return new KeyctlError({
    code: 'probe_failed',
    message: `${rotation.key.keyId} is active and delivered, but the probe with it ${probe?.why ?? 'failed'}; the grace of the old key goes on`,
    hint: `keyctl rotate status ${rotation.rotationId}`,
    exitCode: exitCodes.check,
    outcome: 'partial',
    operationId: rotation.key.operationId,
  });
}
