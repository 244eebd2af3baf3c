import { sql } from 'drizzle-orm';
import { answer, type Change, type Executor, who } from './kernel.js';

/** The typed calls of the kernel that keep the rollups of usage and what follows from them; see `kernel.ts`. */

/** Queues the hours of what was filed since the last time; answers how many, null when another rollup is just doing it. */
export async function collectTouched(db: Executor): Promise<number | null> {
  const queued = await answer<string | null>(db, sql`select keyctl.collect_touched() as answer`);
  return queued === null ? null : Number(queued);
}

/**
 * Remakes queued hours until some so many events were dealt with; answers how many hours of keys: none means that nothing is
 * left that nobody else works on.
 */
export function rollUpHours(db: Executor, limit: number): Promise<number> {
  return answer(db, sql`select keyctl.roll_up_hours(${limit}::int) as answer`);
}

type Allowance = 'budget' | 'quota_requests' | 'quota_tokens';

/** A key that was suspended because its month's budget or quota is used up. */
export interface BudgetSuspension {
  readonly key_id: string;
  readonly name: string;
  readonly suspended_until: string;
  readonly reason: string;
}

/** Thresholds that a family's use of this month crossed for the first time. */
export interface BudgetAlert {
  readonly key_id: string;
  readonly family_id: string;
  readonly name: string;
  readonly percents: readonly number[];
  readonly kind: Allowance;
  readonly used: number;
  readonly allowed: number;
}

interface Enforcement {
  readonly suspended: readonly BudgetSuspension[];
  readonly alerts: readonly BudgetAlert[];
  /** Where to go on; null at the end. */
  readonly next: string | null;
}

/** @param after the family after which to look, in id order; empty: from the first */
export function enforceBudgets(
  db: Executor,
  change: Change,
  input: { after: string; limit: number },
): Promise<Enforcement> {
  return answer(
    db,
    sql`select keyctl.enforce_budgets(${who(change)}, ${input.after}, ${input.limit}::int) as answer`,
  );
}
