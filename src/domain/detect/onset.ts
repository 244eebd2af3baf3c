import type { Candidate, Severity } from './finding.js';
import { severities } from './finding.js';
import { dayMs } from './profile.js';

interface Told {
  readonly at: number;
  readonly bits: number;
  readonly severity: Severity;
}

/** Answers whether a candidate is news. */
export type Onsets = (candidate: Candidate, at: number) => boolean;

/**
 * The onset is reported, then nothing for a day unless it gets worse: bits more than a tenth above the strongest of that day, or a
 * graver severity. Candidates come in the order of time.
 * @param sameAs what makes two candidates one story
 * @param worseBy so many times the bits are worse
 */
export function onsets(sameAs: (candidate: Candidate) => string, worseBy = 1.1): Onsets {
  const told = new Map<string, Told>();
  return (candidate, at) => {
    const story = sameAs(candidate);
    const before = told.get(story);
    const { severity } = candidate;
    const bits = candidate.bits ?? 0;
    if (before !== undefined && at - before.at < dayMs) {
      if (bits <= before.bits * worseBy && !isGraver(severity, before.severity)) return false;
    }
    told.set(story, { at, bits, severity });
    return true;
  };
}

/** Told once for an address, whichever keys it tries (DETECTORS 3.9). */
const aboutAddress: ReadonlySet<string> = new Set(['auth_burst']);

/** One story for each detector, family, address and cause; of one attacker who tries many keys, one. */
export function storyOf({ detector, familyId, ip, cause }: Candidate): string {
  return JSON.stringify(
    aboutAddress.has(detector) && ip !== null ? [detector, ip] : [detector, familyId, ip, cause],
  );
}

function isGraver(one: Severity, other: Severity): boolean {
  return severities.indexOf(one) < severities.indexOf(other);
}
