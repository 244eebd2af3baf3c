import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, seconds, who } from './kernel.js';

/** The typed calls of the kernel about blocked addresses; see `kernel.ts`. */

export interface BlockAnswer extends ChangeAnswer {
  readonly outcome: 'blocked' | 'already_blocked';
  readonly cidr: string;
  readonly blocked_at: string;
  readonly blocked_until: string | null;
  readonly reason: string;
}

export function blockIp(
  db: Executor,
  change: Change,
  input: { cidr: string; reason: string; forSeconds: number | null },
): Promise<BlockAnswer> {
  return answer(
    db,
    sql`select keyctl.block_ip(${who(change)}, ${input.cidr}::inet, ${input.reason}, ${seconds(input.forSeconds)}) as answer`,
  );
}

export interface UnblockAnswer extends ChangeAnswer {
  readonly outcome: 'unblocked' | 'not_blocked';
  readonly cidr: string;
}

export function unblockIp(
  db: Executor,
  change: Change,
  input: { cidr: string; reason: string },
): Promise<UnblockAnswer> {
  return answer(
    db,
    sql`select keyctl.unblock_ip(${who(change)}, ${input.cidr}::inet, ${input.reason}) as answer`,
  );
}
