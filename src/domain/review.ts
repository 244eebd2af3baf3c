import type { Evidence, Severity } from './detect/finding.js';
import type { FindingStatus } from './detect/kept-finding.js';
import type { Risk, Weighed } from './detect/risk.js';

/** What the review of anomalies shows. Times are milliseconds since 1970. */

/** A finding as the queue knows it: without its evidence, which is read for the selected key alone. */
export interface QueuedFinding extends Weighed {
  readonly findingId: string;
  readonly detector: string;
  readonly severity: Severity;
  readonly cause: string;
  readonly summary: string;
  readonly onsetAt: number;
  readonly detectedAt: number;
  readonly status: FindingStatus;
  readonly incidentId: string | null;
}

/** A key with its findings, or an address that concerns no key. */
export interface ReviewSubject {
  /** The key's id; the address itself where there is no key. */
  readonly id: string;
  readonly keyId: string | null;
  readonly familyId: string | null;
  readonly ip: string | null;
  readonly name: string | null;
  readonly version: number | null;
  readonly status: string | null;
  readonly owner: string | null;
  readonly scopes: readonly string[];
  readonly activatedAt: number | null;
  readonly lastUsedAt: number | null;
  /** Of what is not dismissed. */
  readonly risk: Risk<QueuedFinding>;
  /** When the oldest finding that nobody has looked at was raised; of all, when every one was looked at. */
  readonly raisedAt: number;
  /** Some of its findings are open: nobody has looked at them yet. */
  readonly isOpen: boolean;
}

export interface ReviewPicture {
  /** Highest risk first. */
  readonly subjects: readonly ReviewSubject[];
  /** Alarms in 24 hours that count against the budget, and the budget. */
  readonly alarms: { readonly raised: number; readonly budgetPerDay: number };
  /** How far the log reaches; null: it is empty. */
  readonly asOf: number | null;
  /** When it was judged last; null: never. */
  readonly judgedUntil: number | null;
}

/** An hour of a key's family against what is usual for it. */
export interface ChartedHour {
  readonly at: number;
  readonly requests: number;
  /** 5 % and 95 % of the hours like this one; null: too little history. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface SeenValue {
  readonly value: string;
  readonly requests: number;
  /** Null: not known whether it is new, for want of a baseline. */
  readonly isNew: boolean | null;
}

export interface DetailedFinding extends QueuedFinding {
  readonly observed: number;
  readonly expectedLow: number | null;
  readonly expectedHigh: number | null;
  readonly evidence: Evidence;
  readonly reproduceSql: string;
  readonly statusAt: number | null;
  readonly statusBy: string | null;
  readonly statusReason: string | null;
}

/** What stands behind one subject's risk. */
export interface ReviewDetail {
  readonly id: string;
  /** All of them, dismissed ones too, the newest first. */
  readonly findings: readonly DetailedFinding[];
  /** The oldest first; the last one is still open. */
  readonly hours: readonly ChartedHour[];
  /** From when on the lists below count. */
  readonly countedSince: number;
  readonly ips: readonly SeenValue[];
  readonly endpoints: readonly SeenValue[];
  readonly agents: readonly SeenValue[];
}
