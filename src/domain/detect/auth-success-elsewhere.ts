import type { AddressWindow } from './activity.js';
import { addressCandidateOf } from './candidate.js';
import type { AddressDetector } from './detector.js';
import type { Candidate } from './finding.js';
import { groupBy, tally } from './tally.js';

const leastNames = 5;
const leastRefusals = 10;
const weight = 0.95;

const about = {
  name: 'success_after_stuffing',
  family: 'auth',
  summary: 'an address that tried many names got in with one of them',
  rule: 'At least 10 refusals of at least 5 keys or names from one address in an hour, and then its first accepted request with a key.',
  source: 'Panther and Auth0 credential stuffing, "then success"',
  budgeted: false,
} as const;

/** A rule about the key that was found: one candidate a key, critical. */
export const successAfterStuffing: AddressDetector = { ...about, span: 'address', detect };

function detect(window: AddressWindow): readonly Candidate[] {
  if (window.strays.length === 0 && !window.activity.some((each) => each.unauthorized > 0)) return [];
  const byKey = groupBy(window.activity, (each) => each.keyId);
  const refusedKeys = [...byKey].filter(([, activity]) => tally(activity).unauthorized > 0);
  const names = new Set(window.strays.filter(({ ok }) => ok === 0).map(({ presented }) => presented));
  const refused =
    tally(window.activity).unauthorized +
    window.strays.reduce((sum, each) => sum + each.requests - each.ok, 0);
  if (refusedKeys.length + names.size < leastNames || refused < leastRefusals) return [];
  const begun = Math.min(
    ...window.strays.map((each) => each.firstAt),
    ...refusedKeys.map(([, activity]) => tally(activity.filter((each) => each.unauthorized > 0)).firstAt),
  );
  return [...byKey].flatMap(([keyId, activity]) => {
    const { firstOkAt } = tally(activity);
    const familyId = window.keys.get(keyId)?.familyId;
    const before = tally(window.before.filter((each) => each.keyId === keyId)).ok;
    if (firstOkAt === null || familyId === undefined || before > 0 || firstOkAt <= begun) return [];
    return addressCandidateOf(about, window, {
      ...{ severity: 'critical', weight, bits: null, cause: 'accepted after stuffing', familyId, keyId },
      // The key's loss began with the request that was let in; before it somebody knocked at many doors.
      ...{ observed: refused, expected: [0, leastRefusals - 1], onsetAt: firstOkAt, detectableAt: firstOkAt },
      summary: `${window.ip} tried ${refusedKeys.length + names.size} names and got in with this key`,
      factors: [{ what: 'address', value: window.ip, usual: null }],
      suggests: 'keyctl revoke KEY --code leaked',
    });
  });
}
