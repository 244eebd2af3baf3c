import type { Activity, Window } from './activity.js';
import { type DeadUse, deadUses, isUnmigrated } from './auth-dead-keys.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted, named } from './evidence.js';
import type { Candidate } from './finding.js';
import { dayMs } from './profile.js';
import { ipsOf, tally } from './tally.js';

const refusedWeight = 0.3;
const acceptedWeight = 0.95;
/** Of what the same host was refused in its worst ten minutes. */
const timesWorst = 5;

const about = {
  name: 'dead_key_use',
  family: 'auth',
  summary: 'a revoked, replaced or expired key was used',
  rule: 'Refused: medium, a known host only until it was told. Accepted more than a minute after its end: critical, the gateway does not enforce.',
  source: 'GitGuardian and Unkey: use of a revoked key',
  budgeted: false,
} as const;

/** A rule about each dead key that somebody still has. */
export const deadKeyUse: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  return deadUses(window).flatMap((use) => {
    const accepted = use.now.filter((each) => each.ok > 0);
    if (accepted.length > 0) return acceptedUse(window, baseline, use, accepted);
    const refused = use.now.filter(
      (each) =>
        each.unauthorized + each.forbidden > 0 &&
        !isUnmigrated(each, use, window, baseline) &&
        !isOldHabit(each, use, baseline),
    );
    return refused.length > 0 ? refusedUse(window, baseline, use, refused) : [];
  });
}

/** A known host that nobody cleaned up and that was refused before: it was told when it began, and does not grow worse. */
function isOldHabit(each: Activity, { diedAt }: DeadUse, baseline: Baseline | null): boolean {
  if (baseline === null || each.ip === null || diedAt > baseline.until - dayMs) return false;
  const worst = baseline.ips[each.ip]?.worstRefused ?? 0;
  return worst > 0 && each.unauthorized + each.forbidden <= timesWorst * worst;
}

function acceptedUse(
  window: Window,
  baseline: Baseline | null,
  { key }: DeadUse,
  activity: readonly Activity[],
): Candidate {
  const { ok, firstOkAt, firstAt } = tally(activity);
  const ips = ipsOf(activity);
  return candidateOf(about, window, baseline, activity, {
    ...{ severity: 'critical', weight: acceptedWeight, bits: null, cause: `${key.keyId} accepted` },
    ...{ keyId: key.keyId, ip: onlyOne(ips), observed: ok, expected: [0, 0] },
    ...{ onsetAt: firstOkAt ?? firstAt, detectableAt: firstOkAt ?? firstAt, windowStart: firstAt },
    summary: `${counted(ok, 'request')} accepted with a key that is ${key.diedAs}: it is not enforced`,
    factors: [{ what: 'address', value: named([...ips]), usual: null }],
    suggests: 'keyctl keys explain KEY',
    query: { key: key.keyId, accepted: true },
  });
}

function refusedUse(
  window: Window,
  baseline: Baseline | null,
  { key }: DeadUse,
  activity: readonly Activity[],
): Candidate {
  const { unauthorized, forbidden, firstAt } = tally(activity);
  const ips = ipsOf(activity);
  return candidateOf(about, window, baseline, activity, {
    ...{ severity: 'medium', weight: refusedWeight, bits: null, cause: key.keyId, keyId: key.keyId },
    ...{ observed: unauthorized + forbidden, expected: [0, 0], detectableAt: firstAt, windowStart: firstAt },
    summary: `${counted(unauthorized + forbidden, 'attempt')} with a key that is ${key.diedAs}, all refused`,
    factors: [
      { what: 'address', value: named([...ips]), usual: null },
      ...(key.replacedBy === null ? [] : [{ what: 'replaced by', value: key.replacedBy, usual: null }]),
    ],
    suggests: 'keyctl audit usage KEY --by ip',
    query: { key: key.keyId, accepted: false, ips: [...ips] },
  });
}

function onlyOne(ips: ReadonlySet<string>): string | null {
  const [only] = ips;
  return ips.size === 1 && only !== undefined ? only : null;
}
