import type { HourTotals } from './history.js';

/** What detectors look at: requests as the log tells them, and who made them. Times are milliseconds since 1970. */

/** Requests of one key in the same five minutes that share address, agent and endpoint. */
export interface Activity {
  /** Where the five minutes begin. */
  readonly at: number;
  readonly keyId: string;
  /** As the log has it; null when it has none. May be no valid address. */
  readonly ip: string | null;
  /** First product token of the user agent. */
  readonly agent: string | null;
  readonly endpoint: string | null;
  readonly requests: number;
  /** Answered below 400. */
  readonly ok: number;
  /** By status: 401, 403, 404, 429, and 500 or more. */
  readonly unauthorized: number;
  readonly forbidden: number;
  readonly notFound: number;
  readonly limited: number;
  readonly failed: number;
  readonly bytes: number;
  readonly costUsd: number;
  /** Distinct objects; 0 when the log names none. */
  readonly objects: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** When the first and the last one that was answered below 400 was made; null: none was. */
  readonly firstOkAt: number | null;
}

/** One key of a family, as far as detectors ask. */
export interface SubjectKey {
  readonly keyId: string;
  readonly familyId: string;
  readonly externalId: string | null;
  readonly name: string;
  readonly version: number;
  readonly decoy: boolean;
  readonly activatedAt: number | null;
  /** From when on it is refused for good: replaced, revoked, expired; null: still alive. */
  readonly diedAt: number | null;
  readonly diedAs: 'replaced' | 'revoked' | 'expired' | null;
  readonly replacedBy: string | null;
  readonly rpm: number | null;
  readonly rph: number | null;
  readonly environment: string | null;
}

/** A key and its successors: what is usual belongs to all of them together (a rotated key inherits it). */
export interface Subject {
  readonly familyId: string;
  readonly keys: readonly SubjectKey[];
}

/** What a detector is asked to judge: a span of a family's use, and what came before it. */
export interface Window {
  readonly subject: Subject;
  readonly from: number;
  readonly until: number;
  /** In the span, in the order of time. */
  readonly activity: readonly Activity[];
  /** Of the 60 minutes before the span. */
  readonly before: readonly Activity[];
  /** What networks and lists are known; without knowledge files all answers are null. */
  readonly knowledge: Knowledge;
  /** Totals of the hours before the span, the newest last, at most a day back; hours without a request are left out. */
  readonly hoursBefore?: readonly HourTotals[];
}

/** The same of one address, over all keys and over names that are no keys. */
export interface AddressWindow {
  readonly ip: string;
  readonly from: number;
  readonly until: number;
  readonly activity: readonly Activity[];
  readonly before: readonly Activity[];
  /** Attempts with names that are no keys, in the span. */
  readonly strays: readonly StrayActivity[];
  /** Keys by id, for those that `activity` names. */
  readonly keys: ReadonlyMap<string, SubjectKey>;
}

export interface StrayActivity {
  readonly at: number;
  readonly ip: string | null;
  readonly presented: string;
  readonly requests: number;
  readonly ok: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Answers of optional files about an address. */
export interface Place {
  readonly asn: number | null;
  readonly country: string | null;
  readonly lat: number | null;
  readonly lon: number | null;
}

export interface Knowledge {
  place(ip: string): Place | null;
  /** The name of the list it stands in; null: in none. */
  listed(ip: string): string | null;
}

export const noKnowledge: Knowledge = { place: () => null, listed: () => null };
