import type { AddressWindow, Subject, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import type { Candidate, DetectorFamily } from './finding.js';

interface Described {
  readonly name: string;
  readonly family: DetectorFamily;
  /** One line for `keyctl help detectors`. */
  readonly summary: string;
  /** When it fires, with its numbers, in one or two sentences. */
  readonly rule: string;
  /** Where formula or rule come from. */
  readonly source: string;
  /** True: its bits are held against the threshold of the fleet. False: it is a rule and always counts. */
  readonly budgeted: boolean;
}

/** Judges a family's window: `hour` whole hours, `moment` the last ten minutes, asked every five. */
export interface Detector extends Described {
  readonly span: 'hour' | 'moment';
  /** @param baseline what was usual before the window; null: nothing is known of the family yet */
  readonly detect: (window: Window, baseline: Baseline | null) => readonly Candidate[];
}

/** Judges one address over all keys in the last hour, asked every five minutes. */
export interface AddressDetector extends Described {
  readonly span: 'address';
  readonly detect: (window: AddressWindow) => readonly Candidate[];
}

/** Judges a family that is silent: there is no activity to ask about. Asked once a day. */
export interface StaleDetector extends Described {
  readonly span: 'silence';
  /** @param now milliseconds since 1970 */
  readonly detect: (subject: Subject, baseline: Baseline | null, now: number) => readonly Candidate[];
}
