export const detectorFamilies = ['volume', 'origin', 'auth', 'content', 'time', 'lifecycle'] as const;
export type DetectorFamily = (typeof detectorFamilies)[number];

export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof severities)[number];

/** What a finding rests on, beside its numbers: short facts, the strongest first. Values may be hostile text. */
export interface Evidence {
  /** One sentence without subject, in plain words: "147 refusals from 198.51.100.17, then accepted". */
  readonly summary: string;
  /** What is unusual: "network": "198.51.100.0/24", with what was known before. */
  readonly factors: readonly {
    readonly what: string;
    readonly value: string;
    readonly usual: string | null;
  }[];
  readonly topIps: readonly { readonly value: string; readonly requests: number; readonly isNew: boolean }[];
  readonly topEndpoints: readonly {
    readonly value: string;
    readonly requests: number;
    readonly isNew: boolean;
  }[];
  /** Days of history that the expectation rests on. */
  readonly historyDays: number;
  /** What somebody should look at or do next, as a command line without the key: "keyctl revoke KEY --code leaked". */
  readonly suggests: string | null;
}

/**
 * What one detector says about one window. It becomes a finding when its bits pass the threshold of the fleet, or at once
 * when it is a rule (`bits` null).
 */
export interface Candidate {
  /** As in the registry: `volume_requests`, `origin_network`, `auth_burst` … */
  readonly detector: string;
  readonly family: DetectorFamily;
  readonly severity: Severity;
  /** Null: nobody's key, an address only. */
  readonly familyId: string | null;
  readonly keyId: string | null;
  readonly ip: string | null;
  /** What tells it from another one of the same detector and family: the network, endpoint, metric. */
  readonly cause: string;
  /** When it began: the first event that belongs to it. */
  readonly onsetAt: number;
  readonly windowStart: number;
  readonly windowEnd: number;
  /** The earliest moment at which the log held enough to say it. */
  readonly detectableAt: number;
  readonly observed: number;
  readonly expectedLow: number | null;
  readonly expectedHigh: number | null;
  /** -log10 of the detector's own tail probability: a score, not a promise. Null: a rule. */
  readonly bits: number | null;
  /** What it adds to the risk of its family at most, 0 to 1 (DETECTORS 3.8). */
  readonly weight: number;
  readonly evidence: Evidence;
  /** What its query has to count (`src/db/detect/reproduce.ts`): `finding.detector` and these values make the SQL. */
  readonly query: Readonly<Record<string, string | number | boolean | readonly string[] | null>>;
}
