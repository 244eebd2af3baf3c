import { describe, expect, it } from 'vitest';
import {
  copyLine,
  type EventPlan,
  eventsOf,
  keyIds,
  startOf,
  type UsageEvent,
} from '../../bench/generate.js';

const plan: EventPlan = {
  events: 60_000,
  keys: 200,
  weeks: 13,
  seed: 4,
  until: new Date('2025-06-30T07:00:00Z'),
};
const events = [...eventsOf(plan)];

function countBy<T>(of: readonly UsageEvent[], name: (event: UsageEvent) => T): Map<T, number> {
  const counts = new Map<T, number>();
  for (const event of of) counts.set(name(event), (counts.get(name(event)) ?? 0) + 1);
  return counts;
}

describe('the events that are measured on', () => {
  it('are as many as planned, in the order of time, within the weeks, each once, and the same each time', () => {
    expect(events).toHaveLength(plan.events);
    const times = events.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    expect([
      startOf(plan).toISOString() <= (times[0] ?? ''),
      (times.at(-1) ?? '') < plan.until.toISOString(),
    ]).toEqual([true, true]);
    expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(plan.events);
    expect([...eventsOf(plan)].map(copyLine).join('')).toBe(events.map(copyLine).join(''));
  });

  it("follow Zipf's law: the first key twice as often as the second, ten times as often as the tenth", () => {
    const counts = countBy(events, ({ keyId }) => keyId);
    const [first = '', second = '', ...others] = keyIds(plan.keys);
    const of = (id: string) => counts.get(id) ?? 0;
    expect(of(first) / of(second)).toBeCloseTo(2, 0);
    expect(of(first) / of(others[7] ?? '')).toBeGreaterThan(8);
    expect(of(first) / of(others[7] ?? '')).toBeLessThan(12);
  });

  it('are those of keys with habits: a few endpoints and addresses each, hours of their own, few refusals', () => {
    const [busiest = ''] = keyIds(1);
    const its = events.filter(({ keyId }) => keyId === busiest);
    const endpoints = countBy(its, ({ endpoint }) => endpoint).size;
    const addresses = countBy(its, ({ ip }) => ip).size;
    expect([endpoints >= 6 && endpoints <= 10, addresses >= 1 && addresses <= 3]).toEqual([true, true]);
    const hours = [...countBy(its, ({ at }) => at.slice(11, 13)).values()];
    expect(Math.max(...hours) / Math.min(...hours)).toBeGreaterThan(1.5);
    const failed = events.filter(({ status }) => status >= 400).length / plan.events;
    expect([failed > 0.01, failed < 0.02]).toEqual([true, true]);
    expect(countBy(events, ({ endpoint }) => endpoint).size).toBe(60);
  });
});
