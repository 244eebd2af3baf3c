import type { Evidence, Severity } from './finding.js';
import type { Weighed } from './risk.js';

export const findingStatuses = ['open', 'acknowledged', 'dismissed', 'escalated'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

/** A finding with the key it is about, as it is kept or as history would have raised it. Times are milliseconds since 1970. */
export interface KeptFinding extends Weighed {
  readonly findingId: string;
  readonly detector: string;
  readonly severity: Severity;
  /** Null: about an address alone. */
  readonly familyId: string | null;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly externalId: string | null;
  readonly keyVersion: number | null;
  readonly keyStatus: string | null;
  readonly owner: string | null;
  readonly ip: string | null;
  readonly cause: string;
  /** What makes two findings one, hashed. */
  readonly story: string;
  /** The first event that belongs to it. */
  readonly onsetAt: number;
  /** The window that the numbers and the query are about: its strongest one. */
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly detectedAt: number;
  /** What its detector said, before it was held against the fleet. */
  readonly scoreBits: number | null;
  readonly calibratedBits: number | null;
  readonly observed: number;
  readonly expectedLow: number | null;
  readonly expectedHigh: number | null;
  readonly evidence: Evidence;
  readonly reproduceSql: string;
  readonly status: FindingStatus;
  readonly statusAt: number | null;
  readonly statusBy: string | null;
  readonly statusReason: string | null;
  readonly incidentId: string | null;
  /** False: it was seen, but is written down nowhere (a replay, a dry run, or no right to). */
  readonly kept: boolean;
}

/** Dismissed findings are no risk. */
export function countsAsRisk(finding: KeptFinding): boolean {
  return finding.status !== 'dismissed';
}
