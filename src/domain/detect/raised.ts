import type { Candidate } from './finding.js';

/** A candidate that passed: above the threshold of the fleet, or a rule, and new or worse than the day before. */
export interface Raised extends Candidate {
  /** When somebody who asks every five minutes is told, milliseconds since 1970. */
  readonly detectedAt: number;
  /** -log10 of the share of families and days of the fleet that scored as much; null: a rule, or too little history to say. */
  readonly calibratedBits: number | null;
}
