import { describe, expect, it } from 'vitest';
import { thresholds, usualAlertBudget } from '../../../src/domain/detect/calibration.js';
import { addBin, addFamily, newFleetScores } from '../../../src/domain/detect/fleet-scores.js';
import { volumeRequests } from '../../../src/domain/detect/volume-requests.js';
import { dice } from '../../support/seed-events.js';

const detectors = [volumeRequests];

/** The highest score of a family's day, with a tail that no model knows of. */
function score(roll: (below: number) => number): number {
  return -2 * Math.log10((roll(1_000_000) + 1) / 1_000_001);
}

function fleetOf(families: number, days: number, roll: (below: number) => number) {
  const fleet = newFleetScores();
  for (let family = 0; family < families; family += 1)
    addFamily(
      fleet,
      Array.from({ length: days }, (_, day) => ({
        ...{ day, stratum: family % 4, bits: new Map([[volumeRequests.name, score(roll)]]) },
      })),
      detectors,
    );
  return fleet;
}

describe('a threshold', () => {
  it.each([
    [100, 20],
    [1000, 5],
    [3000, 15],
  ])('lets %d families raise what the budget of %d a day allows, whatever the tail', (families, budget) => {
    const roll = dice(families);
    const fleet = fleetOf(families, 28, roll);
    const limits = thresholds(fleet, { alertBudgetPerDay: budget, detectors });
    const days = 40;
    let alerts = 0;
    for (let n = 0; n < families * days; n += 1)
      if (score(roll) > limits.of(volumeRequests, 28, n % 4).bits) alerts += 1;
    // Volume has 40 % of the budget, and one detector here.
    const wanted = budget * 0.4;
    expect(alerts / days).toBeGreaterThan(wanted * 0.5);
    expect(alerts / days).toBeLessThan(wanted * 1.6);
  });

  it('knows nothing of later days', () => {
    const fleet = fleetOf(200, 20, dice(1));
    const before = thresholds(fleet, { alertBudgetPerDay: 3, detectors }).of(volumeRequests, 20, 1).bits;
    for (let day = 20; day < 30; day += 1)
      addBin(fleet, { day, detector: volumeRequests.name, stratum: 1, tenthBits: 500, families: 5000 });
    const limits = thresholds(fleet, { alertBudgetPerDay: 3, detectors });
    expect(limits.of(volumeRequests, 20, 1).bits).toBe(before);
    expect(limits.of(volumeRequests, 30, 1).bits).toBeGreaterThan(before);
  });

  it('is a guess on the safe side while there is little history, and says so', () => {
    const few = thresholds(fleetOf(40, 3, dice(2)), { alertBudgetPerDay: 1, detectors });
    const { bits, conservative, calibrated } = few.of(volumeRequests, 3, 0);
    expect(conservative).toBe('3 days of scores: too few to know which are rare');
    expect(bits).toBeGreaterThan(5);
    expect(calibrated(50)).toBeNull();
    const enough = thresholds(fleetOf(40, 20, dice(2)), { alertBudgetPerDay: 1, detectors });
    expect(enough.of(volumeRequests, 20, 0).conservative).toBeNull();
  });

  it('goes on beyond what was seen when a budget is smaller than the history can show', () => {
    const fleet = fleetOf(100, 28, dice(3));
    const bits = [10, 1, 0.1, 0.01].map(
      (alertBudgetPerDay) =>
        thresholds(fleet, { alertBudgetPerDay, detectors }).of(volumeRequests, 28, 0).bits,
    );
    expect(bits).toEqual(bits.toSorted((a, b) => a - b));
    // True is -2 log10 of the share: 100 families, 40 % of 0.01 a day.
    expect(bits[3]).toBeGreaterThan(6);
    expect(bits[3]).toBeLessThan(14);
  });

  it('calibrates a score to its share of the fleet', () => {
    const limits = thresholds(fleetOf(1000, 28, dice(4)), { alertBudgetPerDay: 5, detectors });
    const { calibrated } = limits.of(volumeRequests, 28, 0);
    expect(calibrated(4)).toBeCloseTo(2, 0);
    expect(calibrated(1000)).toBeLessThan(5);
  });
});

it('of a budget nobody named is 5 a day for 1,000 keys', () => {
  expect(usualAlertBudget(1000)).toBe(5);
  expect(usualAlertBudget(4)).toBe(0.2);
});
