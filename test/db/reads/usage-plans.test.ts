import { type SQL, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { newestEventsQuery } from '../../../src/db/reads/usage-events.js';
import { eventsAsOf } from '../../../src/db/reads/usage-extent.js';
import type { UsageFilter } from '../../../src/db/reads/usage-filter.js';
import { usageGroupsQuery } from '../../../src/db/reads/usage-groups.js';
import { usageSeriesQuery } from '../../../src/db/reads/usage-series.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops'?: number;
  readonly 'Heap Fetches'?: number;
  readonly Plans?: readonly PlanNode[];
}

const busiest = 'key_000000000001';
const weeks = 30;

/** Plans are promises too: what is fast because of an index must not lose it unnoticed (F28). */
describe.each(servers)('how usage is read on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect('postgres', { timeoutMs: 60_000 });
    await admin.sql`select keyctl.ensure_partitions(array(
      select (now() - make_interval(weeks => n))::date from generate_series(0, ${weeks}) n))`;
    await admin.sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, status, ip_text, user_agent, bytes)
      select now() - n * ${weeks}::int * interval '7 days' / 30000, 'key_' || lpad((1 + n % 20)::text, 12, '0'), n::text,
        '/v1/' || n % 9, 200, '203.0.113.' || n % 200, repeat('agent ', 20), n from generate_series(0, 29999) n`;
    await admin.sql.unsafe('vacuum analyze keyctl.usage_events');
  });
  afterAll(() => database.drop());

  async function nodes(query: SQL): Promise<PlanNode[]> {
    const [row] = Array.from(await admin.execute(sql`explain (analyze, format json) ${query}`));
    const [{ Plan: top }] = (row as { 'QUERY PLAN': [{ Plan: PlanNode }] })['QUERY PLAN'];
    const all = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(all)];
    return all(top).filter((node) => node['Actual Loops'] !== 0);
  }

  /** The index of the whole table that a partition's index belongs to. */
  async function parentOf(index: string | undefined): Promise<unknown> {
    const [row] = await admin.sql`select p.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
      join pg_class p on p.oid = i.inhparent where c.relname = ${index ?? ''}`;
    return row?.relname;
  }

  const scans = (all: readonly PlanNode[]) =>
    all.filter((node) => node['Relation Name']?.startsWith('usage_events'));
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const filter = (keyIds: readonly string[] | null, since: string | null): UsageFilter => ({
    ...{ keyIds, since, until: null, keyVersion: null },
  });

  it('the breakdown by endpoint touches nothing but its covering index', async () => {
    const query = usageGroupsQuery(filter([busiest], daysAgo(40)), 'endpoint', { lean: true, limit: null });
    const used = scans(await nodes(query));
    expect(used.length).toBeGreaterThan(1);
    for (const scan of used) {
      expect(scan).toMatchObject({ 'Node Type': 'Index Only Scan', 'Heap Fetches': 0 });
      expect(await parentOf(scan['Index Name'])).toBe('usage_events_breakdown_idx');
    }
  });

  it('so does what is drawn of it over time', async () => {
    const parts = { of: ['/v1/1', '/v1/2'], starts: [40, 30, 20, 10].map(daysAgo) };
    const query = usageSeriesQuery(filter([busiest], daysAgo(40)), 'endpoint', parts);
    const used = scans(await nodes(query));
    expect(used.length).toBeGreaterThan(1);
    for (const scan of used)
      expect(scan).toMatchObject({ 'Node Type': 'Index Only Scan', 'Heap Fetches': 0 });
  });

  it('the newest events of a key come from its primary key, out of the weeks asked for only', async () => {
    const used = scans(await nodes(newestEventsQuery(filter([busiest], daysAgo(8)), null, 20)));
    expect(used.length).toBeLessThanOrEqual(2);
    for (const scan of used) {
      expect(scan['Node Type']).toBe('Index Scan');
      expect(await parentOf(scan['Index Name'])).toBe('usage_events_pkey');
    }
  });

  it('a key that went silent is not looked for through the events of the others', async () => {
    // Half of all events, by the statistics; none since then.
    await admin.sql`update keyctl.usage_events set key_id = 'key_000000000021' where id::int between 15000 and 29999 and id::int % 2 = 0`;
    await admin.sql.unsafe('analyze keyctl.usage_events');
    for (const since of [null, daysAgo(8)]) {
      const used = scans(await nodes(newestEventsQuery(filter(['key_000000000021'], since), null, 20)));
      for (const scan of used) expect(await parentOf(scan['Index Name'])).toBe('usage_events_pkey');
    }
  });

  it('the newest events of all keys come from the index on time, without reading a week', async () => {
    for (const scan of scans(await nodes(newestEventsQuery(filter(null, null), null, 20))))
      expect(await parentOf(scan['Index Name'])).toBe('usage_events_ts_idx');
  });

  it('how far the log reaches is told without counting, also when nothing is recent', async () => {
    const [newest] =
      await admin.sql`select to_char(max(ts) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
      from keyctl.usage_events`;
    expect(await eventsAsOf(admin, new Date(daysAgo(8)))).toBe(newest?.at);
    expect(await eventsAsOf(admin, new Date(Date.now() + 3_600_000))).toBe(newest?.at);
    const all = await nodes(sql`select max(ts) from keyctl.usage_events where ts <= statement_timestamp()`);
    expect(scans(all).map((scan) => scan['Node Type'])).toEqual(['Index Only Scan']);
  });
});
