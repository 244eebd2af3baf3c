import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../src/actions/context.js';
import { readDataOut } from '../../src/actions/read-data-out.js';
import { breakdown } from '../../src/actions/read-usage.js';
import { type UsageChoice, usageScope } from '../../src/actions/usage-scope.js';
import type { Connection } from '../../src/db/connect.js';
import { type Dimension, dimensions } from '../../src/db/reads/usage-dimensions.js';
import { contextOn } from '../support/context.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { rollUpAll } from '../support/rollup-oracle.js';
import { dice, type EventSeed, seedEvents } from '../support/seed-events.js';
import { type SeededKey, seedKey } from '../support/seed-keys.js';

/** One run again: `USAGE_SEED=…`. */
const seed = Number(process.env.USAGE_SEED ?? Date.now() % 1e9);
const hourMs = 3_600_000;
const openHour = Math.floor(Date.now() / hourMs) * hourMs;

let database: TestDatabase;
let admin: Connection;
let ctx: Context;
let keys: readonly SeededKey[];
let written: readonly EventSeed[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  ctx = await contextOn(database, { role: 'test_viewer' });
  const first = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.com', status: 'replaced' });
  keys = [
    first,
    await seedKey(admin, { name: 'alice-prod (rotated)', owner: 'alice@example.com', family: first }),
    await seedKey(admin, { name: 'bob-batch', owner: 'bob@example.com' }),
    await seedKey(admin, { name: 'nobodys' }),
  ];
  await write(3000, seed);
}, 120_000);
afterAll(() => database.drop());

/**
 * Requests of five weeks in no order, more of them lately, some of this very hour, some at the turn of an hour, to the microsecond;
 * what comes again counts once.
 */
async function write(times: number, chance: number): Promise<void> {
  const random = dice(chance);
  const some = <T>(values: readonly T[]) => values[random(values.length)] as T;
  const events = Array.from({ length: times }, (_, at): EventSeed => {
    const hour = openHour - (random(4) === 0 ? random(3) : random(5 * 168)) * hourMs;
    const within = random(8) === 0 ? 0 : random(hour === openHour ? Date.now() - openHour : hourMs);
    const ts = new Date(hour + within).toISOString().replace('Z', `${random(2) === 0 ? '000' : '999'}Z`);
    return {
      ...{ ts, key_id: some(keys).id, id: `${chance} ${at}`, key_version: 1 + random(2) },
      ...{
        endpoint: some(['/v1/runs', '/v1/export', '', null]),
        status: some([200, 204, 401, 429, 500, null]),
      },
      ...{ ip_text: some(['192.0.2.1', '192.0.2.2', '2001:db8::1', 'AWS Internal', null]) },
      ...{ user_agent: some(['curl/8', 'curl/7 (x)', '[aws-cli/1]', '(none)', null]) },
      ...(random(3) === 0 ? {} : { bytes: random(9000), tokens: random(50), cost_usd: random(99) / 1e6 }),
      model: some(['small', 'large']),
    };
  });
  await seedEvents(admin, events);
  written = [...written, ...events];
  await admin.sql`select keyctl.record_usage(${JSON.stringify(events.slice(0, 50))}::text::jsonb)`;
}

interface Pair {
  readonly who: number;
  readonly window: {
    readonly since: string;
    readonly until: string | null;
    readonly keyVersion: number | null;
  };
  readonly by: Dimension;
}

/** A key, a family, a person or everybody; and a window whose ends are anywhere: on an hour, on an event, now. */
const pair: fc.Arbitrary<Pair> = fc
  .record({
    who: fc.nat({ max: 6 }),
    ends: fc.tuple(
      ...[1, 2].map(() =>
        fc.oneof(
          fc.nat({ max: 5 * 168 }).map((hours) => openHour - hours * hourMs),
          fc.nat({ max: 3 }).map((hours) => openHour - hours * hourMs),
          fc.nat({ max: 2999 }).map((at) => Date.parse(String(written[at]?.ts))),
          fc.nat({ max: 5 * 168 * hourMs }).map((ms) => openHour + hourMs - ms),
        ),
      ),
    ),
    open: fc.boolean(),
    keyVersion: fc.constantFrom(null, null, null, 1, 2),
    by: fc.constantFrom(...dimensions),
  })
  .filter(({ ends: [a, b] }) => a !== b)
  .map(({ who, ends, open, keyVersion, by }) => {
    const [since = '', until = ''] = ends.map((end) => new Date(end as number).toISOString()).sort();
    return { who, by, window: { since, until: open ? null : until, keyVersion } };
  });

function choiceOf(who: number): { readonly choice: UsageChoice; readonly keyIds: readonly string[] } {
  const ids = keys.map(({ id }) => id);
  const key = ids[who];
  if (key !== undefined) return { choice: { key: `id:${key}` }, keyIds: [key] };
  const both = ids.slice(0, 2);
  if (who === 4) return { choice: { key: `id:${ids[0]}`, family: true }, keyIds: both };
  if (who === 5) return { choice: { owner: 'Alice@example.com' }, keyIds: both };
  return { choice: {}, keyIds: ids };
}

const value: Readonly<Record<Dimension, string>> = {
  ...{ endpoint: 'endpoint', ip: 'ip_text', status: 'status', model: 'model', version: 'key_version' },
  agent: `case when user_agent like '%curl%' then 'curl' when user_agent like '%aws-cli%' then 'aws-cli' end`,
  hour: `to_char(ts at time zone 'UTC', 'YYYY-MM-DD"T"HH24:00:00.000Z"')`,
  key: 'key_id',
  owner: '(select email from keyctl.owners o join keyctl.api_keys k using (owner_id) where k.id = key_id)',
};

const counts = `count(*)::int as requests, count(*) filter (where status >= 400)::int as errors,
  count(distinct ip_text)::int as "uniqueIps", sum(bytes)::int as bytes, sum(tokens)::int as tokens,
  sum(cost_usd)::float8 as "costUsd", to_char(min(ts), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "firstAt",
  to_char(max(ts), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "lastAt"`;

function whereOf({ who, window }: Pair): string {
  const { since, until, keyVersion } = window;
  const ids = choiceOf(who).keyIds.map((id) => `'${id}'`);
  return `key_id in (${ids.join()}) and ts >= '${since}' and (${until === null} or ts < '${until ?? since}')
    and (${keyVersion === null} or key_version = ${keyVersion ?? 0})`;
}

/** By value; rows of the same order on both sides. */
const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();

async function agree(given: Pair): Promise<void> {
  const { who, window, by } = given;
  const where = whereOf(given);
  const scope = await usageScope(ctx, choiceOf(who).choice, { interactive: false });
  const [total] = await admin.sql.unsafe(`select ${counts} from keyctl.usage_events where ${where}`);
  for (const each of new Set<Dimension>(['endpoint', 'ip', 'status', by])) {
    const counted = await breakdown(ctx, scope, window, {
      ...{ by: each, limit: null, lean: false, drawn: { groups: 1000, parts: 16 } },
    });
    const groups = await admin.sql.unsafe(
      `select ${value[each]} as value, ${counts} from keyctl.usage_events where ${where} group by 1`,
    );
    const shown = counted.groups.map(({ name: _, value, requests, errors, uniqueIps, ...rest }) => {
      const { bytes, tokens, costUsd, firstAt, lastAt } = rest;
      return { value, requests, errors, uniqueIps, bytes, tokens, costUsd, firstAt, lastAt };
    });
    expect(sorted(shown)).toEqual(sorted([...groups]));
    expect(counted.total).toEqual(total);
    expect(counted.groupCount).toBe(groups.length);
    const drawn = counted.series?.groups.map((series) => series.reduce((sum, each) => sum + each, 0));
    if (each !== 'hour' && groups.length > 0)
      expect(drawn).toEqual(counted.groups.map(({ requests }) => requests));
  }
}

async function agreeOnDataOut({ who, window: { since, until } }: Pair): Promise<void> {
  const key = keys[who % keys.length] as SeededKey;
  const end = until ?? new Date(openHour + hourMs).toISOString();
  const window = { since: new Date(since), until: new Date(end) };
  const out = await readDataOut(ctx, { key: `id:${key.id}`, ...window }, { interactive: false });
  const where = `key_id = '${key.id}' and ts >= '${since}' and ts < '${end}'`;
  const hours = await admin.sql.unsafe(`select ${value.hour} as hour, count(*)::int as requests,
    coalesce(sum(bytes), 0)::int as bytes from keyctl.usage_events where ${where} group by 1`);
  const endpoints = await admin.sql.unsafe(`select endpoint, count(*)::int as requests,
    coalesce(sum(bytes), 0)::int as bytes from keyctl.usage_events where ${where} group by 1`);
  const shown = out.hours.map(({ hour, requests, bytes }) => ({ hour, requests, bytes }));
  expect(sorted(shown)).toEqual(sorted([...hours]));
  const byEndpoint = out.endpoints.map(({ endpoint, requests, bytes }) => ({ endpoint, requests, bytes }));
  expect(sorted(byEndpoint)).toEqual(sorted([...endpoints]));
}

describe(`counts of 200 random keys and windows are those of plain SQL (seed ${seed})`, () => {
  const holds = (numRuns: number) =>
    fc.assert(
      fc.asyncProperty(pair, async (given) => {
        await agree(given);
        await agreeOnDataOut(given);
      }),
      { numRuns, seed },
    );

  it('before any rollup', () => holds(60));

  it('after one, and after late events in closed hours and in this one', async () => {
    await rollUpAll(admin, 5000);
    await write(600, seed + 1);
    await holds(80);
  });

  it('when those were rolled up too', async () => {
    await rollUpAll(admin, 5000);
    await holds(60);
  });
});
