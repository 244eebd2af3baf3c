import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dailyBaselines } from '../../../src/domain/detect/daily-baselines.js';
import { addActivity, newHistory } from '../../../src/domain/detect/history.js';
import { makeBaseline } from '../../../src/domain/detect/make-baseline.js';
import { dayMs, hourMs, slotOf } from '../../../src/domain/detect/profile.js';
import { activity } from './activities.js';

/** A Monday. */
const start = Date.parse('2026-03-02T00:00:00Z');
const until = start + 28 * dayMs;

describe('a baseline', () => {
  it('knows the usual hours, hours without a request as none', () => {
    const history = newHistory('f');
    for (let day = 0; day < 28; day += 1)
      for (const hour of [9, 10])
        addActivity(history, activity(start + day * dayMs + hour * hourMs, 100 + day));
    const { profiles, ...baseline } = makeBaseline(history, until);
    const at9 = slotOf(start + 9 * hourMs);
    // Working days only: 20 of 28, the values 100 + day.
    const days = Array.from({ length: 28 }, (_, day) => day).filter((day) => day % 7 < 5);
    expect(profiles.requests.high[at9]).toBeCloseTo(100 + percentile(days, 0.95), 4);
    expect(profiles.requests.low[at9]).toBeCloseTo(100 + percentile(days, 0.05), 4);
    expect(profiles.requests.high[3]).toBe(0);
    expect(profiles.requests.expected[3]).toBe(0.5);
    expect(profiles.requests.max).toBe(127);
    expect(baseline).toMatchObject({ historyDays: 27, activeHours: 56, activeDays: 28, longestGapHours: 22 });
    expect(baseline.weekHours[9]).toBe(4);
    expect(baseline.weekHours[8]).toBe(0);
  });

  it('leaves hours with a finding out of what is usual', () => {
    const history = newHistory('f');
    for (let hour = 0; hour < 28 * 24; hour += 1)
      addActivity(history, activity(start + hour * hourMs, hour === 600 ? 5000 : 10));
    const found = start + 600 * hourMs;
    const leftOut = makeBaseline(history, until, { leftOut: new Set([found]) });
    expect(makeBaseline(history, until).profiles.requests.max).toBe(5000);
    expect(leftOut.profiles.requests.max).toBe(10);
    expect(leftOut.leftOutHours).toEqual([found]);
  });

  it('makes a value known by an answer, not by a refusal', () => {
    const history = newHistory('f');
    addActivity(history, activity(start, 5, { ip: '192.0.2.10' }));
    addActivity(history, activity(start, 5, { ip: '203.0.113.9', ok: 0, unauthorized: 5, firstOkAt: null }));
    const { ips, networks } = makeBaseline(history, start + hourMs);
    expect(Object.keys(ips)).toEqual(['192.0.2.10']);
    expect(Object.keys(networks)).toEqual(['192.0.2.0/24']);
  });

  it('counts the refusals of the worst ten minutes of an address', () => {
    const history = newHistory('f');
    const refused = { ok: 0, firstOkAt: null };
    addActivity(history, activity(start, 1));
    addActivity(history, activity(start + 300_000, 4, { ...refused, unauthorized: 4 }));
    addActivity(history, activity(start + 600_000, 3, { ...refused, forbidden: 3 }));
    addActivity(history, activity(start + 3 * hourMs, 6, { ...refused, unauthorized: 6 }));
    expect(makeBaseline(history, start + dayMs).ips['192.0.2.10']?.worstRefused).toBe(7);
  });

  it('keeps the newest thousand of the values that a client makes up, also one called __proto__', () => {
    const history = newHistory('f');
    for (let n = 0; n < 5000; n += 1)
      addActivity(history, activity(start + n * 300_000, 1, { agent: `made-up-${n}` }));
    addActivity(history, activity(start + 5000 * 300_000, 1, { agent: '__proto__' }));
    const { agents } = makeBaseline(history, until);
    expect(Object.keys(agents)).toHaveLength(1000);
    expect(Object.keys(agents)).toContain('made-up-4999');
    expect(Object.keys(agents)).toContain('__proto__');
    const again = JSON.parse(JSON.stringify(agents)) as object;
    expect(Object.keys(again)).toHaveLength(1000);
  });

  it('counts days on which something was new, but not the first', () => {
    const history = newHistory('f');
    for (let day = 0; day < 20; day += 1)
      for (let n = 0; n < 3; n += 1) {
        const ip = day < 10 ? '192.0.2.1' : `192.0.2.${10 + (day % 2) + n}`;
        addActivity(history, activity(start + day * dayMs + n * hourMs, 1, { ip }));
      }
    expect(makeBaseline(history, until).newDays).toMatchObject({ ips: 2, agents: 0 });
  });

  it('answers the same whatever comes after the midnight that it is asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 14 * 288 }), fc.integer({ min: 1, max: 50 })), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 13 }),
        (ticks, day) => {
          const midnight = start + day * dayMs;
          const all = ticks
            .map(([tick, requests]) =>
              activity(start + tick * 300_000, requests, { ip: `192.0.2.${tick % 40}` }),
            )
            .toSorted((a, b) => a.at - b.at);
          const alone = dailyBaselines('f');
          for (const each of all.filter(({ at }) => at < midnight)) alone.push(each);
          const beside = dailyBaselines('f');
          // Asked when the hour after midnight is over, as a walk does.
          for (const each of all.filter(({ at }) => at < midnight + hourMs)) beside.push(each);
          expect(beside.at(midnight)).toEqual(alone.at(midnight));
        },
      ),
    );
  });
});

function percentile(values: readonly number[], share: number): number {
  const at = (values.length - 1) * share;
  const [low, high] = [values[Math.floor(at)] ?? 0, values[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}
