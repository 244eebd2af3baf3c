import type { Activity, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { isKnown } from './novelty.js';
import { groupBy, reachedAt, tally } from './tally.js';

const leastRefusals = 10;
/** Of what the same address managed in its worst ten minutes. */
const timesWorst = 5;
const weight = 0.5;

const about = {
  name: 'auth_burst',
  family: 'auth',
  summary: 'many refusals of a living key from one address within ten minutes',
  rule: 'At least 10 answers 401 (from an unknown address also 403) in ten minutes, and 5 times the worst ten minutes of that address before.',
  source: 'Panther brute force (20 in 60 min); Elastic "multiple failed attempts"',
  budgeted: false,
} as const;

/**
 * A rule: f >= 10 and f >= 5 f_max in ten minutes, f the refusals of one key's requests from one address. A 403 of an address that is
 * known is a matter of rights or of a suspension, no guessing.
 */
export const authBurst: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!window.activity.some((each) => each.unauthorized + each.forbidden > 0)) return [];
  const dead = new Set(
    window.subject.keys.flatMap(({ keyId, diedAt }) =>
      diedAt !== null && diedAt < window.until ? [keyId] : [],
    ),
  );
  const living = window.activity.filter((each) => !dead.has(each.keyId));
  return [...groupBy(living, (each) => each.ip)].flatMap(([ip, activity]) => {
    const known = baseline !== null && isKnown(baseline.ips, ip);
    const refusals = (each: Activity) => each.unauthorized + (known ? 0 : each.forbidden);
    const refused = activity.reduce((sum, each) => sum + refusals(each), 0);
    const worst = baseline?.ips[ip]?.worstRefused ?? 0;
    if (refused < Math.max(leastRefusals, timesWorst * worst)) return [];
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: known ? 'medium' : 'high', weight, bits: null, cause: ip, ip },
      ...{ observed: refused, expected: [0, worst] },
      onsetAt: tally(activity.filter((each) => refusals(each) > 0)).firstAt,
      detectableAt: reachedAt(activity, refusals, leastRefusals) ?? tally(activity).lastAt,
      summary: `${refused} refusals from ${ip} within ten minutes`,
      factors: [
        {
          what: 'refusals in ten minutes',
          value: String(refused),
          usual: known ? `${worst} at worst` : null,
        },
      ],
      suggests: known ? 'keyctl keys explain KEY' : 'keyctl keys block-ip IP',
      query: { forbiddenToo: !known, living: [...groupBy(activity, (each) => each.keyId).keys()] },
    });
  });
}
