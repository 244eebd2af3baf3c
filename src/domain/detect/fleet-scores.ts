import type { Detector } from './detector.js';
import type { FamilyScores } from './scores.js';

/** How many families scored what on one day, by tenths of bits. */
export interface ScoreBin {
  readonly day: number;
  readonly detector: string;
  readonly stratum: number;
  readonly tenthBits: number;
  readonly families: number;
}

/** Scores of the fleet by detector, stratum and day. Changed in place: one addition for each family, day and detector. */
export interface FleetScores {
  readonly bins: Map<string, ScoreBin>;
}

export function newFleetScores(): FleetScores {
  return { bins: new Map() };
}

export function addBin(fleet: FleetScores, bin: ScoreBin): void {
  const name = JSON.stringify([bin.detector, bin.day, bin.stratum, bin.tenthBits]);
  const known = fleet.bins.get(name);
  fleet.bins.set(name, known === undefined ? bin : { ...known, families: known.families + bin.families });
}

/** Adds what one family scored on its days. */
export function addFamily(fleet: FleetScores, scores: FamilyScores, detectors: readonly Detector[]): void {
  for (const { day, stratum, bits } of scores)
    for (const { name, budgeted } of detectors) {
      if (!budgeted) continue;
      const tenthBits = Math.round(10 * Math.min(300, bits.get(name) ?? 0));
      addBin(fleet, { day, stratum, tenthBits, detector: name, families: 1 });
    }
}
