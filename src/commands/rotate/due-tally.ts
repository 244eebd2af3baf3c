import { type DueLine, type DueStop, lineFailure } from '../../actions/rotation/due-line.js';
import { type ExitCode, exitCodes } from '../../domain/errors.js';
import { lineOutcome } from '../../render/due-line.js';

/** What came of a run so far: the lines themselves are printed and forgotten. */
export interface DueTally {
  /** By outcome of the lines. */
  readonly counts: Map<string, number>;
  readonly failureCodes: Set<ExitCode>;
  failed: number;
  /** Successors that are in use by this run. */
  rotated: number;
  /** Keys that it did anything to for good: rotated, finalized, aborted and so on. */
  changed: number;
  stop: DueStop | 'reader_gone' | null;
}

export function newTally(): DueTally {
  return { counts: new Map(), failureCodes: new Set(), failed: 0, rotated: 0, changed: 0, stop: null };
}

const untouched = ['skipped', 'exempt'];
const inUse = ['rotated', 'resumed'];

export function addToTally(tally: DueTally, lines: readonly DueLine[]): void {
  for (const each of lines) {
    const outcome = lineOutcome(each);
    tally.counts.set(outcome, (tally.counts.get(outcome) ?? 0) + 1);
    const failure = lineFailure(each);
    if (failure !== null) {
      tally.failed += 1;
      tally.failureCodes.add(failure.exitCode);
    } else if (!untouched.includes(outcome)) tally.changed += 1;
    if (inUse.includes(outcome)) tally.rotated += 1;
  }
}

/**
 * One number for the whole run. What nobody knows the outcome of weighs most (75); then, when no key was rotated and
 * all failed alike, what they failed for (8: the place of the secrets); else 6: a rerun does the rest.
 */
export function tallyExitCode(
  { failed, rotated, failureCodes, stop }: DueTally,
  due: number | null,
): ExitCode {
  if (stop === 'interrupted') return exitCodes.interrupted;
  if (failureCodes.has(exitCodes.unknown)) return exitCodes.unknown;
  const [only, other] = failureCodes;
  if (failed > 0 && rotated === 0 && other === undefined && only !== undefined) return only;
  const cutShort = stop === 'reader_gone' && due !== 0;
  return failed > 0 || cutShort ? exitCodes.partial : exitCodes.done;
}
