import type { Baseline } from './baseline.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { dayMs, hourMs } from './profile.js';

/** Families of whom less is known are not judged by most detectors, and say nothing about what scores are rare. */
const leastHistoryDays = 7;

/** Requests an hour from which a family belongs to the next stratum. */
const strataFrom = [0.5, 5, 50] as const;

/** The highest bits of one family on one day (UTC), by detector; a detector that said nothing scored 0. */
interface DayScores {
  readonly day: number;
  readonly stratum: number;
  readonly bits: ReadonlyMap<string, number>;
}

/** By day, days on which nobody was asked included: the family was judged by keeping silent. */
export type FamilyScores = readonly DayScores[];

/**
 * Keeps the highest score of each day. One a day and family, not one an hour: a finding is told once a day, so that this counts what
 * would have been told, and one long attack does not move the fleet's threshold.
 */
export function familyScores(plan: {
  readonly since: number;
  readonly scoresSince?: number;
  readonly until: number;
}) {
  const days = new Map<number, { stratum: number; bits: Map<string, number> }>();
  const begun = Math.floor((plan.scoresSince ?? plan.since) / dayMs);
  let day = begun;
  return {
    /** Answers how busy the family is. */
    see(at: number, baseline: Baseline | null): number {
      day = Math.max(begun, Math.floor(at / dayMs));
      const stratum = stratumOf(baseline);
      const judged = baseline !== null && baseline.historyDays >= leastHistoryDays;
      if (judged && !days.has(day)) days.set(day, { stratum, bits: new Map() });
      return stratum;
    },
    add({ name, budgeted }: Detector, { bits }: Candidate): void {
      const best = days.get(day)?.bits;
      if (budgeted && bits !== null && best !== undefined)
        best.set(name, Math.max(best.get(name) ?? 0, bits));
    },
    end(): FamilyScores {
      const scores: DayScores[] = [];
      let last = 0;
      const first = days.keys().next().value ?? Number.POSITIVE_INFINITY;
      for (let each = first; each * dayMs < plan.until; each += 1) {
        const known = days.get(each);
        last = known?.stratum ?? last;
        scores.push({ day: each, stratum: last, bits: known?.bits ?? new Map() });
      }
      return scores;
    },
  };
}

/** 0 to 3: fewer than .5, 5, 50 requests an hour, or more. */
function stratumOf(baseline: Baseline | null): number {
  if (baseline === null) return 0;
  const hours = Math.max(1, (baseline.until - baseline.since) / hourMs);
  const rate = baseline.requests / hours;
  const above = strataFrom.findIndex((from) => rate < from);
  return above === -1 ? strataFrom.length : above;
}
