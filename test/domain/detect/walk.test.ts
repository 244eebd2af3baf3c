import { describe, expect, it } from 'vitest';
import { type Activity, noKnowledge } from '../../../src/domain/detect/activity.js';
import { dayMs, hourMs } from '../../../src/domain/detect/profile.js';
import { volumeDrop } from '../../../src/domain/detect/volume-drop.js';
import { volumeRequests } from '../../../src/domain/detect/volume-requests.js';
import { familyWalk, type Scored } from '../../../src/domain/detect/walk.js';
import { activity, subject } from './activities.js';

const start = Date.parse('2026-03-02T00:00:00Z');
const day = (n: number) => start + n * dayMs;

/** Ten requests every five minutes, 120 an hour, but in the hours that are given others. */
function steady(days: number, others: Readonly<Record<number, number>> = {}): readonly Activity[] {
  return Array.from({ length: days * 288 }, (_, tick) => tick).flatMap((tick) => {
    const requests = others[Math.floor(tick / 12)] ?? 10;
    return requests === 0 ? [] : [activity(start + tick * 300_000 + 1000, requests)];
  });
}

function walked(all: readonly Activity[], span: { since: number; until: number }) {
  const taken: Scored[] = [];
  const detectors = [volumeRequests, volumeDrop];
  const walk = familyWalk({
    ...{ subject, detectors, knowledge: noKnowledge, ...span },
    take: (each) => taken.push(each),
  });
  for (const each of all) walk.push(each);
  return { taken, scores: walk.end() };
}

describe('a walk through a log', () => {
  it('says of a burst when it could be told, not when its hour was over', () => {
    const hour = 20 * 24 + 5;
    const { taken } = walked(steady(22, { [hour]: 300 }), { since: day(14), until: day(22) });
    expect(taken).toHaveLength(1);
    const [{ candidate, curve }] = taken as [Scored];
    expect(candidate).toMatchObject({ detector: 'volume_requests', observed: 3600, expectedHigh: 120 });
    expect(candidate.onsetAt).toBe(start + hour * hourMs + 1000);
    expect(candidate.windowStart).toBe(start + hour * hourMs);
    expect(candidate.bits).toBeGreaterThan(50);
    // Of 300 requests in five minutes the first are over what a whole hour expects.
    expect(curve[0]?.at).toBeLessThanOrEqual(start + hour * hourMs + 300_000);
    expect(curve.at(-1)?.bits).toBe(candidate.bits);
  });

  it('misses requests that always come, once, and nobody who rests at night', () => {
    const silent = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [20 * 24 + 8 + n, 0]));
    const { taken } = walked(steady(22, silent), { since: day(14), until: day(22) });
    expect(taken.map(({ candidate }) => [candidate.detector, candidate.onsetAt])).toEqual([
      ['volume_drop', day(20) + 8 * hourMs],
    ]);
    const nights = Object.fromEntries(
      Array.from({ length: 22 * 24 }, (_, hour) => hour).flatMap((hour) =>
        hour % 24 < 6 ? [[hour, 0]] : [],
      ),
    );
    expect(walked(steady(22, nights), { since: day(14), until: day(22) }).taken).toEqual([]);
  });

  it('ends with the hour that is running', () => {
    const hour = 20 * 24 + 5;
    const until = start + hour * hourMs + 20 * 60_000;
    const { taken } = walked(steady(21, { [hour]: 300 }), { since: day(20), until });
    expect(taken.map(({ candidate }) => candidate.observed)).toEqual([1200]);
  });

  it('sees nothing that comes later', () => {
    const all = steady(22, { [20 * 24]: 300, [21 * 24]: 900 });
    const span = { since: day(14), until: day(21) };
    const cut = all.filter(({ at }) => at < day(21));
    expect(walked(all, span)).toEqual(walked(cut, span));
  });

  it('scores each day once a week is known, quiet days too', () => {
    const { scores } = walked(steady(10, { [9 * 24]: 40 }), { since: start, until: day(10) });
    expect(scores.map((each) => (each.day * dayMs - start) / dayMs)).toEqual([7, 8, 9]);
    expect(scores[0]?.bits.size).toBe(0);
    expect(scores[2]?.bits.get('volume_requests')).toBeGreaterThan(3);
  });
});
