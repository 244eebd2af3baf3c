import type { Activity, AddressWindow, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { evidenceOf } from './evidence.js';
import type { Candidate, DetectorFamily, Evidence, Severity } from './finding.js';
import { endOf, tally } from './tally.js';

interface About {
  readonly name: string;
  readonly family: DetectorFamily;
}

/** What a detector says; everything else of a candidate follows from the activity that it says it about. */
interface Statement {
  readonly severity: Severity;
  readonly weight: number;
  readonly bits: number | null;
  readonly cause: string;
  readonly observed: number;
  readonly expected: readonly [low: number | null, high: number | null];
  readonly keyId?: string | null;
  readonly ip?: string | null;
  readonly onsetAt?: number;
  readonly windowStart?: number;
  readonly windowEnd?: number;
  readonly detectableAt?: number;
  readonly summary: string;
  readonly factors?: Evidence['factors'];
  readonly suggests?: string;
  readonly query?: Candidate['query'];
}

/**
 * A candidate about a family's activity. Its window ends with the last request that was there to be judged, so that its query counts
 * the same when more came in after; without a statement about one key it is about the one that was used most.
 */
export function candidateOf(
  about: About,
  window: Window,
  baseline: Baseline | null,
  activity: readonly Activity[],
  said: Statement,
): Candidate {
  const keyId = said.keyId === undefined ? busiestKey(activity) : said.keyId;
  const history =
    baseline === null
      ? {}
      : { knownSince: baseline.since, knownUntil: baseline.until, suspects: baseline.suspects ?? [] };
  return {
    ...common(about, activity, said),
    familyId: window.subject.familyId,
    keyId,
    windowStart: said.windowStart ?? window.from,
    windowEnd: said.windowEnd ?? endOf(window.activity),
    evidence: evidenceOf(activity, baseline, said),
    query: { ...history, ...said.query },
  };
}

/** A candidate about an address and nobody's key, unless it says which. */
export function addressCandidateOf(
  about: About,
  window: AddressWindow,
  said: Statement & { readonly familyId?: string },
): Candidate {
  const all = [...window.activity, ...window.strays];
  const onsetAt = Math.min(...all.map((each) => each.firstAt));
  return {
    ...common(about, window.activity, { onsetAt, detectableAt: endOf(all) - 1, ...said }),
    familyId: said.familyId ?? null,
    keyId: said.keyId ?? null,
    ip: window.ip,
    windowStart: said.windowStart ?? window.from,
    windowEnd: said.windowEnd ?? endOf(all),
    evidence: evidenceOf(window.activity, null, said),
    query: said.query ?? {},
  };
}

function common(about: About, activity: readonly Activity[], said: Statement) {
  const { firstAt, lastAt } = tally(activity);
  return {
    detector: about.name,
    family: about.family,
    severity: said.severity,
    ip: said.ip ?? null,
    cause: said.cause,
    onsetAt: said.onsetAt ?? firstAt,
    detectableAt: said.detectableAt ?? lastAt,
    observed: said.observed,
    expectedLow: said.expected[0],
    expectedHigh: said.expected[1],
    bits: said.bits,
    weight: said.weight,
  };
}

function busiestKey(activity: readonly Activity[]): string | null {
  const requests = new Map<string, number>();
  for (const { keyId, requests: more } of activity) requests.set(keyId, (requests.get(keyId) ?? 0) + more);
  let busiest: string | null = null;
  for (const [keyId, count] of requests)
    if (busiest === null || count > (requests.get(busiest) ?? 0)) busiest = keyId;
  return busiest;
}
