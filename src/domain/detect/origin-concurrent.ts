import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { named } from './evidence.js';
import type { Candidate } from './finding.js';
import { networkOf } from './network.js';
import { isKnown } from './novelty.js';
import { elsewhere, fewHomes } from './origin-corroboration.js';
import { ipsOf, tally } from './tally.js';

const spanMs = 30 * 60_000;
const weight = 0.5;

const about = {
  name: 'concurrent_origins',
  family: 'origin',
  summary: 'used at home and elsewhere within half an hour',
  rule: 'Accepted requests within 30 minutes from the one known provider (without a prefix table: network) and from a new one (there: by a new program or to a new endpoint).',
  source: 'Elastic "access token used from multiple addresses"',
  budgeted: false,
} as const;

/** A rule: two homes at a time for a key that has one; who moved would have left the first. */
export const concurrentOrigins: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  const homes = fewHomes(window, baseline, 1);
  if (homes === null || baseline === null) return [];
  const recent = [...window.before, ...window.activity].filter(
    (each) => each.ok > 0 && each.at >= window.until - spanMs,
  );
  const home = recent.filter(({ ip }) => {
    const network = ip === null ? null : networkOf(ip);
    return network !== null && isKnown(baseline.networks, network);
  });
  const away = recent.filter((each) => elsewhere(each, window, baseline, homes) > 0);
  if (home.length === 0 || !away.some((each) => each.at >= window.from)) return [];
  const from = [...ipsOf(away)];
  const all = ipsOf([...home, ...away]);
  return [
    candidateOf(about, window, baseline, [...away, ...home], {
      ...{ severity: 'medium', weight, bits: null, cause: homes.level },
      ...{ observed: all.size, expected: [1, ipsOf(home).size], windowStart: window.until - spanMs },
      onsetAt: tally(away).firstAt,
      detectableAt: Math.max(tally(away).firstAt, tally(home).firstAt),
      summary: `used from ${named(from)} while it was in use at home`,
      factors: [{ what: homes.level, value: named(from), usual: named(homes.known) }],
      suggests: 'keyctl audit usage KEY --by ip',
      query: { ips: [...all], homeIps: [...ipsOf(home)] },
    }),
  ];
}
