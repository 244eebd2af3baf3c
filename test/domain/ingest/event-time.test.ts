import { describe, expect, it } from 'vitest';
import { afterTomorrow, eventTimes } from '../../../src/domain/ingest/event-time.js';

const now = new Date('2026-11-21T09:30:00Z');
const timeOf = eventTimes(afterTomorrow(now));
const text = (value: unknown) => {
  const time = timeOf(value);
  return 'cause' in time ? time.cause : time.text;
};

describe('the time of an event', () => {
  it.each([
    ['2026-08-20T03:12:09Z', '2026-08-20T03:12:09Z', Date.UTC(2026, 7, 20, 3, 12, 9)],
    ['2026-08-20t03:12:09.5z', '2026-08-20T03:12:09.5Z', Date.UTC(2026, 7, 20, 3, 12, 9, 500)],
    [
      '2026-08-20 03:12:09,123456789+0200',
      '2026-08-20T03:12:09.123456+02:00',
      Date.UTC(2026, 7, 20, 1, 12, 9, 123),
    ],
    ['2026-08-20T03:12:09-05:30', '2026-08-20T03:12:09-05:30', Date.UTC(2026, 7, 20, 8, 42, 9)],
    ['2024-02-29T23:59:60Z', '2024-02-29T23:59:60Z', Date.UTC(2024, 2, 1)],
    [1722375070, '2024-07-30T21:31:10.000000Z', 1722375070000],
    [1722375070.25, '2024-07-30T21:31:10.250000Z', 1722375070250],
    ['1722375070123', '2024-07-30T21:31:10.123000Z', 1722375070123],
    [1722375070123456, '2024-07-30T21:31:10.123456Z', 1722375070123],
    ['1722375070123456789', '2024-07-30T21:31:10.123457Z', 1722375070123],
  ])('reads %j as the same moment', (given, stored, at) => {
    expect(timeOf(given)).toEqual({ text: stored, at });
  });

  it.each([
    ['1999-12-31T23:59:59.999Z', 'time_out_of_range'],
    ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00Z'],
    ['2000-01-01T00:30:00+01:00', 'time_out_of_range'],
    ['2026-11-22T23:59:59Z', '2026-11-22T23:59:59Z'],
    ['2026-11-23T00:00:00Z', 'time_out_of_range'],
    ['9999-12-31T23:59:59Z', 'time_out_of_range'],
    [0, 'time_out_of_range'],
    [-1e20, 'time_out_of_range'],
    [1e300, 'time_out_of_range'],
    ['2026-02-30T00:00:00Z', 'bad_time'],
    ['2025-02-29T00:00:00Z', 'bad_time'],
    ['2026-13-01T00:00:00Z', 'bad_time'],
    ['2026-08-20T24:00:00Z', 'bad_time'],
    ['2026-08-20T03:60:00Z', 'bad_time'],
    ['2026-08-20T03:12:09+23:00', 'bad_time'],
    ['2026-08-20T03:12:09', 'bad_time'],
    ['2026-08-20', 'bad_time'],
    ['yesterday', 'bad_time'],
    [`2026-08-20T03:12:09.${'1'.repeat(1_000_000)}Z`, 'bad_time'],
    [Number.NaN, 'bad_time'],
    [{}, 'bad_time'],
    [true, 'bad_time'],
    ['', 'no_time'],
    [null, 'no_time'],
    [undefined, 'no_time'],
  ])('answers %j with %s', (given, answer) => {
    expect(text(given)).toBe(answer);
  });
});
