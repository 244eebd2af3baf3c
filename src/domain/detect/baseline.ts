/** What is usual for a family, made from what was before `until` only. Times are milliseconds since 1970. */

/** Which version of this document it is; a stored one of another form is made anew. */
export const baselineForm = 1;

/** Where a value (address, network, agent, endpoint) was seen. Only uses that were answered below 400 make it known. */
export interface Sighting {
  readonly firstAt: number;
  readonly lastAt: number;
  /** Distinct UTC days. */
  readonly days: number;
  readonly requests: number;
  /** Refusals (401, 403) in its worst ten minutes. */
  readonly worstRefused: number;
}

/** Counts of one quantity by hour, for 48 slots: hour of the day, and 24 more for Saturday and Sunday (UTC). */
export interface SlotProfile {
  /** What the next hour of this slot is expected to hold (DETECTORS 3.1, mu), without the factor of the last three days. */
  readonly expected: readonly number[];
  /** 5 % and 95 % quantiles of the slot's hours, hours without a request as 0. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Of the last three days against four weeks, 0.5 to 2. */
  readonly trend: number;
  /** Negative binomial for requests (unit 1). */
  readonly dispersion: number;
  /** What one request counts: variance = unit * mean + dispersion * mean^2. */
  readonly unit: number;
  readonly max: number;
}

export interface Baseline {
  readonly familyId: string;
  readonly since: number;
  readonly until: number;
  /** Whole days between the two, at most 28. */
  readonly historyDays: number;
  /** Hours with any request. */
  readonly activeHours: number;
  readonly requests: number;
  /** Answered below 400. */
  readonly okRequests: number;
  readonly refused: number;
  readonly profiles: {
    readonly requests: SlotProfile;
    readonly bytes: SlotProfile;
    readonly costUsd: SlotProfile;
  };
  readonly ips: Readonly<Record<string, Sighting>>;
  /** /24 and /48. */
  readonly networks: Readonly<Record<string, Sighting>>;
  readonly agents: Readonly<Record<string, Sighting>>;
  readonly endpoints: Readonly<Record<string, Sighting>>;
  /** On how many of the last 28 days a value was new (Good-Turing by days); the first day of all does not count. */
  readonly newDays: {
    readonly ips: number;
    readonly networks: number;
    readonly agents: number;
    readonly endpoints: number;
  };
  /** Of the last 90 days: distinct days on which each hour of the week (168, from Monday 00:00 UTC) had any request. */
  readonly weekHours: readonly number[];
  /** Distinct days with any request, of the last 28. */
  readonly activeDays: number;
  /** Hours that the profiles leave out, because a finding that was not dismissed lies in them. */
  readonly leftOutHours: readonly number[];
  /** Hours with the most distinct objects, [hour, objects]: what `objectsHigh` is made from. */
  readonly objectHours: readonly (readonly [hour: number, objects: number])[];
  /** 99 % quantile over active hours. */
  readonly bytesPerRequestHigh: number;
  readonly objectsHigh: number;
  /** Most hours in a row without a request, while it was in use. */
  readonly longestGapHours: number;
  /** Last request before `until`; null: none. */
  readonly lastAt: number | null;
  /** Addresses that a grave finding named: what they did makes nothing known. */
  readonly suspects?: readonly string[];
}
