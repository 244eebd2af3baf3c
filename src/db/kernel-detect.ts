import { sql } from 'drizzle-orm';
import { type Baseline, baselineForm } from '../domain/detect/baseline.js';
import type { ScoreBin } from '../domain/detect/fleet-scores.js';
import { dayMs } from '../domain/detect/profile.js';
import { answer, type Executor, json } from './kernel.js';

/** The typed calls of the kernel that keep what detectors compare with; see `kernel.ts`. No audit row: all of it can be computed again. */

/** Stores what is usual for these families, unless something newer stands there; answers how many were stored. */
export function storeBaselines(db: Executor, baselines: readonly Baseline[]): Promise<number> {
  const rows = baselines.map((baseline) => ({
    family_id: baseline.familyId,
    since: isoOf(baseline.since),
    until: isoOf(baseline.until),
    form: baselineForm,
    last_at: baseline.lastAt === null ? null : isoOf(baseline.lastAt),
    expected_requests: baseline.profiles.requests.expected.map(
      (each) => each * baseline.profiles.requests.trend,
    ),
    // A log may hold what PostgreSQL's JSON cannot: U+0000 was refused when the event was filed, lone halves of pairs were not.
    facts: baseline,
  }));
  return answer(db, sql`select keyctl.store_baselines(${json(rows)}) as answer`);
}

/**
 * Adds what the fleet scored, and notes that the baselines reach until then; false: somebody else did it first.
 * @param until milliseconds since 1970
 */
export function storeScores(db: Executor, bins: readonly ScoreBin[], until: number): Promise<boolean> {
  const rows = bins.map(({ day, detector, stratum, tenthBits, families }) => ({
    ...{ day: isoOf(day * dayMs).slice(0, 10), detector, stratum, tenth_bits: tenthBits, families },
  }));
  return answer(db, sql`select keyctl.store_scores(${json(rows)}, ${isoOf(until)}::timestamptz) as answer`);
}

function isoOf(moment: number): string {
  return new Date(moment).toISOString();
}
