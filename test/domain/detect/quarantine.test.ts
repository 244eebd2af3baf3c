import { describe, expect, it } from 'vitest';
import { type Activity, noKnowledge } from '../../../src/domain/detect/activity.js';
import { dailyBaselines } from '../../../src/domain/detect/daily-baselines.js';
import { detectors } from '../../../src/domain/detect/registry.js';
import { familyWalk } from '../../../src/domain/detect/walk.js';
import { dayMs, hourMs, key, midnight, now, use, workingDays } from './ordinary-use.js';

const thief = { ip: '192.0.2.7', agent: 'curl', endpoint: '/v1/export' };
const began = midnight(now) + 2 * hourMs;

/** On which days after it began the use from elsewhere was told. */
function toldOn(days: number, uses: readonly Activity[]): readonly number[] {
  const told = new Set<number>();
  const until = began + days * dayMs;
  const walk = familyWalk({
    ...{ subject: { familyId: key.familyId, keys: [key] }, since: midnight(now), until, detectors },
    knowledge: noKnowledge,
    take: ({ candidate }) => {
      if (candidate.detector === 'out_of_home') told.add(Math.floor((candidate.windowEnd - began) / dayMs));
    },
  });
  for (const each of [...workingDays(35 + days, until), ...uses].toSorted((a, b) => a.at - b.at))
    walk.push(each);
  walk.end();
  return [...told].toSorted((a, b) => a - b);
}

describe('whoever was named by a grave finding', () => {
  it('does not become usual by going on before a week is over', () => {
    const hourly = Array.from({ length: 10 * 24 }, (_none, n) => use(began + n * hourMs, thief));
    expect(toldOn(10, hourly)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('is left out of what is known, and counts in what is in use', () => {
    const baselines = dailyBaselines(key.familyId);
    for (const each of [...workingDays(20), use(now, thief)]) baselines.push(each);
    baselines.suspect([thief.ip], now);
    const baseline = baselines.at(now + dayMs);
    expect(Object.keys(baseline?.ips ?? {})).toEqual(['198.51.100.10']);
    expect(baseline?.suspects).toEqual([thief.ip]);
    expect(baseline?.activeHours).toBe(
      new Set([...workingDays(20), use(now)].map(({ at }) => Math.floor(at / hourMs))).size,
    );
  });
});
