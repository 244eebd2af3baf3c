import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ago,
  formatClock,
  formatInstant,
  parseDeadline,
  parseFutureInstant,
  parseInstant,
} from '../../src/domain/instant.js';
import { usageErrorOf } from './usage-errors.js';

const now = new Date('2026-08-20T03:12:09.114Z');
const parsed = (text: string) => formatInstant(parseInstant('--since', text, now));

describe('parseInstant', () => {
  it.each([
    ['7d', '2026-08-13T03:12:09.114Z'],
    ['1h30m', '2026-08-20T01:42:09.114Z'],
    ['2026-08-20', '2026-08-20T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-08-20T03:12:09Z', '2026-08-20T03:12:09.000Z'],
    ['2026-08-20t03:12:09.5z', '2026-08-20T03:12:09.500Z'],
    ['2026-08-20T03:12:09.123456789Z', '2026-08-20T03:12:09.123Z'],
    ['2026-08-20 03:12:09.114+02:00', '2026-08-20T01:12:09.114Z'],
    ['2026-08-20T23:30:00-09:30', '2026-08-21T09:00:00.000Z'],
  ])('reads %s as %s', (text, instant) => {
    expect(parsed(text)).toBe(instant);
  });

  it.each([
    '2026-02-30',
    '2026-13-01',
    '2026-00-10',
    '2025-02-29',
    '26-08-20',
    '2026-8-20',
    '20.08.2026',
    '08/20/2026',
    '2026-08-20T03:12:09',
    '2026-08-20T24:00:00Z',
    '2026-08-20T03:60:00Z',
    '2026-08-20T23:59:60Z',
    '2026-08-20T03:12Z',
    '2026-08-20T03:12:09+25:00',
    '2026-08-20T03:12:09+0200',
    '2026-08-20T03:12:09.Z',
    '0099-01-01x',
    '1755659529',
    'yesterday',
    '',
    '10',
    '2026-08-20Z',
    ' 7d',
  ])('refuses %j', (text) => {
    usageErrorOf('--since', () => parseInstant('--since', text, now));
  });

  it('asks for the zone by name', () => {
    const error = usageErrorOf('--since', () => parseInstant('--since', '2026-08-20T03:12:09', now));
    expect(error.message).toContain('zone');
  });

  it('reads back what is formatted', () => {
    const dates = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (at) => {
        expect(parsed(formatInstant(at))).toBe(formatInstant(at));
      }),
    );
  });
});

describe('ends', () => {
  it('hand a span on as a span, for the database to count from', () => {
    expect(parseDeadline('--expires', '90d')).toEqual({ kind: 'after', seconds: 7_776_000 });
    expect(parseDeadline('--expires', '2027-01-31')).toEqual({
      kind: 'at',
      at: new Date('2027-01-31T00:00:00Z'),
    });
  });

  it('lie in the future', () => {
    expect(formatInstant(parseFutureInstant('--on', '1h', now))).toBe('2026-08-20T04:12:09.114Z');
    expect(formatInstant(parseFutureInstant('--on', '2026-08-21', now))).toBe('2026-08-21T00:00:00.000Z');
    for (const text of ['2026-08-20', '2026-08-20T03:12:09.114Z', '2020-01-01']) {
      usageErrorOf('--on', () => parseFutureInstant('--on', text, now));
    }
  });
});

it.each([
  [0, 'now'],
  [4_900, '4 s ago'],
  [11 * 60_000, '11 m ago'],
  [49 * 3_600_000, '2 d ago'],
  [-3 * 3_600_000, 'in 3 h'],
])('says %i ms before now as %s', (ms, text) => {
  expect(ago(new Date(now.getTime() - ms), now)).toBe(text);
  expect(formatClock(now)).toBe('03:12:09Z');
});
