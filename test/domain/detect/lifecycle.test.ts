import { describe, expect, it } from 'vitest';
import type { SubjectKey } from '../../../src/domain/detect/activity.js';
import { decoy } from '../../../src/domain/detect/lifecycle-decoy.js';
import { dormantWake } from '../../../src/domain/detect/lifecycle-dormant.js';
import { rate } from '../../../src/domain/detect/lifecycle-rate.js';
import { stale } from '../../../src/domain/detect/lifecycle-stale.js';
import { offHours } from '../../../src/domain/detect/time-off-hours.js';
import { baselineOf, dayMs, hourMs, key, midnight, now, use, windowOf, workingDays } from './ordinary-use.js';

const month = workingDays(30);
const usual = baselineOf(month);
const subjectOf = (parts: Partial<SubjectKey>) => ({ familyId: key.familyId, keys: [{ ...key, ...parts }] });

describe('off hours', () => {
  const at = (hour: number, baseline = usual, day = 0) =>
    offHours.detect(
      windowOf([use(midnight(now) + day * dayMs + hour * hourMs)], {
        from: midnight(now) + day * dayMs + hour * hourMs,
        until: midnight(now) + day * dayMs + hour * hourMs + 600_000,
      }),
      baseline,
    );

  it('are those that a key with a schedule never works in', () => {
    expect(at(2)).toMatchObject([{ severity: 'low', family: 'time', observed: 1, expectedHigh: 0 }]);
    expect(at(2)[0]?.evidence.factors[0]?.value).toBe('Wednesday 02:00 UTC');
    expect(at(11, usual, 3)[0]?.evidence.factors[0]?.value).toBe('Saturday 11:00 UTC');
  });

  it.each([[7], [8], [12], [17], [18]])('are none from an hour before it begins: %i', (hour) => {
    expect(at(hour)).toEqual([]);
  });

  it('are not asked of keys without a schedule, nor in the first two weeks', () => {
    const always = month.flatMap((each) => [each, use(each.at + 10 * hourMs), use(each.at + 15 * hourMs)]);
    expect(at(7, baselineOf(always))).toEqual([]);
    expect(at(2, baselineOf(workingDays(13)))).toEqual([]);
  });

  it('say nothing of refused requests', () => {
    const night = midnight(now) + 2 * hourMs;
    const window = { from: night, until: night + 600_000 };
    expect(offHours.detect(windowOf([use(night, { forbidden: 1 })], window), usual)).toEqual([]);
  });
});

describe('a decoy', () => {
  it.each([
    ['accepted', {}],
    ['refused', { unauthorized: 1 }],
    ['without an address', { ip: null }],
  ])('is critical with its first request, %s, without any history', (_name, parts) => {
    const window = windowOf([use(now, parts)], { subject: subjectOf({ decoy: true }) });
    expect(decoy.detect(window, null)).toMatchObject([
      { severity: 'critical', weight: 0.97, bits: null, onsetAt: now, detectableAt: now },
    ]);
  });

  it('is told by address, and other keys are none', () => {
    const uses = [use(now), use(now + 1000, { ip: '192.0.2.7' }), use(now + 2000)];
    expect(decoy.detect(windowOf(uses, { subject: subjectOf({ decoy: true }) }), null)).toMatchObject([
      { ip: '198.51.100.10', observed: 2 },
      { ip: '192.0.2.7', observed: 1 },
    ]);
    expect(decoy.detect(windowOf(uses), null)).toEqual([]);
  });
});

describe('a key that sleeps', () => {
  const asleep = (days: number) => baselineOf(workingDays(20, now - days * dayMs));
  const wakes = (days: number, ip = '198.51.100.10') =>
    dormantWake.detect(windowOf([use(now, { ip })]), asleep(days));

  it('is told when it wakes after 30 days, and is worse from a new network', () => {
    expect(wakes(31)).toMatchObject([{ severity: 'low', expectedHigh: 29 }]);
    expect(wakes(31, '192.0.2.7')).toMatchObject([{ severity: 'high' }]);
    expect(wakes(29)).toEqual([]);
    expect(dormantWake.detect(windowOf([use(now)]), null)).toEqual([]);
  });

  it('is no news when it slept as long before', () => {
    const quarterly = baselineOf([...workingDays(5, now - 80 * dayMs), ...workingDays(3, now - 40 * dayMs)]);
    expect(dormantWake.detect(windowOf([use(now)]), quarterly)).toEqual([]);
  });

  it('is stale after 7 days (info) and 30 (low), unless it rests so long now and then', () => {
    const asked = (days: number, parts: Partial<SubjectKey> = {}) =>
      stale.detect(subjectOf(parts), asleep(days), now);
    expect(asked(8)).toMatchObject([{ severity: 'info', cause: '7 days' }]);
    // The last request was at six in the evening before.
    expect(asked(31)).toMatchObject([{ severity: 'low', cause: '30 days', observed: 32 }]);
    expect(asked(5)).toEqual([]);
    expect(asked(31, { diedAt: now - dayMs, diedAs: 'revoked' })).toEqual([]);
    expect(asked(31, { decoy: true })).toEqual([]);
    const weekly = baselineOf([7, 14, 21, 28].map((days) => use(now - (days + 5) * dayMs)));
    expect(stale.detect(subjectOf({}), weekly, now)).toEqual([]);
    expect(stale.detect(subjectOf({}), null, now)).toEqual([]);
  });
});

describe('limits', () => {
  const asked = (requests: number, limited: number, parts: Partial<SubjectKey> = {}) =>
    rate.detect(
      windowOf([use(now, { requests, limited })], {
        from: now,
        until: now + hourMs,
        subject: subjectOf(parts),
      }),
      usual,
    );

  it.each([
    [20, 20, 1],
    [400, 20, 1],
    [401, 20, 0],
    [19, 19, 0],
  ])('of %i requests %i refused by the limit: %i findings', (requests, limited, findings) => {
    expect(asked(requests, limited)).toHaveLength(findings);
  });

  it('that are not kept are told, with the limit', () => {
    expect(asked(101, 0, { rph: 100 })).toMatchObject([{ observed: 101, expectedHigh: 100 }]);
    expect(asked(100, 0, { rph: 100 })).toEqual([]);
    expect(asked(101, 0)).toEqual([]);
  });
});
