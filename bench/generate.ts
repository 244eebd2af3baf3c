import { createHash } from 'node:crypto';
import { type Habits, habitsOf } from './habits.js';
import { type Random, randomFrom, weightedDraw } from './random.js';

/**
 * Usage as a fleet of gateways would write it: some keys used a thousand times as much as others (Zipf), each with habits and
 * hours of its own. The same plan gives the same events on every machine.
 */
export interface EventPlan {
  readonly events: number;
  readonly keys: number;
  readonly weeks: number;
  readonly seed: number;
  /** The end of the last week; a full hour. */
  readonly until: Date;
}

export interface UsageEvent {
  /** RFC 3339, UTC, milliseconds; never before the event that came earlier. */
  readonly at: string;
  readonly keyId: string;
  /** Unique in the plan. */
  readonly requestId: string;
  readonly method: string;
  readonly endpoint: string;
  readonly status: number;
  readonly ip: string;
  readonly userAgent: string;
  readonly bytes: number;
  readonly latencyMs: number;
}

const weekMs = 7 * 86_400_000;

/** The first instant of a plan. */
export function startOf(plan: EventPlan): Date {
  return new Date(plan.until.getTime() - plan.weeks * weekMs);
}

/** Ids of keys, the busiest first. In no order as texts, as real ids are not. */
export function keyIds(count: number): string[] {
  return Array.from({ length: count }, (_, rank) => {
    const digest = createHash('sha256').update(`bench key ${rank}`).digest('base64');
    // Base64 without its two signs is base62; what is left over of 43 is always more than 12.
    return `key_${digest.replace(/[^0-9A-Za-z]/g, '').slice(0, 12)}`;
  });
}

/** The events, oldest first. */
export function* eventsOf(plan: EventPlan): Generator<UsageEvent> {
  const random = randomFrom(plan.seed);
  const ids = keyIds(plan.keys);
  const habits = ids.map((_, rank) => habitsOf(rank, randomFrom(plan.seed * 100_003 + rank)));
  const ofWeek = drawsOf(habits);
  const start = startOf(plan).getTime();
  const hours = plan.weeks * 168;
  const weights = Float64Array.from({ length: hours }, (_, hour) => ofWeek(start + hour * hourMs).weight);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const prefix = `req_${plan.seed.toString(36)}_`;
  let made = 0;
  let share = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    share += weights[hour] as number;
    const upTo = hour === hours - 1 ? plan.events : Math.round((plan.events * share) / whole);
    const at = start + hour * hourMs;
    const { draw } = ofWeek(at);
    const clock = clockOf(at);
    for (const first = made; made < upTo; made += 1) {
      const rank = draw(random());
      yield {
        at: clock(Math.floor(((made - first + random()) / (upTo - first)) * hourMs)),
        keyId: ids[rank] as string,
        requestId: `${prefix}${made.toString(36).padStart(6, '0')}`,
        ...requestOf(habits[rank] as Habits, random),
      };
    }
  }
}

const hourMs = 3_600_000;

/** One of a key's requests: what stands first among its habits comes most often. */
function requestOf({ requests, addresses, agents, errorShare }: Habits, random: Random) {
  const [method, endpoint] = requests[Math.floor(random() ** 2 * requests.length)] as readonly [
    string,
    string,
  ];
  const where = random() ** 2;
  return {
    method,
    endpoint,
    status: pick(random() < errorShare ? failures : successes, Math.floor(random() * 1024)),
    ip: addresses[Math.floor(where * addresses.length)] as string,
    userAgent: agents[Math.floor(where * agents.length)] as string,
    bytes: Math.floor(200 / (random() + 0.001)),
    latencyMs: Math.floor(8 / (random() + 0.01)),
  };
}

/** For each hour of the week: how busy it is, and who calls in it. */
function drawsOf(habits: readonly Habits[]) {
  const draws = Array.from({ length: 168 }, (_, hour) => {
    const weights = Float64Array.from(habits, ({ hours }, rank) => (hours[hour] as number) / (rank + 1));
    return { weight: weights.reduce((sum, each) => sum + each, 0), draw: weightedDraw(weights) };
  });
  return (at: number) => {
    const date = new Date(at);
    return pick(draws, date.getUTCDay() * 24 + date.getUTCHours());
  };
}

/** Milliseconds of an hour as times; a Date for each event would be half of the work. */
function clockOf(at: number): (ms: number) => string {
  const prefix = new Date(at).toISOString().slice(0, 14);
  if (at % hourMs !== 0) throw new RangeError('a plan ends at a full hour');
  return (ms) => {
    const seconds = Math.floor(ms / 1000);
    return `${prefix}${two(Math.floor(seconds / 60))}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, '0')}Z`;
  };
}

const twos = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const two = (value: number): string => twos[value] as string;

/** Each as often as it stands here. */
const successes = [...Array<number>(44).fill(200), 201, 201, 204, 304] as const;
const failures = [400, 401, 403, 404, 404, 429, 429, 500, 503] as const;

function pick<T>(values: readonly T[], at: number): T {
  return values[at % values.length] as T;
}

/** Lines in pieces of some 64 KB: a piece a line would cost more than the line. */
export function* textOf(
  events: Iterable<UsageEvent>,
  lineOf: (event: UsageEvent) => string,
): Generator<string> {
  let piece = '';
  for (const event of events) {
    piece += lineOf(event);
    if (piece.length > 65_536) {
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}

/** As a gateway's log says it, for `keyctl audit ingest --format ndjson`. No value needs escaping. */
export function ndjsonLine(event: UsageEvent): string {
  return (
    `{"ts":"${event.at}","key":"${event.keyId}","method":"${event.method}","endpoint":"${event.endpoint}",` +
    `"status":${event.status},"ip":"${event.ip}","user_agent":"${event.userAgent}","bytes":${event.bytes},` +
    `"latency_ms":${event.latencyMs},"request_id":"${event.requestId}"}\n`
  );
}

/** The columns that `copyLine` fills: what the ingest stores of `ndjsonLine`. */
export const copyColumns =
  'ts, key_id, id, key_version, method, endpoint, status, ip, ip_text, user_agent, bytes, latency_ms, request_id';

/** A row of keyctl.usage_events in COPY's text form. No value needs escaping. */
export function copyLine(event: UsageEvent): string {
  return (
    `${event.at}\t${event.keyId}\t${event.requestId}\t1\t${event.method}\t${event.endpoint}\t${event.status}\t` +
    `${event.ip}\t${event.ip}\t${event.userAgent}\t${event.bytes}\t${event.latencyMs}\t${event.requestId}\n`
  );
}
