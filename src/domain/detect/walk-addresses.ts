import type { Activity, AddressWindow, StrayActivity, SubjectKey } from './activity.js';
import type { AddressDetector } from './detector.js';
import { onsets } from './onset.js';
import { hourMs } from './profile.js';
import { type Scored, tickMs } from './walk.js';

export interface AddressWalkPlan {
  /** The span that is judged; what is pushed from the two hours before it comes before. */
  readonly since: number;
  readonly until: number;
  readonly detectors: readonly AddressDetector[];
  readonly keys: ReadonlyMap<string, SubjectKey>;
  readonly take: (scored: Scored) => void;
}

export interface AddressWalk {
  /** What happened next, over all keys and over names that are no keys, in the order of time. */
  push(activity: readonly Activity[], strays: readonly StrayActivity[]): void;
  end(): void;
}

/** What one address did in the last two hours. */
interface Doings {
  activity: Activity[];
  strays: StrayActivity[];
}

/**
 * Goes through the log address by address as if it were happening: every five minutes each address that did something in them is judged
 * by its last hour. Holds two hours of the log.
 */
export function addressWalk(plan: AddressWalkPlan): AddressWalk {
  const recent = new Map<string, Doings>();
  const busy = new Set<string>();
  const isNews = onsets(({ detector, familyId, ip }) => JSON.stringify([detector, familyId, ip]), 1);
  let next = Number.NaN;

  const judge = (ip: string, until: number): void => {
    const window = windowOf(ip, recent.get(ip), { until, keys: plan.keys });
    for (const detector of plan.detectors)
      for (const candidate of detector.detect(window))
        if (isNews(candidate, until)) {
          const at = Math.min(until, Math.max(candidate.detectableAt, until - tickMs));
          plan.take({ candidate, stratum: 0, curve: [{ at, bits: candidate.bits }] });
        }
  };
  /** The five minutes until `next` are over; the following begin with `at`. */
  const turn = (at: number): void => {
    if (next > plan.since) for (const ip of busy) judge(ip, Math.min(next, plan.until));
    busy.clear();
    for (const [ip, doings] of recent) {
      doings.activity = doings.activity.filter((each) => each.at >= at - 2 * hourMs);
      doings.strays = doings.strays.filter((each) => each.at >= at - 2 * hourMs);
      if (doings.activity.length + doings.strays.length === 0) recent.delete(ip);
    }
    next = at + tickMs;
  };
  const doingsOf = (ip: string, at: number): Doings => {
    if (!(at < next)) turn(at);
    busy.add(ip);
    const doings = recent.get(ip) ?? { activity: [], strays: [] };
    recent.set(ip, doings);
    return doings;
  };
  return {
    push(activity, strays) {
      for (const each of merged(activity, strays)) {
        const { ip, at } = each;
        if (ip === null || at >= plan.until) continue;
        if ('presented' in each) doingsOf(ip, at).strays.push(each);
        else doingsOf(ip, at).activity.push(each);
      }
    },
    end: () => turn(plan.until),
  };
}

function merged(activity: readonly Activity[], strays: readonly StrayActivity[]) {
  return strays.length === 0 ? activity : [...activity, ...strays].toSorted((a, b) => a.at - b.at);
}

function windowOf(
  ip: string,
  doings: Doings | undefined,
  { until, keys }: { readonly until: number; readonly keys: AddressWindow['keys'] },
): AddressWindow {
  const from = until - hourMs;
  const activity = doings?.activity ?? [];
  return {
    ...{ ip, from, until, keys },
    activity: activity.filter(({ at }) => at >= from && at < until),
    before: activity.filter(({ at }) => at >= from - hourMs && at < from),
    strays: (doings?.strays ?? []).filter(({ at }) => at >= from && at < until),
  };
}
