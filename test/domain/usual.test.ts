import { describe, expect, it } from 'vitest';
import { farAboveFrom, usual } from '../../src/domain/usual.js';

const times = (count: number, value: number) => new Array<number>(count).fill(value);

describe('what is usual', () => {
  it('says nothing of fewer than 24 hours', () => {
    expect(usual(times(23, 5))).toBeNull();
    expect(usual(times(24, 5))).toEqual({ median: 5, mad: 0, hours: 24 });
  });

  it.each([
    [[...times(12, 10), ...times(12, 20)], { median: 15, mad: 5, hours: 24 }],
    [[...times(13, 10), ...times(12, 20)], { median: 10, mad: 0, hours: 25 }],
  ])('is the middle, with the middle of the distances', (values, expected) => {
    expect(usual(values)).toEqual(expected);
  });

  it('is not moved by a few hours of theft', () => {
    const quiet = Array.from({ length: 100 }, (_, n) => 100 + (n % 11));
    const robbed = [...quiet, ...times(10, 1e9)];
    const [before, after] = [usual(quiet), usual(robbed)];
    expect(after?.median).toBeCloseTo(before?.median ?? 0, -1);
    expect(farAboveFrom(after ?? { median: 0, mad: 0, hours: 0 })).toBeLessThan(300);
  });

  it('far above takes six deviations, or six tenths of the median where nothing ever moves', () => {
    expect(farAboveFrom({ median: 100, mad: 50, hours: 99 })).toBeCloseTo(100 + 6 * 50 * 1.4826);
    expect(farAboveFrom({ median: 100, mad: 0, hours: 99 })).toBe(160);
    expect(farAboveFrom({ median: 0, mad: 0, hours: 99 })).toBe(6);
  });
});
