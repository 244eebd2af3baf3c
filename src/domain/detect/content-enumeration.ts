import type { Activity, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { named } from './evidence.js';
import type { Candidate } from './finding.js';
import { freshQuery, isKnown, isLearned, isPublicClient, isRarelyNew } from './novelty.js';
import { endpointsOf, groupBy, reachedAt, tally } from './tally.js';

const leastRequests = 20;
const leastEndpoints = 8;
const leastNew = 6;
const leastRefusedShare = 0.15;
/** For clients whose paths are always new (an id in each), the answers alone have to tell. */
const leastRefusedShareUnlearned = 0.4;
/** Of a public client one visitor must do more to stand out. */
const leastRequestsPublic = 60;
/** So many at once for a family that never asks new ones: whatever the answers. */
const surelyNew = 20;
const weight = 0.65;

const about = {
  name: 'enumeration',
  family: 'content',
  summary: 'somebody looks around: many endpoints, most of them new, many refused or not there',
  rule: 'In ten minutes from one address at least 20 requests, 8 endpoints, 6 of them new, 15 % answered 403 or 404 (40 % where new endpoints are usual); or 20 new ones for a family that rarely asks any.',
  source: 'Elastic "discovery API calls", S3 enumeration; OWASP API9',
  budgeted: false,
} as const;

/** A rule over ten minutes of one address. */
export const enumeration: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  const { least, leastShare, sure } = limitsOf(baseline);
  const isNew = (endpoint: string) => baseline === null || !isKnown(baseline.endpoints, endpoint);
  return [...groupBy(window.activity, (each) => each.ip)].flatMap(([ip, activity]) => {
    const { requests, forbidden, notFound } = tally(activity);
    if (requests < least) return [];
    const endpoints = endpointsOf(activity);
    const fresh = [...endpoints].filter(isNew);
    const share = (forbidden + notFound) / requests;
    if (endpoints.size < leastEndpoints || fresh.length < leastNew) return [];
    if (share < leastShare && fresh.length < sure) return [];
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: 'high', weight, bits: null, cause: 'enumeration', ip },
      ...{ observed: fresh.length, expected: [0, leastNew - 1] },
      onsetAt: beganAt(window, ip, baseline),
      detectableAt: reachedAt(activity, (each) => each.requests, least) ?? window.until,
      summary: `${ip} asked for ${endpoints.size} endpoints, ${fresh.length} of them new, ${Math.round(share * 100)} % refused or not there`,
      factors: [{ what: 'endpoints', value: named(fresh), usual: known(baseline) }],
      suggests: 'keyctl revoke KEY --code leaked',
      query: freshQuery(fresh, baseline),
    });
  });
}

function limitsOf(baseline: Baseline | null): { least: number; leastShare: number; sure: number } {
  const never = Number.POSITIVE_INFINITY;
  if (!isLearned(baseline)) return { least: leastRequests, leastShare: leastRefusedShare, sure: never };
  if (isPublicClient(baseline))
    return { least: leastRequestsPublic, leastShare: leastRefusedShareUnlearned, sure: never };
  return isRarelyNew(baseline, 'endpoints')
    ? { least: leastRequests, leastShare: leastRefusedShare, sure: surelyNew }
    : { least: leastRequests, leastShare: leastRefusedShareUnlearned, sure: never };
}

/** The first request of an address that was not known is where it began, if that is not an hour ago. */
function beganAt(window: Window, ip: string, baseline: Baseline | null): number {
  const own = (each: Activity) => each.ip === ip;
  if (baseline !== null && isKnown(baseline.ips, ip)) return tally(window.activity.filter(own)).firstAt;
  return tally([...window.before, ...window.activity].filter(own)).firstAt;
}

function known(baseline: Baseline | null): string | null {
  return baseline === null ? null : named(Object.keys(baseline.endpoints));
}
