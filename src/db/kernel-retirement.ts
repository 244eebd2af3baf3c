import { sql } from 'drizzle-orm';
import type { RetirementPhase } from '../domain/retirement.js';
import { answer, type Change, type ChangeAnswer, type Executor, who } from './kernel.js';

/** The typed calls of the kernel about planned retirements; see `kernel.ts`. */

export interface RetirementAnswer extends ChangeAnswer {
  readonly outcome: 'planned' | 'moved' | 'already_planned' | 'cancelled' | 'not_planned';
  readonly key_id: string;
  readonly retire_on: string | null;
  /** Of now; null without a plan. */
  readonly phase: RetirementPhase | null;
  readonly retire_on_before: string | null;
  /** A key may expire before its retirement comes. */
  readonly expires_at: string | null;
}

export function planRetirement(
  db: Executor,
  change: Change,
  input: { keyId: string; on: string; reason: string },
): Promise<RetirementAnswer> {
  return answer(
    db,
    sql`select keyctl.plan_retirement(${who(change)}, ${input.keyId}, ${input.on}::timestamptz, ${input.reason}) as answer`,
  );
}

export function cancelRetirement(
  db: Executor,
  change: Change,
  input: { keyId: string; reason: string },
): Promise<RetirementAnswer> {
  return answer(
    db,
    sql`select keyctl.cancel_retirement(${who(change)}, ${input.keyId}, ${input.reason}) as answer`,
  );
}
