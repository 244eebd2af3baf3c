import type { StrayEvent, UsageEvent } from '../../db/demo-events.js';
import { type Chance, chanceOf } from './chance.js';
import { leakable } from './families.js';
import { dayMs, hourMs, type Life, minuteMs } from './lives.js';

/** Who has the leaked key, and when. */
export interface Leak {
  readonly life: Life;
  readonly from: number;
  readonly until: number;
  readonly scout: string;
  readonly exporters: readonly string[];
}

const paths = [
  ...[
    '/v1/me',
    '/v1/users',
    '/v1/keys',
    '/v1/admin/users',
    '/v1/billing',
    '/v1/exports',
    '/v1/customers',
    '/.env',
  ],
  ...[
    '/v1/internal/metrics',
    '/v1/accounts',
    '/v1/audit',
    '/v1/tokens',
    '/v1/backup',
    '/v1/secrets',
    '/v1/export',
  ],
];
/** What the stolen key may do; everything else is refused or not there. */
const allowed = ['/v1/me', '/v1/customers', '/v1/accounts', '/v1/exports', '/v1/export'];

/**
 * One of the leakable keys, in somebody else's hands: it begins in one of the last nights, half an hour to three and a
 * half past midnight UTC, and lasts some hours. All of it comes from networks that no other key of the demo uses.
 */
export function leakOf(seed: number, anchor: number, lives: readonly Life[]): Leak {
  const chance = chanceOf(seed, 'leak');
  const family = chance.pick(leakable);
  const life = lives.find((each) => each.family === family);
  if (life === undefined) throw new RangeError('the leaked key is one of the demo');
  const night = Math.floor((anchor - 12 * hourMs) / dayMs) * dayMs - chance.below(3) * dayMs;
  const from = night + Math.round(chance.between(0.5, 3.5) * hourMs);
  const until = from + Math.round(chance.between(3, 6) * hourMs);
  const first = 130 + chance.below(40);
  const exporters = [
    `192.0.2.${first + 7}`,
    `192.0.2.${first + 8}`,
    `2001:db8:bad::${chance.hex(4).replace(/^0+/, '1')}`,
  ];
  return { life, from, until, scout: `192.0.2.${first}`, exporters };
}

/** What was done with it: looking around, then export after export, then a look now and then whether it still works. */
export function* abuseOf(seed: number, anchor: number, leak: Leak): Generator<UsageEvent> {
  const chance = chanceOf(seed, 'abuse');
  const begin = chance.between(12, 20) * minuteMs;
  for (let at = leak.from; at < leak.from + begin; at += chance.between(1500, 8000)) {
    const path = chance.pick(paths);
    const status = allowed.includes(path) ? 200 : chance.pick([403, 403, 404]);
    yield event(leak, chance, {
      at,
      path,
      status,
      ip: leak.scout,
      agent: 'python-requests/2.32.3',
      bytes: 600,
    });
  }
  const bulk = leak.from + begin + chance.between(8, 25) * minuteMs;
  for (let at = bulk, batch = 1; at < leak.until; at += chance.between(600, 4200)) {
    const trouble = chance.next();
    const status = trouble > 0.985 ? 429 : trouble > 0.98 ? 503 : 200;
    const ip = chance.pick(leak.exporters);
    const object = `customers/batch-${String(batch).padStart(5, '0')}`;
    yield event(leak, chance, {
      at,
      path: '/v1/export',
      status,
      ip,
      agent: 'Go-http-client/2.0',
      bytes: 900_000,
      object,
    });
    if (status === 200) batch += 1;
  }
  const last = anchor - chance.between(2, 9) * minuteMs;
  for (
    let at = leak.until + chance.between(30, 70) * minuteMs;
    at < last;
    at += chance.between(40, 80) * minuteMs
  ) {
    yield event(leak, chance, {
      at,
      path: '/v1/me',
      status: 200,
      ip: leak.scout,
      agent: 'curl/8.5.0',
      bytes: 300,
    });
  }
  yield event(leak, chance, {
    at: last,
    path: '/v1/me',
    status: 200,
    ip: leak.scout,
    agent: 'curl/8.5.0',
    bytes: 300,
  });
}

/** Before they had the key they guessed: attempts with names that are nobody's. */
export function* guessesOf(seed: number, leak: Leak): Generator<StrayEvent> {
  const chance = chanceOf(seed, 'guesses');
  const names = ['admin', 'test', 'demo', 'root', 'staging', 'api', 'internal', 'changeme'];
  let at = leak.from - chance.between(50, 90) * minuteMs;
  for (let n = 0; n < 120; n += 1) {
    at += chance.between(200, 9000);
    const guess = {
      at,
      path: '/v1/me',
      status: 401,
      ip: leak.scout,
      agent: 'python-requests/2.32.3',
      bytes: 140,
    };
    const { keyId: _key, keyVersion: _version, ...stray } = event(leak, chance, guess);
    yield { ...stray, presented: chance.pick(names) };
  }
}

interface Request {
  readonly at: number;
  readonly path: string;
  readonly status: number;
  readonly ip: string;
  readonly agent: string;
  readonly bytes: number;
  readonly object?: string;
}

function event(leak: Leak, chance: Chance, request: Request): UsageEvent {
  const { status } = request;
  const bytes = status < 400 ? Math.round(request.bytes * chance.between(0.5, 2.5)) : 140;
  return {
    ...{ at: Math.round(request.at), keyId: leak.life.minted.id, keyVersion: leak.life.version },
    ...{ id: `req_${chance.hex(16)}`, method: 'GET', endpoint: request.path, object: request.object ?? null },
    ...{ feature: null, status, ip: request.ip, userAgent: request.agent, bytes },
    ...{
      latencyMs: Math.round(chance.between(8, 60) + bytes / 4000),
      tokens: null,
      costUsd: null,
      model: null,
    },
  };
}
