import { describe, expect, it } from 'vitest';
import { nabScore, probation, profiles } from '../../bench/nab-score.js';

const [standard, lowFalsePositives, lowFalseNegatives] = profiles as [
  ...[(typeof profiles)[number], (typeof profiles)[number], (typeof profiles)[number]],
];

/** 1,000 points of which the last window may be detected; those given score 1. */
function series(detected: readonly number[], windows: readonly (readonly [number, number])[] = [[500, 599]]) {
  const scores = new Array<number>(1000).fill(0);
  for (const place of detected) scores[place] = 1;
  return { scores, windows };
}

/** The published sigmoid, at a position relative to the window's width: -1 its start, 0 its end. */
const sigmoid = (position: number) => 2 / (1 + Math.exp(5 * position)) - 1;

describe("the benchmark's score", () => {
  it.each<[string, readonly number[], number]>([
    ['says nothing', [], 0],
    ['detects the first point of the window', [500], 100],
    ['detects it twice, of which the earlier counts', [500, 560], 100],
    ['detects only in the probation, which does not count', [100], 0],
  ])('of a detector that %s', (_what, detected, score) => {
    expect(nabScore([series(detected)], standard, 1).score).toBeCloseTo(score, 10);
  });

  it('falls along the window as published', () => {
    for (const place of [500, 525, 550, 599]) {
      const position = -(599 - place + 1) / 100;
      const raw = sigmoid(position) / sigmoid(-1);
      expect(nabScore([series([place])], standard, 1).score).toBeCloseTo((100 * (raw + 1)) / 2, 10);
    }
    expect(nabScore([series([550])], standard, 1).score).toBeCloseTo(92.99, 1);
  });

  it('charges false positives by profile, those right behind a window less', () => {
    const far = [500, 200];
    expect(nabScore([series(far)], standard, 1).score).toBeCloseTo(100 - (100 * 0.11) / 2, 10);
    expect(nabScore([series(far)], lowFalsePositives, 1).score).toBeCloseTo(100 - (100 * 0.22) / 2, 10);
    // A missed window costs two there: from -2 to 1.
    expect(nabScore([series(far)], lowFalseNegatives, 1).score).toBeCloseTo(100 - (100 * 0.11) / 3, 10);
    const near = nabScore([series([500, 609])], standard, 1).score;
    const worth = sigmoid(10 / 99);
    expect(near).toBeCloseTo(100 + (100 * 0.11 * worth) / 2, 10);
  });

  it('counts only what comes after the probation: 15 % of a series, 750 points at most', () => {
    expect(probation(1000)).toBe(150);
    expect(probation(20_000)).toBe(750);
    const early = series(
      [500],
      [
        [20, 99],
        [500, 599],
      ],
    );
    expect(nabScore([early], standard, 1).score).toBeCloseTo(100, 10);
  });

  it('takes the one threshold for all series that scores highest', () => {
    const loud = { ...series([500]), scores: series([500]).scores.map((score) => score * 0.9) };
    const noisy = { scores: series([200, 300]).scores.map((score) => score * 0.4), windows: [] };
    const { score, threshold } = nabScore([loud, noisy], standard);
    expect({ score, threshold }).toEqual({ score: 100, threshold: 0.9 });
    expect(nabScore([loud, noisy], standard, 0.4).score).toBeCloseTo(100 - (2 * 100 * 0.11) / 2, 10);
  });
});
