import type { AddressWindow } from './activity.js';
import { addressCandidateOf } from './candidate.js';
import type { AddressDetector } from './detector.js';
import { counted, named } from './evidence.js';
import type { Candidate } from './finding.js';
import { reachedAt } from './tally.js';

const leastAttempts = 10;
const leastShare = 0.9;
/** One or two names that nobody has are a typing error in somebody's configuration. */
const leastNames = 3;
const weight = 0.1;

const about = {
  name: 'guessing',
  family: 'auth',
  summary: 'attempts with names that are no keys: an attack on nobody',
  rule: 'At least 10 attempts in an hour from one address with names that are no keys, at least 90 % refused; low for fewer than 3 names.',
  source: 'Auth0 and Snowflake: attempts on unknown users; kept apart from keys here',
  budgeted: false,
} as const;

/** A rule about an address, never about a key: nobody was compromised by it. */
export const guessing: AddressDetector = { ...about, span: 'address', detect };

function detect(window: AddressWindow): readonly Candidate[] {
  const attempts = window.strays.reduce((sum, each) => sum + each.requests, 0);
  const refused = attempts - window.strays.reduce((sum, each) => sum + each.ok, 0);
  if (attempts < leastAttempts || refused < leastShare * attempts) return [];
  const names = [...new Set(window.strays.map(({ presented }) => presented))];
  return [
    addressCandidateOf(about, window, {
      ...{ severity: names.length < leastNames ? 'low' : 'medium', weight, bits: null, cause: 'guessing' },
      ...{ observed: attempts, expected: [0, leastAttempts - 1] },
      onsetAt: Math.min(...window.strays.map(({ firstAt }) => firstAt)),
      detectableAt: reachedAt(window.strays, (each) => each.requests, leastAttempts) ?? window.until,
      summary: `${counted(attempts, 'attempt')} with ${counted(names.length, 'name')} that ${names.length === 1 ? 'is no key' : 'are no keys'}`,
      factors: [{ what: 'names', value: named(names), usual: null }],
      suggests: 'keyctl keys block-ip IP',
    }),
  ];
}
