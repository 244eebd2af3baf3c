import type { Activity } from './activity.js';
import type { Baseline, Sighting } from './baseline.js';
import type { Evidence } from './finding.js';
import { isKnown } from './novelty.js';
import { groupBy, tally } from './tally.js';

/** How many addresses and endpoints are named. */
const most = 3;

interface Parts {
  readonly summary: string;
  readonly factors?: Evidence['factors'];
  readonly suggests?: string;
}

/** The evidence of some activity: what was said of it, and who made how much of it with what. */
export function evidenceOf(
  activity: readonly Activity[],
  baseline: Baseline | null,
  { summary, factors = [], suggests }: Parts,
): Evidence {
  return {
    summary,
    factors,
    topIps: busiest(activity, (each) => each.ip, baseline?.ips ?? null),
    topEndpoints: busiest(activity, (each) => each.endpoint, baseline?.endpoints ?? null),
    historyDays: baseline?.historyDays ?? 0,
    suggests: suggests ?? null,
  };
}

function busiest(
  activity: readonly Activity[],
  value: (each: Activity) => string | null,
  known: Readonly<Record<string, Sighting>> | null,
): Evidence['topIps'] {
  return [...groupBy(activity, value)]
    .map(([of, group]) => ({
      value: of,
      requests: tally(group).requests,
      isNew: known !== null && !isKnown(known, of),
    }))
    .toSorted((a, b) => b.requests - a.requests || (a.value < b.value ? -1 : 1))
    .slice(0, most);
}

/** "3 requests", "1 request". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** The names, at most three, and how many more there are. */
export function named(values: readonly string[]): string {
  const rest = values.length - most;
  return rest > 0 ? `${values.slice(0, most).join(', ')} and ${rest} more` : values.join(', ');
}
