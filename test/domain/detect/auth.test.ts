import { describe, expect, it } from 'vitest';
import type { Activity, SubjectKey } from '../../../src/domain/detect/activity.js';
import { authBurst } from '../../../src/domain/detect/auth-burst.js';
import { deadKeyUse } from '../../../src/domain/detect/auth-dead-key-use.js';
import { guessing } from '../../../src/domain/detect/auth-guessing.js';
import { notMigrated } from '../../../src/domain/detect/auth-not-migrated.js';
import { stuffing } from '../../../src/domain/detect/auth-stuffing.js';
import { successAfterBurst } from '../../../src/domain/detect/auth-success.js';
import { successAfterStuffing } from '../../../src/domain/detect/auth-success-elsewhere.js';
import { storyOf } from '../../../src/domain/detect/onset.js';
import {
  addressWindow,
  baselineOf,
  dayMs,
  hourMs,
  key,
  minuteMs,
  now,
  stray,
  use,
  windowOf,
  workingDays,
} from './ordinary-use.js';

const usual = baselineOf(workingDays(30));
const stranger = '192.0.2.1';
const home = '198.51.100.10';

describe('a burst of refusals', () => {
  const burst = (parts: Partial<Activity>, baseline = usual) =>
    authBurst.detect(windowOf([use(now, parts)]), baseline);

  it.each([
    ['ten 401 from a stranger', { ip: stranger, requests: 10, unauthorized: 10 }, 'high'],
    ['ten 403 from a stranger', { ip: stranger, requests: 10, forbidden: 10 }, 'high'],
    ['ten 401 from a known host', { ip: home, requests: 10, unauthorized: 10 }, 'medium'],
  ])('is told for %s', (_name, parts, severity) => {
    expect(burst(parts)).toMatchObject([{ severity, observed: 10, expectedHigh: 0, ip: parts.ip }]);
  });

  it.each([
    ['nine refusals', { ip: stranger, requests: 9, unauthorized: 9 }],
    ['403 of a known host: a matter of rights, or a suspension', { ip: home, requests: 200, forbidden: 200 }],
    ['404 and 429', { ip: stranger, requests: 40, notFound: 20, limited: 20 }],
  ])('is not told for %s', (_name, parts) => {
    expect(burst(parts)).toEqual([]);
  });

  it('has to be five times what the host managed before', () => {
    const clumsy = baselineOf([...workingDays(30), use(now - 3 * dayMs, { requests: 4, unauthorized: 4 })]);
    expect(burst({ requests: 19, unauthorized: 19 }, clumsy)).toEqual([]);
    expect(burst({ requests: 20, unauthorized: 20 }, clumsy)).toMatchObject([{ expectedHigh: 4 }]);
  });

  it('is one story however many keys one address tries', () => {
    const [one] = burst({ ip: stranger, requests: 10, unauthorized: 10 });
    const other = one === undefined ? undefined : { ...one, familyId: 'key_two', keyId: 'key_two' };
    expect(one && storyOf(one)).toBe(other && storyOf(other));
  });
});

describe('success after refusals', () => {
  const refused = use(now - 20 * minuteMs, { ip: stranger, requests: 10, unauthorized: 10 });

  it('is critical for an unknown address', () => {
    const window = windowOf([refused, use(now, { ip: stranger })]);
    expect(successAfterBurst.detect(window, usual)).toMatchObject([
      { severity: 'critical', weight: 0.95, observed: 10, ip: stranger, onsetAt: refused.firstAt },
    ]);
  });

  it.each([
    ['a known host whose secret was mended', [{ ...refused, ip: home }, use(now)]],
    ['nine refusals', [{ ...refused, requests: 9, unauthorized: 9 }, use(now, { ip: stranger })]],
    [
      'success before the refusals',
      [use(now - 30 * minuteMs, { ip: stranger }), refused, use(now, { ip: stranger })],
    ],
    ['refusals alone', [use(now, { ip: stranger, requests: 30, unauthorized: 30 })]],
  ])('is not told for %s', (_name, uses) => {
    expect(successAfterBurst.detect(windowOf(uses), usual)).toEqual([]);
  });
});

describe('a key that is dead', () => {
  const diedAt = now - 2 * hourMs;
  const dead: SubjectKey = { ...key, diedAt, diedAs: 'replaced', replacedBy: 'key_next' };
  const subject = { familyId: key.familyId, keys: [dead, { ...key, keyId: 'key_next', version: 2 }] };
  const refusals = (ip: string, at = now) => use(at, { ip, requests: 3, unauthorized: 3 });

  it('is used by a client that was not migrated, when a known host is refused within a day: no attack', () => {
    const window = windowOf([refusals(home)], { subject });
    expect(notMigrated.detect(window, usual)).toMatchObject([
      { severity: 'medium', ip: home, keyId: 'key_one' },
    ]);
    expect(notMigrated.detect(window, usual)[0]?.evidence.summary).toContain(`client not migrated: ${home}`);
    expect(deadKeyUse.detect(window, usual)).toEqual([]);
    expect(
      authBurst.detect(windowOf([use(now, { requests: 50, unauthorized: 50 })], { subject }), usual),
    ).toEqual([]);
  });

  it.each([
    ['a stranger', stranger, dead],
    ['a known host more than a day later', home, { ...dead, diedAt: now - dayMs - hourMs }],
    ['a known host with a key that was revoked', home, { ...dead, diedAs: 'revoked' as const }],
  ])('is used by somebody who should not have it: %s', (_name, ip, oldKey) => {
    const window = windowOf([refusals(ip)], { subject: { ...subject, keys: [oldKey] } });
    expect(notMigrated.detect(window, usual)).toEqual([]);
    expect(deadKeyUse.detect(window, usual)).toMatchObject([{ severity: 'medium', observed: 3 }]);
  });

  it('is not enforced when it is accepted', () => {
    expect(deadKeyUse.detect(windowOf([use(now)], { subject }), usual)).toMatchObject([
      { severity: 'critical', observed: 1 },
    ]);
  });

  it.each([
    ['before its end', use(diedAt - minuteMs)],
    ['within the minute by which clocks differ', use(diedAt + minuteMs / 2)],
  ])('says nothing of what was accepted %s', (_name, each) => {
    const window = windowOf([each], { subject, from: diedAt - hourMs, until: now });
    expect(deadKeyUse.detect(window, usual)).toEqual([]);
  });

  it('is told once of a host that goes on for weeks, and again when it grows worse', () => {
    const old = { ...dead, diedAt: now - 5 * dayMs, diedAs: 'revoked' as const };
    const goesOn = baselineOf([...workingDays(30), refusals(home, now - 2 * dayMs)]);
    const asked = (requests: number) =>
      deadKeyUse.detect(
        windowOf([use(now, { requests, unauthorized: requests })], { subject: { ...subject, keys: [old] } }),
        goesOn,
      );
    expect(asked(3)).toEqual([]);
    expect(asked(16)).toMatchObject([{ severity: 'medium' }]);
  });
});

describe('an address that tries many', () => {
  const keys = Array.from(
    { length: 6 },
    (_none, n): SubjectKey => ({ ...key, keyId: `key_${n}`, familyId: `key_${n}` }),
  );
  const tried = (count: number, parts: Partial<Activity> = {}) =>
    keys
      .slice(0, count)
      .map(({ keyId }) => use(now, { keyId, ip: stranger, requests: 2, unauthorized: 2, ...parts }));

  it('stuffs credentials with five keys, not with four', () => {
    expect(stuffing.detect(addressWindow(tried(5), [], keys))).toMatchObject([
      { observed: 5, expectedHigh: 4, ip: '192.0.2.1', familyId: null, keyId: null },
    ]);
    expect(stuffing.detect(addressWindow(tried(4), [], keys))).toEqual([]);
  });

  it.each([
    ['a gateway of a whole company, where most is accepted', tried(6, { requests: 12 })],
    ['accepted keys', tried(6, { unauthorized: 0 })],
  ])('does not stuff: %s', (_name, uses) => {
    expect(stuffing.detect(addressWindow(uses, [], keys))).toEqual([]);
  });

  it('does not stuff with keys that were just replaced', () => {
    const replaced = keys.map((each) => ({ ...each, diedAt: now - hourMs, diedAs: 'replaced' as const }));
    expect(stuffing.detect(addressWindow(tried(6), [], replaced))).toEqual([]);
  });

  it('guesses names that are no keys: an attack on nobody', () => {
    const names = Array.from({ length: 10 }, (_none, n) => stray(now + n, `guess-${n}`));
    expect(guessing.detect(addressWindow([], names))).toMatchObject([
      { severity: 'medium', familyId: null, keyId: null, observed: 10, onsetAt: now, detectableAt: now + 9 },
    ]);
    expect(guessing.detect(addressWindow([], names.slice(1)))).toEqual([]);
    expect(guessing.detect(addressWindow([], [stray(now, 'typo', 50)]))).toMatchObject([{ severity: 'low' }]);
  });

  it('is critical for the key with which it got in', () => {
    const names = Array.from({ length: 10 }, (_none, n) => stray(now + n, `guess-${n}`));
    const later = use(now + 20 * minuteMs, { keyId: 'key_5', ip: stranger });
    expect(successAfterStuffing.detect(addressWindow([later], names, keys))).toMatchObject([
      { severity: 'critical', familyId: 'key_5', keyId: 'key_5', observed: 10 },
    ]);
    const before = use(now, { keyId: 'key_5', ip: stranger, firstOkAt: now - 1 });
    expect(successAfterStuffing.detect(addressWindow([before], names, keys))).toEqual([]);
    expect(successAfterStuffing.detect(addressWindow([later], names.slice(6), keys))).toEqual([]);
  });
});
