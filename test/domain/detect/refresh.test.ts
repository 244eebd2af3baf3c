import { describe, expect, it } from 'vitest';
import type { Activity } from '../../../src/domain/detect/activity.js';
import type { Baseline } from '../../../src/domain/detect/baseline.js';
import { addToHours, type HourTotals } from '../../../src/domain/detect/history.js';
import { dayMs, hourMs } from '../../../src/domain/detect/profile.js';
import { refresh } from '../../../src/domain/detect/refresh.js';
import { detectors } from '../../../src/domain/detect/registry.js';
import { dice } from '../../support/seed-events.js';
import { activity, subject } from './activities.js';

const start = Date.parse('2026-03-02T00:00:00Z');
const day = (n: number) => start + n * dayMs;

function log(days: number): readonly Activity[] {
  const roll = dice(days);
  return Array.from({ length: days * 24 }, (_, hour) =>
    activity(start + hour * hourMs + 300_000 * roll(12), 5 + roll(20), {
      ...{ ip: `192.0.2.${roll(3 + Math.floor(hour / 100))}`, objects: roll(30) },
      ...(roll(9) === 0 ? { ok: 0, firstOkAt: null, unauthorized: 5 } : {}),
    }),
  );
}

/** As the nightly run reads it: hours of 90 days, activity since the old baseline and a day before it. */
function made(old: Baseline | null, all: readonly Activity[], until: number) {
  const run = refresh(subject, old, { until, detectors });
  const hours = new Map<number, HourTotals>();
  for (const each of all) if (each.at < until) addToHours(hours, each);
  run.hours([...hours.values()].map((each) => ({ ...each, objects: 0 })));
  const from = old === null ? until - 28 * dayMs : old.until - dayMs;
  for (const each of all) if (each.at >= from && each.at < until) run.push(each);
  return run.end(new Set());
}

describe('a baseline that goes on from the one before', () => {
  it('is the one that all of the log would have made', () => {
    const all = log(20);
    const whole = made(null, all, day(20)).baseline;
    const steps = [8, 9, 13, 20].reduce<Baseline | null>((old, n) => made(old, all, day(n)).baseline, null);
    expect(steps).toEqual(whole);
  });

  it('takes up addresses of events that came in late', () => {
    const all = log(10);
    const old = made(null, all, day(9)).baseline;
    const late = activity(day(8) + 5 * hourMs, 3, { ip: '198.51.100.4' });
    const sorted = [...all, late].toSorted((a, b) => a.at - b.at);
    const { baseline } = made(old, sorted, day(10));
    expect(baseline.ips['198.51.100.4']).toMatchObject({ firstAt: late.firstAt, requests: 3 });
  });

  it('scores what happened since the old one against the old one', () => {
    const all = [...log(20), activity(day(19) + 1000, 5000)].toSorted((a, b) => a.at - b.at);
    const old = made(null, all, day(19)).baseline;
    const { scores } = made(old, all, day(20));
    expect(scores.map((each) => each.day)).toEqual([day(19) / dayMs]);
    expect(scores[0]?.bits.get('volume_requests')).toBeGreaterThan(20);
    const first = made(null, all, day(20)).scores;
    expect(first.map((each) => each.day * dayMs)).toEqual(Array.from({ length: 7 }, (_, n) => day(13 + n)));
  });
});
