import type { Window } from './activity.js';
import { deadUses, isUnmigrated } from './auth-dead-keys.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted } from './evidence.js';
import type { Candidate } from './finding.js';
import { groupBy, tally } from './tally.js';

/** One or two are requests that were under way when the grace ended. */
const leastRefusals = 3;
const weight = 0.2;

const about = {
  name: 'not_migrated',
  family: 'auth',
  summary: 'client not migrated: a known host still uses the key that was replaced',
  rule: 'At least 3 refusals within 70 minutes of a replaced key, at most 24 hours after its end, from an address known to the family. Not an attack.',
  source: 'rotation runbooks: 401 of the old key after a rotation',
  budgeted: false,
} as const;

/** A rule that names the host: its configuration is to be mended, nothing is to be revoked. */
export const notMigrated: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  return deadUses(window).flatMap((use) => {
    const late = use.all.filter((each) => isUnmigrated(each, use, window, baseline));
    return [...groupBy(late, (each) => each.ip)].flatMap(([ip, activity]) => {
      const { unauthorized, forbidden, firstAt } = tally(activity);
      const refused = unauthorized + forbidden;
      if (refused < leastRefusals || !activity.some((each) => each.at >= window.from)) return [];
      return candidateOf(about, window, baseline, activity, {
        ...{ severity: 'medium', weight, bits: null, cause: use.key.keyId, keyId: use.key.keyId, ip },
        ...{ observed: refused, expected: [0, 0], windowStart: firstAt },
        summary: `client not migrated: ${ip} still uses version ${use.key.version}, ${counted(refused, 'refusal')}`,
        factors: [{ what: 'host', value: ip, usual: 'known to this key; no attack' }],
        suggests: 'keyctl rotate status KEY',
        query: { key: use.key.keyId },
      });
    });
  });
}
