import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Chance, chanceOf } from '../../src/actions/demo/chance.js';
import { type Life, livesOf } from '../../src/actions/demo/lives.js';
import { trafficOf } from '../../src/actions/demo/traffic.js';
import type { Subject, SubjectKey } from '../../src/domain/detect/activity.js';
import { groupBy } from '../../src/domain/detect/tally.js';
import type { LogEvent } from './judge-events.js';

const dayMs = 86_400_000;
const graceMs = dayMs;
/** Clients of a web site, put together to so many keys. */
const pools = 12;
/** That log is three and a half days long: it comes again every four. */
const repeatMs = 4 * dayMs;

/** A month without any abuse. */
export interface Background {
  readonly anchor: number;
  readonly families: readonly BackgroundFamily[];
}

export interface BackgroundFamily {
  readonly name: string;
  readonly keys: readonly SubjectKey[];
  readonly events: readonly LogEvent[];
}

/** One line of the logs in `--data`. */
export interface DataEvent {
  readonly ts: string;
  readonly key: string;
  readonly endpoint: string;
  readonly ip: string;
  readonly user_agent: string;
  readonly status: number;
  readonly bytes: number;
  readonly source: string;
}

export function readData(directory: string, name: string): readonly DataEvent[] {
  const text = gunzipSync(readFileSync(path.join(directory, `${name}.ndjson.gz`))).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as DataEvent);
}

/** The demo's keys with all they do but the leak, and real visitors of a web site in a dozen pools. */
export function makeBackground(seed: number, anchor: number, visitors: readonly DataEvent[]): Background {
  const byFamily = groupBy(livesOf(seed, anchor).all, (life) => life.family.name);
  const ours = [...byFamily].flatMap(([name, lives]) => familyOf(seed, anchor, { name, lives }));
  return { anchor, families: [...ours, ...poolsOf(chanceOf(seed, 'pools'), anchor, visitors)] };
}

function familyOf(
  seed: number,
  anchor: number,
  { name, lives }: { readonly name: string; readonly lives: readonly Life[] },
): readonly BackgroundFamily[] {
  const living = lives.filter(({ activatedAt }) => activatedAt !== null);
  const familyId = living[0]?.minted.id;
  const events = living.flatMap((life) => [...trafficOf(seed, anchor, life)]);
  if (familyId === undefined || events.length === 0) return [];
  return [{ name, keys: living.map((life) => keyOf(life, familyId, anchor)), events: byTime(events) }];
}

function keyOf(life: Life, familyId: string, anchor: number): SubjectKey {
  const graceEnd = life.replacedAt === null ? Number.POSITIVE_INFINITY : life.replacedAt + graceMs;
  const ended =
    life.endedAt === null || life.family.end?.kind === 'suspended' ? Number.POSITIVE_INFINITY : life.endedAt;
  const diedAt = Math.min(graceEnd, ended);
  const dead = diedAt <= anchor;
  return {
    ...plainKey(life.minted.id, familyId, life.family.name),
    version: life.version,
    decoy: life.family.settings.decoy === true,
    diedAt: dead ? diedAt : null,
    diedAs: !dead ? null : graceEnd < ended ? 'replaced' : 'revoked',
    replacedBy: life.successor,
    rpm: life.family.settings.rpm ?? null,
  };
}

export function plainKey(keyId: string, familyId: string, name: string): SubjectKey {
  return {
    ...{ keyId, familyId, name, externalId: null, version: 1, decoy: false, activatedAt: 0, diedAt: null },
    ...{ diedAs: null, replacedBy: null, rpm: null, rph: null, environment: null },
  };
}

function poolsOf(
  chance: Chance,
  anchor: number,
  visitors: readonly DataEvent[],
): readonly BackgroundFamily[] {
  const poolOf = new Map<string, number>();
  const events: LogEvent[][] = Array.from({ length: pools }, () => []);
  const first = Math.min(...visitors.map(({ ts }) => Date.parse(ts)));
  for (const visit of visitors) {
    const pool = poolOf.get(visit.key) ?? chance.below(pools);
    poolOf.set(visit.key, pool);
    const offset = Date.parse(visit.ts) - first;
    for (let from = anchor - 8 * repeatMs; from + offset < anchor; from += repeatMs)
      events[pool]?.push(logEventOf(visit, { keyId: `key_pool${pool}`, at: from + offset }));
  }
  return events.map((own, pool) => ({
    name: `web-pool-${pool}`,
    keys: [plainKey(`key_pool${pool}`, `key_pool${pool}`, `web-pool-${pool}`)],
    events: byTime(own),
  }));
}

export function logEventOf(event: DataEvent, as: { readonly keyId: string; readonly at: number }): LogEvent {
  const { ip, user_agent: userAgent, endpoint, status, bytes } = event;
  return { ...as, ip, userAgent, endpoint, status, bytes, object: null };
}

export function byTime<T extends { readonly at: number }>(events: readonly T[]): readonly T[] {
  return events.toSorted((a, b) => a.at - b.at);
}

export function subjectOf({ keys }: BackgroundFamily): Subject {
  return { familyId: keys[0]?.familyId ?? '', keys };
}
