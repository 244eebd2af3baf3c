import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, who } from './kernel.js';

/** The typed call of the kernel that notes a checkpoint in the log; see `kernel.ts`. */

export interface CheckpointAnswer extends ChangeAnswer {
  /** `unchanged`: the last row of the log is such a note by the same key. */
  readonly outcome: 'checkpointed' | 'unchanged';
  /** The head to be signed. */
  readonly size: number;
  readonly hash: string;
}

/** @param input.vkey the public key that is going to sign */
export function checkpointAudit(
  db: Executor,
  change: Change,
  input: { vkey: string },
): Promise<CheckpointAnswer> {
  return answer(db, sql`select keyctl.checkpoint_audit(${who(change)}, ${input.vkey}) as answer`);
}
