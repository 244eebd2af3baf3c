import type { Activity, Window } from './activity.js';
import type { Baseline, SlotProfile } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Candidate, Severity } from './finding.js';
import { slotOf } from './profile.js';
import { reachedAt, tally } from './tally.js';

/** Before so much was seen of a family nobody knows what is usual. */
const leastHistoryDays = 7;
const leastActiveHours = 72;
/** A key that is used little needs no 72 hours, when it is known for so long. */
const sureHistoryDays = 14;
const allTimeFactor = 1.05;
const weight = 0.45;

/** One quantity of an hour, and what is special about judging it. */
interface Quantity {
  readonly metric: 'requests' | 'bytes' | 'cost_usd';
  readonly of: (activity: Activity) => number;
  readonly profileOf: (baseline: Baseline) => SlotProfile;
  /** An hour has at least so much, and so much more than expected. */
  readonly support: (baseline: Baseline) => number;
  /** -log10 of the chance of so much or more. */
  readonly bits: (value: number, mean: number, profile: SlotProfile, baseline: Baseline) => number;
  readonly shown: (value: number) => string;
}

interface About {
  readonly name: string;
  readonly family: 'volume';
}

/** An hour of one quantity against its slot (DETECTORS 3.1); part of an hour is held against the whole. */
export function volumeOf(
  about: About,
  quantity: Quantity,
  window: Window,
  baseline: Baseline | null,
): readonly Candidate[] {
  if (!hasHistory(baseline)) return [];
  const profile = quantity.profileOf(baseline);
  const slot = slotOf(window.from);
  const mean = (profile.expected[slot] ?? 0) * profile.trend;
  const value = window.activity.reduce((sum, each) => sum + quantity.of(each), 0);
  const support = quantity.support(baseline);
  if (value < support || value - mean < support || value <= (profile.high[slot] ?? 0)) return [];
  const record = value > allTimeFactor * profile.max;
  const bits = quantity.bits(value, mean, profile, baseline) + (record ? 1 : 0);
  const [low, high] = [profile.low[slot] ?? 0, profile.high[slot] ?? 0];
  const { shown } = quantity;
  return [
    candidateOf(about, window, baseline, window.activity, {
      ...{ severity: severityOf(value, { high, max: profile.max, record }), weight, bits },
      ...{ cause: quantity.metric, observed: Math.round(value * 1e6) / 1e6, expected: [low, high] },
      onsetAt: burstAt(window, quantity, high),
      detectableAt: reachedAt(window.activity, quantity.of, mean + support) ?? window.until,
      summary: `${shown(value)} in an hour, usually ${shown(low)} to ${shown(high)}`,
      factors: [
        { what: 'most in an hour', value: shown(value), usual: `${shown(profile.max)} in four weeks` },
      ],
      suggests: 'keyctl audit usage KEY --by ip',
      query: {
        ...{ metric: quantity.metric, slotHour: slot % 24, weekend: slot >= 24 },
        leftOut: baseline.leftOutHours.map((hour) => new Date(hour).toISOString()),
      },
    }),
  ];
}

/** Enough was seen to say what is usual in an hour. */
export function hasHistory(baseline: Baseline | null): baseline is Baseline {
  return (
    baseline !== null &&
    baseline.historyDays >= leastHistoryDays &&
    (baseline.activeHours >= leastActiveHours || baseline.historyDays >= sureHistoryDays)
  );
}

function severityOf(
  value: number,
  { high, max, record }: { readonly high: number; readonly max: number; readonly record: boolean },
): Severity {
  if (!record) return 'low';
  return value > 10 * Math.max(high, max) ? 'high' : 'medium';
}

/** When it began: the first five minutes that hold more than twice their part of a usual hour; else the first request. */
function burstAt(window: Window, { of }: Quantity, high: number): number {
  const ticks = new Map<number, { value: number; firstAt: number }>();
  for (const each of window.activity) {
    const tick = ticks.get(each.at) ?? { value: 0, firstAt: each.firstAt };
    tick.value += of(each);
    tick.firstAt = Math.min(tick.firstAt, each.firstAt);
    ticks.set(each.at, tick);
  }
  for (const { value, firstAt } of ticks.values()) if (value > (2 * high) / 12) return firstAt;
  return tally(window.activity).firstAt;
}
