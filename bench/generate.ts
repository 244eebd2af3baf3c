import { createHash } from 'node:crypto';

/**
 * Usage as a fleet of gateways would write it: some keys used a thousand times as much as others, office hours, weekends,
 * refusals. The same plan gives the same events on every machine. Documentation addresses only (RFC 5737, RFC 3849).
 */
export interface EventPlan {
  readonly events: number;
  readonly keys: number;
  readonly weeks: number;
  readonly seed: number;
  /** The end of the last week. */
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
  const drawRank = zipfDraw(plan.keys, random);
  const timeAt = clockOf(plan);
  for (let made = 0; made < plan.events; made += 1) {
    const rank = drawRank();
    // A key has habits: a few endpoints, networks and clients, taken more often the earlier they stand.
    const habit = Math.floor(random() ** 2 * 8);
    const [method, endpoint] = pick(requests, rank * 7 + habit);
    yield {
      at: new Date(timeAt((made + random()) / plan.events)).toISOString(),
      keyId: ids[rank] ?? '',
      requestId: `req_${plan.seed.toString(36)}_${made.toString(36).padStart(6, '0')}`,
      method,
      endpoint,
      status: pick(statuses, Math.floor(random() * statuses.length)),
      ip: addressOf(rank * 5 + habit),
      userAgent: pick(userAgents, rank + (habit >> 1)),
      bytes: Math.floor(200 / (random() + 0.001)),
      latencyMs: Math.floor(8 / (random() + 0.01)),
    };
  }
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

const requests = [
  ['POST', '/v1/runs'],
  ['GET', '/v1/runs'],
  ['GET', '/v1/workflows'],
  ['POST', '/v1/messages'],
  ['POST', '/v1/embeddings'],
  ['GET', '/v1/models'],
  ['GET', '/v1/export'],
  ['GET', '/v1/users/me'],
  ['POST', '/v1/files'],
  ['GET', '/v1/files'],
  ['DELETE', '/v1/files'],
  ['GET', '/v1/billing/usage'],
  ['PUT', '/v1/workflows/settings'],
] as const;

const userAgents = [
  'billing-worker/2.3',
  'python-requests/2.31.0',
  'curl/8.5.0',
  'node-fetch/3.3.2',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36',
  'Go-http-client/2.0',
  'okhttp/4.12.0',
] as const;

/** Each as often as it stands here. */
const statuses = [...Array<number>(44).fill(200), 201, 201, 304, 400, 404, 429, 401, 403, 500] as const;

function addressOf(number: number): string {
  const host = (number * 37) % 254;
  if (number % 11 === 0) return `2001:db8::${(number % 65_521).toString(16)}`;
  return `${pick(networks, number)}.${host + 1}`;
}

const networks = ['192.0.2', '198.51.100', '203.0.113'] as const;

function pick<T>(values: readonly T[], at: number): T {
  return values[at % values.length] as T;
}

/** Mulberry32: small, fast, and the same everywhere. Uniform in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Ranks by Zipf's law (1, 1/2, 1/3 …), each draw in constant time: Walker's alias method in Vose's form. */
function zipfDraw(count: number, random: () => number): () => number {
  const total = Array.from({ length: count }, (_, rank) => 1 / (rank + 1)).reduce(
    (sum, weight) => sum + weight,
    0,
  );
  const share = Float64Array.from({ length: count }, (_, rank) => count / ((rank + 1) * total));
  const alias = Uint32Array.from({ length: count }, (_, rank) => rank);
  // Shares fall with the rank: the last ones are filled up by the first, and a first one that gave too much by the next.
  const fill = (taker: number, giver: number): void => {
    alias[taker] = giver;
    share[giver] = (share[giver] ?? 0) - (1 - (share[taker] ?? 0));
  };
  let giver = 0;
  for (let taker = count - 1; taker > giver && (share[taker] ?? 1) < 1; taker -= 1) {
    fill(taker, giver);
    for (; (share[giver] ?? 1) < 1 && giver + 1 < taker; giver += 1) fill(giver, giver + 1);
  }
  return () => {
    const at = random() * count;
    const rank = Math.floor(at);
    return at - rank < (share[rank] ?? 1) ? rank : (alias[rank] ?? rank);
  };
}

/** Turns shares of the events into times: quiet nights and weekends, the same week again and again. */
function clockOf(plan: EventPlan): (share: number) => number {
  const start = startOf(plan).getTime();
  const hours = plan.weeks * 168;
  const upTo = new Float64Array(hours + 1);
  for (let hour = 0; hour < hours; hour += 1) {
    const at = new Date(start + hour * 3_600_000);
    const office = [0, 6].includes(at.getUTCDay()) ? 0.3 : 1;
    const day = 1 + 4 * Math.max(0, Math.sin(((at.getUTCHours() - 6) / 14) * Math.PI));
    upTo[hour + 1] = (upTo[hour] ?? 0) + office * day;
  }
  const whole = upTo[hours] ?? 1;
  let hour = 0;
  return (share) => {
    const wanted = share * whole;
    while (hour < hours - 1 && (upTo[hour + 1] ?? 0) <= wanted) hour += 1;
    const from = upTo[hour] ?? 0;
    return start + (hour + (wanted - from) / ((upTo[hour + 1] ?? 1) - from)) * 3_600_000;
  };
}
