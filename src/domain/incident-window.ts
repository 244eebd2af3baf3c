const hourMs = 3_600_000;

/** What is known of when an incident was. */
export interface IncidentTimes {
  /** When it was detected and opened, and when each of its findings began. */
  readonly began: readonly Date[];
  /** Null while it is open. */
  readonly closedAt: Date | null;
  /** The last use of a dead key that was seen. */
  readonly lastAttemptAt: Date | null;
  readonly now: Date;
}

/** Half-open; RFC 3339. */
export interface IncidentWindow {
  readonly since: string;
  readonly until: string;
}

/**
 * From when to when usage belongs to an incident: a day before its first sign, because a leak is older than its discovery and the
 * usual has to be seen beside the unusual, to its close or the last attempt after it, in whole hours; up to now while it is open.
 * @param given bounds that were typed
 */
export function incidentWindow(
  { began, closedAt, lastAttemptAt, now }: IncidentTimes,
  given: { readonly since: string | null; readonly until: string | null },
): IncidentWindow {
  const first = Math.min(now.getTime(), ...began.map((each) => each.getTime()));
  const since = given.since ?? iso(Math.floor(first / hourMs) * hourMs - 24 * hourMs);
  return { since, until: given.until ?? (closedAt === null ? now.toISOString() : iso(lastHour())) };

  function lastHour(): number {
    const last = Math.max(closedAt?.getTime() ?? 0, lastAttemptAt?.getTime() ?? 0);
    return Math.min(now.getTime(), Math.floor(last / hourMs + 1) * hourMs);
  }
}

const iso = (ms: number) => new Date(ms).toISOString();

/** Seconds of what a plot shows as one bar, the longest last. */
const steps = [300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400];
const mostBars = 72;

/** How long each part of a window is, so that a plot of it has a bar for each; and when they begin, in UTC. */
export function windowSteps({ since, until }: IncidentWindow): {
  readonly seconds: number;
  readonly starts: readonly string[];
} {
  const from = Date.parse(since) / 1000;
  const to = Date.parse(until) / 1000;
  const fits = (seconds: number) => (to - from) / seconds <= mostBars;
  const seconds = steps.find(fits) ?? Math.ceil((to - from) / mostBars / 86_400) * 86_400;
  const starts: string[] = [];
  for (let at = Math.floor(from / seconds) * seconds; at < to; at += seconds) starts.push(iso(at * 1000));
  return { seconds, starts };
}
