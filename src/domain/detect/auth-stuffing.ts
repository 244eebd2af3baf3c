import type { AddressWindow } from './activity.js';
import { addressCandidateOf } from './candidate.js';
import type { AddressDetector } from './detector.js';
import type { Candidate } from './finding.js';
import { groupBy, tally } from './tally.js';

const leastKeys = 5;
const leastShare = 0.8;
const weight = 0.1;

const about = {
  name: 'stuffing',
  family: 'auth',
  summary: 'one address is refused with many keys',
  rule: 'At least 5 different keys refused in an hour, at least 80 % of what the address asked; keys that were just replaced do not count.',
  source: 'Auth0 and Snowflake credential stuffing; Panther brute force',
  budgeted: false,
} as const;

/** A rule about an address: one finding however many keys it tries. */
export const stuffing: AddressDetector = { ...about, span: 'address', detect };

function detect(window: AddressWindow): readonly Candidate[] {
  // Asked of every address every five minutes: those that were never refused are let go first.
  if (!window.activity.some((each) => each.unauthorized + each.forbidden > 0)) return [];
  const tried = window.activity.filter(({ keyId }) => window.keys.get(keyId)?.diedAs !== 'replaced');
  const refusedKeys = [...groupBy(tried, (each) => each.keyId)].flatMap(([keyId, activity]) => {
    const { unauthorized, forbidden } = tally(activity);
    return unauthorized + forbidden > 0 ? [keyId] : [];
  });
  const { requests, unauthorized, forbidden } = tally(tried);
  if (refusedKeys.length < leastKeys || unauthorized + forbidden < leastShare * requests) return [];
  return [
    addressCandidateOf(about, window, {
      ...{ severity: 'medium', weight, bits: null, cause: 'stuffing', windowStart: window.from },
      ...{ observed: refusedKeys.length, expected: [0, leastKeys - 1] },
      summary: `${window.ip} was refused ${unauthorized + forbidden} times with ${refusedKeys.length} keys`,
      factors: [{ what: 'keys tried', value: String(refusedKeys.length), usual: null }],
      suggests: 'keyctl keys block-ip IP',
      query: { keys: refusedKeys },
    }),
  ];
}
