import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countTailBits, gammaTailBits } from '../../../src/domain/detect/tail.js';

/** The same sum, added up term by term from the definition; in logarithms, because terms get smaller than a double can hold. */
function summedBits(count: number, mean: number, dispersion: number): number {
  const size = 1 / dispersion;
  const p = mean / (mean + size);
  let lnMass = size * Math.log1p(-p);
  let below = 0;
  for (let n = 0; n < count; n += 1) {
    below += Math.exp(lnMass);
    lnMass += Math.log(((n + size) / (n + 1)) * p);
  }
  const lnFirst = lnMass;
  let above = 0;
  for (let n = count; n < count + 3000; n += 1) {
    above += Math.exp(lnMass - lnFirst);
    lnMass += Math.log(((n + size) / (n + 1)) * p);
  }
  return below < 0.5 ? -Math.log10(1 - below) : -(lnFirst + Math.log(above)) / Math.LN10;
}

describe('bits of a count', () => {
  it('are those of the terms added up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0.5, max: 60, noNaN: true }),
        fc.double({ min: 0.01, max: 4, noNaN: true }),
        (count, mean, dispersion) => {
          expect(countTailBits(count, mean, dispersion)).toBeCloseTo(summedBits(count, mean, dispersion), 4);
        },
      ),
      { examples: [[172, 0.5, 0.01]] },
    );
  });

  it('stay finite and grow where a probability is below what a double holds', () => {
    const bits = [1e3, 1e4, 1e5, 1e6].map((count) => countTailBits(count, 5, 0.1));
    expect(bits.every(Number.isFinite)).toBe(true);
    expect(bits).toEqual(bits.toSorted((a, b) => a - b));
    expect(bits[3]).toBeGreaterThan(400);
  });

  it('are none of nothing', () => {
    expect(countTailBits(0, 5, 0.1)).toBe(0);
  });
});

describe('bits of a gamma variable', () => {
  // Shape 1 is the exponential distribution; of shape 2, P(X >= x) = (1 + x) e^-x.
  it.each([
    [1, 1, 1],
    [10, 1, 10],
    [700, 1, 700],
  ])('of %d times the mean, shape %d, are those of the exponential', (ratio, shape, exponent) => {
    expect(gammaTailBits(ratio, shape)).toBeCloseTo(exponent / Math.LN10, 6);
  });

  it('of shape 2 are those of the closed form', () => {
    for (const ratio of [0.3, 1, 5, 40]) {
      const x = 2 * ratio;
      expect(gammaTailBits(ratio, 2)).toBeCloseTo(-(Math.log(1 + x) - x) / Math.LN10, 6);
    }
  });

  it('never fall when the value grows', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e4, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        fc.double({ min: 0.001, max: 500, noNaN: true }),
        (ratio, factor, shape) => {
          expect(gammaTailBits(ratio * factor, shape)).toBeGreaterThanOrEqual(
            gammaTailBits(ratio, shape) - 1e-9,
          );
        },
      ),
    );
  });
});
