import { describe, expect, it } from 'vitest';
import { incidentWindow, windowSteps } from '../../src/domain/incident-window.js';

const at = (text: string) => new Date(`2026-11-${text}Z`);
const times = {
  began: [at('20T10:20:00'), at('20T09:05:00')],
  closedAt: null,
  lastAttemptAt: null,
  now: at('21T12:00:30'),
};
const nothing = { since: null, until: null };

describe('the time of an incident', () => {
  it('begins a day before its first sign, in whole hours, and goes on while it is open', () => {
    expect(incidentWindow(times, nothing)).toEqual({
      since: '2026-11-19T09:00:00.000Z',
      until: '2026-11-21T12:00:30.000Z',
    });
  });

  it('ends with the hour of its close, or of the last attempt after it, and never after now', () => {
    const until = (closed: string, attempt: string | null) =>
      incidentWindow(
        { ...times, closedAt: at(closed), lastAttemptAt: attempt === null ? null : at(attempt) },
        nothing,
      ).until;
    expect(until('20T15:10:00', null)).toBe('2026-11-20T16:00:00.000Z');
    expect(until('20T15:10:00', '20T14:00:00')).toBe('2026-11-20T16:00:00.000Z');
    expect(until('20T15:10:00', '20T17:00:00')).toBe('2026-11-20T18:00:00.000Z');
    expect(until('21T12:00:00', null)).toBe('2026-11-21T12:00:30.000Z');
  });

  it('is the bounds that were typed', () => {
    const given = { since: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z' };
    expect(incidentWindow(times, given)).toEqual(given);
  });
});

describe('its parts', () => {
  it.each([
    ['19T09:00:00', '19T12:00:00', 300, 36],
    ['19T09:07:00', '19T20:00:00', 900, 44],
    ['19T09:00:00', '21T12:00:30', 3600, 52],
    ['01T00:00:00', '18T00:00:00', 21_600, 68],
    ['01T00:00:00', '29T00:00:00', 86_400, 28],
  ])('from %s to %s are %i seconds each, %i of them', (since, until, seconds, count) => {
    const steps = windowSteps({ since: at(since).toISOString(), until: at(until).toISOString() });
    expect({ seconds: steps.seconds, count: steps.starts.length }).toEqual({ seconds, count });
    expect(steps.starts[0] ?? '').not.toBe('');
    expect((steps.starts[0] ?? '') <= at(since).toISOString()).toBe(true);
    expect((steps.starts.at(-1) ?? '') < at(until).toISOString()).toBe(true);
  });

  it('stay few, however long it is', () => {
    for (const until of ['2027-06-01T00:00:00Z', '2036-01-01T00:00:00Z']) {
      const { starts, seconds } = windowSteps({ since: '2026-01-01T00:00:00.000Z', until });
      expect(starts.length).toBeLessThanOrEqual(74);
      expect(seconds % 86_400).toBe(0);
    }
  });
});
