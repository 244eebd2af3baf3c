import type { Random } from './random.js';

/** What one key is used for, from where, by which programs and when: the same for the same rank. */
export interface Habits {
  /** Method and endpoint, the most used first. */
  readonly requests: readonly (readonly [string, string])[];
  readonly addresses: readonly string[];
  readonly agents: readonly string[];
  /** Which share of its requests is refused or fails. */
  readonly errorShare: number;
  /** How busy each hour of the week is, from Sunday 00:00 UTC; one on the average. */
  readonly hours: Float64Array;
}

const resources = [
  ...['runs', 'workflows', 'messages', 'embeddings', 'models', 'files', 'users', 'billing', 'projects'],
  ...['datasets', 'evaluations', 'webhooks', 'schedules', 'connections', 'exports', 'sessions', 'tools'],
  ...['agents', 'secrets', 'audit'],
];

/** Sixty different ones. */
const pool = resources.flatMap(
  (resource) =>
    [
      ['POST', `/v1/${resource}`],
      ['GET', `/v1/${resource}/search`],
      ['PUT', `/v1/${resource}/settings`],
    ] as const,
);

const clients = [
  ...['billing-worker/2', 'python-requests/2', 'curl/8', 'node-fetch/3', 'Go-http-client/2', 'okhttp/4'],
  ...['aiohttp/3', 'acme-sdk-python/1', 'acme-sdk-js/4', 'Java-http-client/17', 'PostmanRuntime/7'],
];
const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36';

/** Steps that share no divisor with the size of the pool: eight in a row are eight different ones. */
const steps = [1, 7, 11, 13, 17, 19, 23, 29] as const;

/** @param random draws of this key's own */
export function habitsOf(rank: number, random: Random): Habits {
  const first = Math.floor(random() * pool.length);
  const step = pick(steps, Math.floor(random() * steps.length));
  const count = 6 + Math.floor(random() * 5);
  return {
    requests: Array.from({ length: count }, (_, at) => pick(pool, first + at * step)),
    addresses: Array.from({ length: 1 + Math.floor(random() * 3) }, (_, at) => addressOf(rank * 3 + at)),
    agents: Array.from({ length: 1 + Math.floor(random() * 2) }, (_, at) => agentOf(rank + at, random)),
    errorShare: 0.01 + random() * 0.01,
    hours: hoursOf(random),
  };
}

function agentOf(number: number, random: Random): string {
  const name = pick(clients, number);
  return number % 12 === 0 ? browser : `${name}.${Math.floor(random() * 30)}`;
}

/** RFC 2544's network for benchmarks, and RFC 3849's for documentation: addresses that are nobody's. */
function addressOf(number: number): string {
  if (number % 11 === 0)
    return `2001:db8:${((number >> 8) + 1).toString(16)}::${((number & 255) + 1).toString(16)}`;
  return `198.${18 + ((number >> 16) & 1)}.${(number >> 8) & 255}.${(number * 37) & 255}`;
}

/** People at their desks (half of the keys), services that never rest, and jobs of the night. */
function hoursOf(random: Random): Float64Array {
  const kind = random();
  const shift = Math.floor(random() * 24);
  const weight = (hour: number): number => {
    const local = (hour + shift) % 168;
    const ofDay = local % 24;
    const weekend = local < 24 || local >= 144;
    if (kind < 0.5)
      return (weekend ? 0.15 : 1) * (0.1 + 4 * Math.max(0, Math.sin(((ofDay - 7) / 12) * Math.PI)));
    if (kind < 0.85) return 1 + 0.6 * Math.sin(((ofDay - 8) / 24) * 2 * Math.PI);
    return ofDay >= 1 && ofDay < 4 ? 7 : 0.05;
  };
  const hours = Float64Array.from({ length: 168 }, (_, hour) => weight(hour));
  const mean = hours.reduce((sum, each) => sum + each, 0) / hours.length;
  return hours.map((each) => each / mean);
}

function pick<T>(values: readonly T[], at: number): T {
  return values[at % values.length] as T;
}
