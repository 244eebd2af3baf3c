import type { Activity, SubjectKey, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted } from './evidence.js';
import type { Candidate } from './finding.js';
import { groupBy, reachedAt, tally } from './tally.js';

const leastLimited = 20;
const leastLimitedShare = 0.05;
const weight = 0.25;

const about = {
  name: 'rate',
  family: 'lifecycle',
  summary: 'a key runs against its limits, or past them',
  rule: 'In an hour at least 20 answers 429 and 5 % of its requests; or more accepted requests than its limit an hour.',
  source: 'Cloudflare volumetric abuse; runbooks of rate-limit violations',
  budgeted: false,
} as const;

/** A rule about one key and hour: refused by the limit, or the limit is not enforced. */
export const rate: Detector = { ...about, span: 'hour', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  // Nothing of what its keys were refused together is too much, and none has a limit of its own: of one key likewise.
  if (tally(window.activity).limited < leastLimited && window.subject.keys.every(({ rph }) => rph === null))
    return [];
  const keys = new Map(window.subject.keys.map((key) => [key.keyId, key]));
  return [...groupBy(window.activity, ({ keyId }) => keyId)].flatMap(([keyId, activity]) => {
    const key = keys.get(keyId);
    return [
      ...limitedOf(window, baseline, keyId, activity),
      ...(key?.rph == null ? [] : pastLimit(window, baseline, key, key.rph, activity)),
    ];
  });
}

function limitedOf(
  window: Window,
  baseline: Baseline | null,
  keyId: string,
  activity: readonly Activity[],
): readonly Candidate[] {
  const { limited, requests } = tally(activity);
  if (limited < leastLimited || limited < leastLimitedShare * requests) return [];
  return [
    candidateOf(about, window, baseline, activity, {
      ...{ severity: 'medium', weight, bits: null, cause: `${keyId} limited`, keyId },
      ...{ observed: limited, expected: [0, leastLimited - 1] },
      detectableAt: reachedAt(activity, (each) => each.limited, leastLimited) ?? window.until,
      summary: `${counted(limited, 'request')} of ${requests} refused by the rate limit`,
      suggests: 'keyctl audit limits KEY',
      query: { key: keyId, status: 429 },
    }),
  ];
}

function pastLimit(
  window: Window,
  baseline: Baseline | null,
  { keyId }: SubjectKey,
  rph: number,
  activity: readonly Activity[],
): readonly Candidate[] {
  const { ok } = tally(activity);
  if (ok <= rph) return [];
  return [
    candidateOf(about, window, baseline, activity, {
      ...{ severity: 'medium', weight, bits: null, cause: `${keyId} past its limit`, keyId },
      ...{ observed: ok, expected: [0, rph] },
      detectableAt: reachedAt(activity, (each) => each.ok, rph + 1) ?? window.until,
      summary: `${counted(ok, 'request')} accepted in an hour, the limit is ${rph}`,
      suggests: 'keyctl audit limits KEY',
      query: { key: keyId, status: null },
    }),
  ];
}
