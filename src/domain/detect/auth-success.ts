import type { Activity, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { isKnown } from './novelty.js';
import { groupBy, tally } from './tally.js';

const leastRefusals = 10;
const weight = 0.95;

const about = {
  name: 'success_after_burst',
  family: 'auth',
  summary: 'accepted from an unknown address right after it was refused many times',
  rule: 'At least 10 answers 401 of the family from an address not known to it, then an accepted request, within 70 minutes.',
  source: 'Elastic "brute force then success"; Panther, Datadog likewise',
  budgeted: false,
} as const;

/** A rule: refusals and then success from one address. A known host whose secret was put right is none. */
export const successAfterBurst: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  const refusedAtAll = (each: Activity) => each.unauthorized > 0;
  if (!window.before.some(refusedAtAll) && !window.activity.some(refusedAtAll)) return [];
  const all = groupBy([...window.before, ...window.activity], (each) => each.ip);
  return [...groupBy(window.activity, (each) => each.ip)].flatMap(([ip, activity]) => {
    const firstOkAt = tally(activity).firstOkAt;
    const hour = all.get(ip) ?? activity;
    if (firstOkAt === null || (baseline !== null && isKnown(baseline.ips, ip))) return [];
    // Five minutes that hold both are taken to begin with the refusals: they are when their first request was none.
    const refusedFirst = hour.filter(
      (each) => each.unauthorized > 0 && each.firstAt < (each.firstOkAt ?? firstOkAt),
    );
    const refused = tally(refusedFirst).unauthorized;
    if (refused < leastRefusals || tally(hour).firstOkAt !== firstOkAt) return [];
    const { unauthorized, firstAt } = tally(hour);
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: 'critical', weight, bits: null, cause: 'accepted after refusals', ip },
      ...{ observed: unauthorized, expected: [0, leastRefusals - 1] },
      ...{ onsetAt: firstAt, windowStart: firstAt, detectableAt: firstOkAt },
      summary: `${unauthorized} refusals from ${ip}, then accepted`,
      factors: [{ what: 'address', value: ip, usual: null }],
      suggests: 'keyctl revoke KEY --code leaked',
    });
  });
}
