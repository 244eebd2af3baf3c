import type { Subject } from './activity.js';
import type { Baseline } from './baseline.js';
import type { StaleDetector } from './detector.js';
import type { Candidate, Severity } from './finding.js';
import { dayMs } from './profile.js';

interface Step {
  readonly days: number;
  readonly severity: Severity;
  readonly weight: number;
}

const steps: readonly Step[] = [
  { days: 30, severity: 'low', weight: 0.1 },
  { days: 7, severity: 'info', weight: 0.05 },
];
/** Who rests for so long now and then is not stale: a monthly job. */
const timesLongestGap = 2;
const hourMs = 3_600_000;

const about = {
  name: 'stale',
  family: 'lifecycle',
  summary: 'a living key that is no longer used',
  rule: 'No request for 7 days (info) or 30 (low), and for twice its longest pause while it was in use. Asked once a day.',
  source: 'AWS access analyzer; runbooks: unused 7 days = stale deployment, 30 = potentially stale',
  budgeted: false,
} as const;

/** A rule about silence: there is no activity to be asked about, so it is asked with the baseline alone. */
export const stale: StaleDetector = { ...about, span: 'silence', detect };

function detect(subject: Subject, baseline: Baseline | null, now: number): readonly Candidate[] {
  const newest = subject.keys.toSorted((a, b) => b.version - a.version)[0];
  const lastAt = baseline?.lastAt ?? null;
  if (newest === undefined || baseline === null || lastAt === null || newest.decoy) return [];
  if (newest.diedAt !== null && newest.diedAt <= now) return [];
  const silence = now - lastAt;
  const step = steps.find(({ days }) => silence >= days * dayMs);
  if (step === undefined || silence < timesLongestGap * baseline.longestGapHours * hourMs) return [];
  const days = Math.floor(silence / dayMs);
  return [
    {
      ...{ detector: about.name, family: about.family, severity: step.severity, weight: step.weight },
      ...{
        familyId: subject.familyId,
        keyId: newest.keyId,
        ip: null,
        cause: `${step.days} days`,
        bits: null,
      },
      ...{ onsetAt: lastAt, windowStart: lastAt, windowEnd: now, detectableAt: lastAt + step.days * dayMs },
      ...{ observed: days, expectedLow: 0, expectedHigh: step.days - 1 },
      evidence: {
        summary: `not used for ${days} days`,
        factors: [
          { what: 'silence', value: `${days} days`, usual: `at most ${baseline.longestGapHours} hours` },
        ],
        ...{ topIps: [], topEndpoints: [], historyDays: baseline.historyDays },
        suggests: 'keyctl keys retire KEY',
      },
      query: {},
    },
  ];
}
