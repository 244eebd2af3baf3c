import type { Activity } from './activity.js';
import type { Sighting } from './baseline.js';
import { networkOf } from './network.js';
import { dayMs } from './profile.js';

export const sightingKinds = ['ips', 'networks', 'agents', 'endpoints'] as const;
export type SightingKind = (typeof sightingKinds)[number];

/** What a value was seen as until now; changed in place, because there is one for every request of a month. */
interface Seen {
  firstAt: number;
  lastAt: number;
  days: number;
  requests: number;
  worstRefused: number;
  /** Of the last two fives of minutes with a refusal. */
  refusedAt: number;
  refused: number;
  refusedBefore: number;
}

/** The values that a family was seen with, of each kind. */
export type Sightings = Readonly<Record<SightingKind, Map<string, Seen>>>;

const tickMs = 300_000;
/** Newest kept: a client that makes up agents must not grow a baseline without end. */
const mostValues = 1000;
/** What was not seen for longer is forgotten. */
const memoryDays = 90;

export function newSightings(): Sightings {
  return { ips: new Map(), networks: new Map(), agents: new Map(), endpoints: new Map() };
}

/** Takes up what a stored baseline knew. */
export function sightingsFrom(
  known: Readonly<Record<SightingKind, Readonly<Record<string, Sighting>>>>,
): Sightings {
  const sightings = newSightings();
  for (const kind of sightingKinds)
    for (const [value, sighting] of Object.entries(known[kind]))
      sightings[kind].set(value, { ...sighting, refusedAt: 0, refused: 0, refusedBefore: 0 });
  return sightings;
}

/**
 * Takes up some requests. Only what was answered makes a value known; refusals count for values that are.
 * @param countedUntil requests before it were counted by an earlier baseline: they only make values known that came in late
 */
export function addSighting(sightings: Sightings, activity: Activity, countedUntil = 0): void {
  const { ip, agent, endpoint } = activity;
  see(sightings.ips, ip, activity, countedUntil);
  see(sightings.networks, ip === null ? null : networkOf(ip), activity, countedUntil);
  see(sightings.agents, agent, activity, countedUntil);
  see(sightings.endpoints, endpoint, activity, countedUntil);
}

function see(
  values: Map<string, Seen>,
  value: string | null,
  activity: Activity,
  countedUntil: number,
): void {
  if (value === null) return;
  const known = values.get(value);
  if (known === undefined) {
    if (activity.ok > 0) values.set(value, firstSight(activity));
    if (values.size > 2 * mostValues) keepNewest(values);
    return;
  }
  countRefusals(known, activity);
  if (activity.ok === 0 || (activity.at < countedUntil && activity.firstAt >= known.firstAt)) return;
  if (Math.floor(activity.lastAt / dayMs) > Math.floor(known.lastAt / dayMs)) known.days += 1;
  known.firstAt = Math.min(known.firstAt, activity.firstOkAt ?? activity.firstAt);
  known.lastAt = Math.max(known.lastAt, activity.lastAt);
  known.requests += activity.requests;
}

function firstSight(activity: Activity): Seen {
  const seen = {
    firstAt: activity.firstOkAt ?? activity.firstAt,
    lastAt: activity.lastAt,
    ...{ days: 1, requests: activity.requests, worstRefused: 0, refusedAt: 0, refused: 0, refusedBefore: 0 },
  };
  countRefusals(seen, activity);
  return seen;
}

function countRefusals(seen: Seen, { at, unauthorized, forbidden }: Activity): void {
  const refused = unauthorized + forbidden;
  if (refused === 0) return;
  if (at > seen.refusedAt) {
    seen.refusedBefore = at - seen.refusedAt === tickMs ? seen.refused : 0;
    seen.refused = 0;
    seen.refusedAt = at;
  }
  seen.refused += refused;
  seen.worstRefused = Math.max(seen.worstRefused, seen.refused + seen.refusedBefore);
}

function keepNewest(values: Map<string, Seen>): void {
  const newest = [...values].toSorted((a, b) => b[1].lastAt - a[1].lastAt).slice(0, mostValues);
  values.clear();
  for (const [value, seen] of newest) values.set(value, seen);
}

/** The values of one kind as a baseline keeps them, newest first. */
export function rememberedOf(values: Map<string, Seen>, until: number): Record<string, Sighting> {
  // Without a prototype: a client may call itself `__proto__`.
  const kept: Record<string, Sighting> = Object.create(null);
  const newest = [...values].toSorted((a, b) => b[1].lastAt - a[1].lastAt).slice(0, mostValues);
  for (const [value, { firstAt, lastAt, days, requests, worstRefused }] of newest)
    if (lastAt >= until - memoryDays * dayMs) kept[value] = { firstAt, lastAt, days, requests, worstRefused };
  return kept;
}

/** On how many of the days since `since` a value was new, beside the first day of all. */
export function newDaysOf(values: Map<string, Seen>, since: number, begun: number): number {
  const days = new Set<number>();
  for (const { firstAt } of values.values())
    if (firstAt >= since && firstAt >= begun + dayMs) days.add(Math.floor(firstAt / dayMs));
  return days.size;
}
