import { type CheckpointAnswer, checkpointAudit as inKernel } from '../db/kernel-checkpoint.js';
import { originOf, signCheckpoint } from '../domain/checkpoint.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import type { NoteSigner } from '../domain/signed-note.js';
import { type Context, changeOf } from './context.js';

export interface SignedCheckpoint extends CheckpointAnswer {
  readonly operationId: string;
  readonly origin: string;
  readonly vkey: string;
  /** The signed note, to be kept outside the database. */
  readonly note: string;
}

/**
 * Notes in the log which key signs, and signs the head that this made.
 * @throws KeyctlError 4 when the log is not the one that this machine saw: two checkpoints of one key must never contradict
 * each other; 77 without keyctl_operator or keyctl_auditor
 */
export async function checkpointAudit(ctx: Context, signer: NoteSigner): Promise<SignedCheckpoint> {
  const databaseId = String(ctx.db.greeting.database_id);
  const { behind } = ctx.actor;
  if (behind !== undefined) {
    throw new KeyctlError({
      code: 'behind',
      message: `not signed: the audit log ends at ${behind.found_seq}, or is another one, and this machine saw it at ${behind.remembered_seq}`,
      hint: 'keyctl audit verify',
      exitCode: exitCodes.state,
    });
  }
  const { vkey } = signer;
  const answer = await ctx.db.change(ctx.operationId, (db) => inKernel(db, changeOf(ctx), { vkey }));
  const { size, hash } = answer;
  const note = signCheckpoint({ size, hash: Buffer.from(hash, 'hex') }, databaseId, signer);
  return { ...answer, operationId: ctx.operationId, origin: originOf(databaseId), vkey, note };
}
