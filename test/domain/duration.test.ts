import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  parseDuration,
  parseDurationOrZero,
  roughDuration,
  spellDuration,
} from '../../src/domain/duration.js';
import { usageErrorOf } from './usage-errors.js';

describe('parseDuration', () => {
  it.each([
    ['90d', 7_776_000],
    ['24h', 86_400],
    ['1h30m', 5400],
    ['15m', 900],
    ['30s', 30],
    ['2w', 1_209_600],
    ['1w2d3h4m5s', 788_645],
    ['90m', 5400],
  ])('reads %s as %i seconds', (text, seconds) => {
    expect(parseDuration('--grace', text)).toBe(seconds);
  });

  // F19: packages read the first as 10 ms, the second as a minute.
  it.each([
    '10',
    '1M',
    '1.5h',
    '1,5h',
    '1mo',
    '1y',
    '1ms',
    '30m1h',
    '1h1h',
    '',
    ' ',
    'h',
    '-1h',
    '+1h',
    '1 h',
    '1h ',
    '1H',
    '１h',
    '1e3s',
    '0x1h',
    'P1D',
    '40000d',
    '99999999999s',
    '0',
    '0s',
    '0h0m',
    'none',
    '1h\n',
  ])('refuses %j', (text) => {
    usageErrorOf('--grace', () => parseDuration('--grace', text));
  });

  it('accepts nothing where nothing is a choice', () => {
    for (const text of ['0', '0s', '0h']) expect(parseDurationOrZero('--grace', text)).toBe(0);
    usageErrorOf('--grace', () => parseDurationOrZero('--grace', '00'));
  });

  it('says what is wrong', () => {
    expect(usageErrorOf('--for', () => parseDuration('--for', '10')).message).toContain('no unit');
    expect(usageErrorOf('--for', () => parseDuration('--for', '1M')).message).toContain('months');
    expect(usageErrorOf('--for', () => parseDuration('--for', '1.5h')).message).toContain('1h30m');
  });

  it('reads back every duration that is spelled', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 36_525 * 86_400 }), (seconds) => {
        expect(parseDuration('--for', spellDuration(seconds))).toBe(seconds);
      }),
    );
    expect(parseDurationOrZero('--for', spellDuration(0))).toBe(0);
  });
});

it.each([
  [0, '0 s', '0 s'],
  [0.4, '0.4 s', '0 s'],
  [1.94, '1.9 s', '1 s'],
  [4, '4 s', '4 s'],
  [9.99, '10 s', '9 s'],
  [59.9, '59 s', '59 s'],
  [60, '1 m', '1 m'],
  [5400, '1 h 30 m', '1 h'],
  [86_400, '1 d', '1 d'],
  [86_400 + 1800, '1 d', '1 d'],
  [187_200, '2 d 4 h', '2 d'],
  [7_776_000, '90 d', '90 d'],
])('formats %d seconds as %s, roughly %s', (seconds, text, rough) => {
  expect(formatDuration(seconds)).toBe(text);
  expect(roughDuration(seconds)).toBe(rough);
});
