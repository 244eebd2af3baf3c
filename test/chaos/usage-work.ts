import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sql } from 'postgres';
import type { Chance } from './chance.js';
import { daysAgo, plantEvents, plantUsedKey } from './usage-plants.js';

/** Where usage is brought in, counted, exported and dropped while processes are killed. */
export interface UsageGround {
  readonly sql: Sql;
  /** bin/keyctl of a build that obeys KEYCTL_FAILPOINT. */
  readonly keyctl: string;
  /** Of a process that works on the database as an admin. */
  readonly env: Readonly<Record<string, string>>;
  /** Empty. */
  readonly directory: string;
}

/** One command that is going to be killed, and what plain SQL and the files have to say then. */
interface UsageTask {
  readonly argv: readonly string[];
  /** What is wrong right after a kill. */
  afterKill(): Promise<readonly string[]>;
  /** What is typed to do it again. */
  again(): readonly string[];
  /** What is wrong when it was done again. */
  atEnd(): Promise<readonly string[]>;
}

const hourMs = 3_600_000;

/** What differs, as one line each. */
function differences(what: Readonly<Record<string, readonly [found: unknown, wanted: unknown]>>): string[] {
  return Object.entries(what).flatMap(([name, [found, wanted]]) =>
    String(found) === String(wanted) ? [] : [`${name} ${String(found)} instead of ${String(wanted)}`],
  );
}

/** Rollups that say something else than the events, and events that no rollup knows. */
async function wrongRollups(sql: Sql): Promise<string[]> {
  const [row] = await sql`
    with events as (
      select key_id, date_trunc('hour', ts, 'UTC') as hour, count(*) as requests, count(*) filter (where status >= 400) as errors,
        sum(bytes) as bytes, sum(tokens) as tokens, max(ts) as last_at
      from keyctl.usage_events group by 1, 2
    )
    select count(*)::int as wrong from events e full join keyctl.usage_hours h using (key_id, hour)
    where (e.requests, e.errors, e.bytes, e.tokens, e.last_at) is distinct from
      (h.requests, h.errors, h.bytes::numeric, h.tokens::numeric, h.last_at)
      or (select coalesce(sum((p.value ->> 0)::bigint), 0) from jsonb_each(h.by_endpoint) p) is distinct from
        (select count(u.endpoint) from keyctl.usage_events u
         where u.key_id = e.key_id and u.ts >= e.hour and u.ts < e.hour + interval '1 hour')`;
  return differences({ 'rollups that differ from their events:': [row?.wrong, 0] });
}

/** A log of two batches; repeated under a new operation id or the same. */
async function ingest({ sql, directory }: UsageGround, chance: Chance): Promise<UsageTask> {
  const key = await plantUsedKey(sql);
  const from = Date.now() - (2 + chance.below(200)) * hourMs;
  const lines = Array.from({ length: 32_000 }, (_, at) => ({
    ts: new Date(from - (at - (at % 3)) * 50).toISOString(),
    ...{ key, endpoint: `/${at % 5}`, status: 200, bytes: at },
    ...(at % 2 === 0 ? { request_id: `${key} ${at}` } : {}),
  }));
  const log = join(directory, `${key}.ndjson`);
  await writeFile(log, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const command = ['audit', 'ingest', log, '--format', 'ndjson', '--json'];
  const operation = ['--operation-id', randomUUID()];
  const isSame = chance.below(2) === 0;
  const filed = async () =>
    (
      await sql`select count(*)::int as events, coalesce(sum(bytes), 0)::float8 as bytes,
      (select count(*)::int from keyctl.ingest_runs where run_id = ${operation[1] ?? ''}::uuid and closed_at is null) as open
      from keyctl.usage_events where key_id = ${key}`
    )[0];
  return {
    argv: [...command, ...operation],
    async afterKill() {
      const found = await filed();
      return Number(found?.events) > lines.length ? [`${found?.events} events of ${lines.length} lines`] : [];
    },
    again: () => (isSame ? [...command, ...operation] : command),
    async atEnd() {
      const found = await filed();
      const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
      const problems = differences({ events: [found?.events, lines.length], bytes: [found?.bytes, bytes] });
      if (isSame) problems.push(...differences({ 'open runs of this operation:': [found?.open, 0] }));
      return problems;
    },
  };
}

/** Some hours of some keys that no rollup has seen, this one among them. */
async function rollup({ sql }: UsageGround, chance: Chance): Promise<UsageTask> {
  for (let count = 0; count < 3; count++) {
    const at = { before: daysAgo(chance.below(3) === 0 ? 0 : chance.below(30)), hours: 100 };
    await plantEvents(sql, await plantUsedKey(sql), { times: 400, ...at });
  }
  const argv = ['audit', 'rollup', '--json'];
  return { argv, again: () => argv, afterKill: async () => [], atEnd: () => wrongRollups(sql) };
}

/** Usage into a file: it stands under its name whole and written down, or not at all. */
async function exportUsage({ sql, directory }: UsageGround): Promise<UsageTask> {
  const key = await plantUsedKey(sql);
  await plantEvents(sql, key, { times: 30_000, before: daysAgo(1), hours: 50 });
  const out = join(directory, `${key}.export`);
  const argv = ['audit', 'export', '--usage', '--format', 'ndjson', '--since', '5d', '--out', out, '--json'];
  const whole = async (): Promise<string[]> => {
    const text = await readFile(out);
    const lines = text
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { key_id: string; bytes: number });
    const own = lines.filter((line) => line.key_id === key);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const [row] = await sql`select count(*)::int as events, sum(bytes)::float8 as bytes, (
        select count(*)::int from keyctl.audit_log where action = 'audit.exported' and record like ${`%${sha256}%`}) as recorded
      from keyctl.usage_events where key_id = ${key}`;
    return differences({
      lines: [own.length, row?.events],
      'sum of bytes': [own.reduce((sum, { bytes }) => sum + bytes, 0), row?.bytes],
      'audit rows of this file:': [Number(row?.recorded) > 0, true],
    });
  };
  return {
    argv,
    afterKill: async () => (existsSync(out) ? await whole() : []),
    // What stands there already is whole; replacing it has to be said.
    again: () => (existsSync(out) ? [...argv, '--force'] : argv),
    async atEnd() {
      const { sha256 } = JSON.parse(await readFile(`${out}.manifest.json`, 'utf8')) as { sha256: string };
      const found = createHash('sha256')
        .update(await readFile(out))
        .digest('hex');
      return [...(await whole()), ...differences({ 'sum in the manifest': [sha256, found] })];
    },
  };
}

/** Weeks that are too old, rolled up before. */
async function retention({ sql }: UsageGround, chance: Chance): Promise<UsageTask> {
  const key = await plantUsedKey(sql);
  await plantEvents(sql, key, { times: 300, before: daysAgo(450 + chance.below(300)), hours: 21 * 24 });
  await plantEvents(sql, key, { times: 50, before: daysAgo(380), hours: 24 });
  await sql`select keyctl.collect_touched()`;
  for (let left = 1; left > 0; ) {
    const [row] = await sql`select keyctl.roll_up_hours(5000) as hours`;
    left = Number(row?.hours);
  }
  const operation = randomUUID();
  const young = async () =>
    (
      await sql`select count(*)::int as events from keyctl.usage_events where ts > now() - interval '400 days'`
    )[0]?.events;
  const before = await young();
  const argv = ['db', 'retention', '--keep', '400d', '--yes', '--json', '--operation-id', operation];
  return {
    argv,
    again: () => argv,
    afterKill: async () => differences({ 'events to be kept:': [await young(), before] }),
    async atEnd() {
      const [row] = await sql`select
        (select count(*)::int from keyctl.usage_partitions where until_at <= now() - interval '400 days') as old,
        (select count(*)::int from keyctl.audit_log where operation_id = ${operation}::uuid) as recorded`;
      return [
        ...differences({
          'old partitions left:': [row?.old, 0],
          'audit rows of this operation:': [row?.recorded, 1],
          'events to be kept:': [await young(), before],
        }),
        ...(await wrongRollups(sql)),
      ];
    },
  };
}

export const usageTasks = { ingest, rollup, export: exportUsage, retention };
