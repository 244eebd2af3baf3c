import type { UsageEvent } from '../../db/demo-events.js';
import { type Chance, chanceOf, chancesOf } from './chance.js';
import { rotating } from './families.js';
import type { Family } from './family.js';
import { dayMs, historyMs, hourMs, type Life, minuteMs } from './lives.js';
import { people } from './people.js';
import { type Route, shareOfDay, type Use } from './use.js';

/** Where the month's story is drawn from: Monday 00:00 UTC of the week in which the history ends. */
function weekOf(anchor: number): number {
  // 1970-01-05 was a Monday.
  return anchor - ((((anchor - 4 * dayMs) % (7 * dayMs)) + 7 * dayMs) % (7 * dayMs));
}

/**
 * The events of one key in the order of time. Each hour is drawn by itself, counted from the Monday of the week: a later
 * end of the history adds to it and changes nothing that was there, and a whole week later everything is the same again.
 */
export function* trafficOf(seed: number, anchor: number, life: Life): Generator<UsageEvent> {
  const { family } = life;
  const { use } = family;
  if (use === undefined || life.activatedAt === null) return;
  const month = monthOf(seed, anchor, family, use);
  const hours = chancesOf(seed, `traffic/${family.name}`);
  const start = anchor - historyMs;
  const from = Math.max(start, life.activatedAt);
  // Machines that are late to take the successor go on with the old key; four days is more than any grace.
  const until = Math.min(anchor, (life.replacedAt ?? anchor) + 4 * dayMs);
  for (let at = Math.floor(from / hourMs) * hourMs; at < until; at += hourMs) {
    const chance = hours((at - month.monday) / hourMs);
    for (const event of hourOf(month, at, chance, life)) {
      if (event.at >= from && event.at < anchor) yield event;
    }
  }
}

/** What one key family's month holds, drawn once. */
interface Month {
  readonly monday: number;
  readonly family: Family;
  readonly use: Use;
  readonly releases: readonly number[];
  /** User agents, one for each release and the one before all. */
  readonly agents: readonly string[];
  /** By how many milliseconds each machine is late to take a new key; infinite for the stragglers. */
  readonly lateness: readonly number[];
  readonly paused: { readonly from: number; readonly until: number } | null;
}

function monthOf(seed: number, anchor: number, family: Family, use: Use): Month {
  const chance = chanceOf(seed, `month/${family.name}`);
  const monday = weekOf(anchor);
  const gap = (historyMs + 7 * dayMs) / use.versions.length;
  const releases = use.versions.slice(1).map((_version, at) => {
    const day = Math.floor((monday - historyMs + gap * (at + chance.between(0.7, 1.2))) / dayMs) * dayMs;
    return (
      weekday(day) +
      (10 - people[family.owner].hours) * hourMs +
      chance.below(5) * hourMs +
      chance.below(45 * minuteMs)
    );
  });
  const lateness = use.hosts.map((_host, at) => {
    // Two of ten: where the configuration was copied by hand.
    const straggles = family === rotating && at >= use.hosts.length - 2;
    return straggles ? Number.POSITIVE_INFINITY : Math.round(chance.between(0.05, 3) * hourMs);
  });
  const agents = use.versions.map((version) => `${use.agent}/${version}`);
  return { monday, family, use, agents, releases, lateness, paused: pauseOf(seed, anchor, family) };
}

/** When the family's key was suspended for a while; told by the audit log and by refused requests alike. */
export function pauseOf(
  seed: number,
  anchor: number,
  family: Family,
): { from: number; until: number } | null {
  if (family.pause === undefined) return null;
  const day = Math.floor((anchor - family.pause.daysAgo * dayMs) / dayMs) * dayMs;
  const from = day + Math.round(chanceOf(seed, `pause/${family.name}`).between(13, 15) * hourMs);
  return { from, until: from + family.pause.minutes * minuteMs };
}

/** Saturday and Sunday become the Monday after: nobody releases on a weekend. */
function weekday(day: number): number {
  const number = new Date(day).getUTCDay();
  return day + (number === 6 ? 2 : number === 0 ? 1 : 0) * dayMs;
}

function hourOf(month: Month, at: number, chance: Chance, life: Life): UsageEvent[] {
  const { use, family } = month;
  const local = new Date(at + people[family.owner].hours * hourMs);
  const day = local.getUTCDay();
  const ofDay = day === 0 || day === 6 ? use.weekend : 1;
  const mean = use.perDay * ofDay * shareOfDay(use.rhythm, local.getUTCHours());
  const times = timesOf(use, at, mean, chance);
  const release = month.releases.find((moment) => moment >= at && moment < at + hourMs);
  // A release starts every machine anew: each asks for what it needs, and some requests fail meanwhile.
  if (release !== undefined) {
    const restarts = use.hosts.length * 4 + chance.count(mean * 0.3);
    for (let n = 0; n < restarts; n += 1)
      times.push(release + Math.floor(chance.next() ** 2 * 12 * minuteMs));
  }
  times.sort((a, b) => a - b);
  const events: UsageEvent[] = [];
  for (const time of times) {
    const event = requestOf(month, time, chance, life);
    if (event !== null) events.push(event);
  }
  return events;
}

function timesOf(use: Use, at: number, mean: number, chance: Chance): number[] {
  const anywhere = (n: number) => Array.from({ length: n }, () => at + chance.below(hourMs));
  if (use.rhythm === 'nightly') {
    // A job: it starts at a minute of its own and works as fast as it can.
    const start = at + chance.below(10 * minuteMs);
    return Array.from({ length: chance.count(mean) }, () => start + chance.below(25 * minuteMs));
  }
  if (use.rhythm !== 'deploys') return anywhere(chance.count(mean));
  // Bursts: six deployments on a weekday, each a few minutes of asking whether it is done.
  const each = use.perDay / 6;
  const times: number[] = [];
  for (let n = chance.count(mean / each); n > 0; n -= 1) {
    const start = at + chance.below(50 * minuteMs);
    for (let m = chance.count(each); m > 0; m -= 1) times.push(start + chance.below(6 * minuteMs));
  }
  return times;
}

/**
 * One request, or null when it was made with another key of the family. Draws the same number of times either way, so
 * that each key of a family sees the same month. Written for speed: it runs a quarter of a million times.
 */
function requestOf(month: Month, at: number, chance: Chance, life: Life): UsageEvent | null {
  const { use, family } = month;
  const host = chance.below(use.hosts.length);
  const { method, path, bytes, ms } = chance.weighted<Route[1]>(use.routes);
  const trouble = chance.next();
  const size = 0.4 + chance.next() * 1.2;
  const speed = 0.6 + chance.next() ** 4 * 6;
  const id = `req_${chance.hex(16)}`;
  const keeps = chance.next();
  if (!holds(month, life, host, at)) return null;

  const refused = refusal(month, life, at);
  const over = life.endedAt !== null && at >= life.endedAt;
  if (over && keeps >= (family.end?.lateTries ?? 0)) return null;
  const status = refused ?? statusOf(method, trouble, duringRelease(month, at));
  const ok = status < 400;
  const model = use.model !== undefined && method === 'POST' ? use.model : null;
  const tokens = model !== null && ok ? Math.round(900 * size * size) : null;
  return {
    at,
    keyId: life.minted.id,
    keyVersion: life.version,
    id,
    method,
    endpoint: path,
    object: null,
    feature: null,
    status,
    ip: use.hosts[host] as string,
    userAgent: agentOf(month, host, at),
    bytes: ok ? Math.round(bytes * size) : 140,
    latencyMs: Math.max(2, Math.round((ok ? ms : 9) * speed)),
    tokens,
    costUsd: tokens === null ? null : ((tokens * (model === 'large-1' ? 9 : 2)) / 1e6).toFixed(6),
    model,
  };
}

/** What the machine calls itself; machines are released one after the other, three minutes apart. */
function agentOf(month: Month, host: number, at: number): string {
  const { releases, agents, lateness } = month;
  let version = 0;
  // A machine that nobody gave the new key was given no release either.
  if (lateness[host] !== Number.POSITIVE_INFINITY) {
    while (version < releases.length && (releases[version] as number) + host * 3 * minuteMs <= at)
      version += 1;
  }
  return agents[version] as string;
}

function duringRelease(month: Month, at: number): boolean {
  for (const moment of month.releases) if (at >= moment && at < moment + 8 * minuteMs) return true;
  return false;
}

/** Whether this machine used this key of the family at that moment. */
function holds(month: Month, life: Life, host: number, at: number): boolean {
  const late = month.lateness[host] ?? 0;
  if (life.replacedAt !== null && at >= life.replacedAt + late) return false;
  return life.predecessor === null || at >= (life.activatedAt ?? 0) + late;
}

/** 401 or 403 for a key that was dead or suspended at that moment. */
function refusal(month: Month, life: Life, at: number): number | null {
  if (month.paused !== null && at >= month.paused.from && at < month.paused.until) return 403;
  if (life.endedAt === null || at < life.endedAt) return null;
  return life.family.end?.kind === 'suspended' ? 403 : 401;
}

function statusOf(method: string, trouble: number, duringRelease: boolean): number {
  if (duringRelease && trouble > 0.93) return 503;
  if (trouble > 0.9992) return 500;
  if (trouble > 0.998) return 429;
  if (trouble > 0.994) return method === 'GET' ? 404 : 422;
  return method === 'POST' && trouble < 0.35 ? 201 : 200;
}
