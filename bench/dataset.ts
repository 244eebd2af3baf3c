import type { Sql } from 'postgres';
import { type EventPlan, keyIds, startOf } from './generate.js';
import type { BenchDatabase, BenchServer } from './ground.js';
import { insertKeys } from './keys.js';
import { loadEvents } from './load.js';

/** Usage of thirteen weeks up to the hour in which it was made; and the table that one would have without keyctl. */
export interface Dataset {
  readonly plan: EventPlan;
  /** The busiest key, with a ninth of all events when there are 5,000 keys. */
  readonly busiest: string;
  /** Seven days before the end: what `--since 7d` said when the data set was made. */
  readonly weekAgo: string;
  readonly database: BenchDatabase;
}

/** The rival: the same events and columns in one heap with `btree (key_id, ts desc)`, in a database beside keyctl's tables. */
export const rivalTable = 'bench.usage_heap';

export interface DatasetSize {
  readonly events: number;
  readonly keys: number;
}

/** Grows when the events would be others: then what was made before is made again. */
const edition = 1;

const hourMs = 3_600_000;
const weekMs = 168 * hourMs;

/**
 * Opens the data set of this size, made first unless the server has it. It is made in a database of another name, which is
 * renamed when it is whole: killed on the way, it begins anew. `close()` its database; nothing may be changed in it for good.
 */
export async function openDataset(
  server: BenchServer,
  { events, keys }: DatasetSize,
  progress: (text: string) => void,
): Promise<Dataset> {
  const name = `usage_${edition}_${events}_${keys}`;
  const database = await opened(server, name, () => makeDataset(server, name, { events, keys }, progress));
  const [row] = await database.sql`select until from bench.dataset`;
  const plan = planOf({ events, keys }, new Date(row?.until));
  return {
    plan,
    busiest: keyIds(1)[0] ?? '',
    weekAgo: new Date(plan.until.getTime() - weekMs).toISOString(),
    database,
  };
}

/** What cannot be brought up to this schema, while a migration is being written, is made again. */
async function opened(server: BenchServer, name: string, make: () => Promise<void>): Promise<BenchDatabase> {
  const found = (await server.has(name)) ? await server.open(name).catch(() => null) : null;
  if (found !== null) return found;
  await make();
  return await server.open(name);
}

function planOf({ events, keys }: DatasetSize, until: Date): EventPlan {
  return { events, keys, weeks: 13, seed: 4, until };
}

async function makeDataset(
  server: BenchServer,
  name: string,
  size: DatasetSize,
  progress: (text: string) => void,
): Promise<void> {
  const plan = planOf(size, new Date(Math.floor(Date.now() / hourMs) * hourMs));
  const draft = await server.create(`draft_${name}`);
  const { sql } = draft;
  progress(`loading ${plan.events.toLocaleString('en')} events of ${plan.keys} keys, kept for later runs`);
  await insertKeys(sql, keyIds(plan.keys), startOf(plan));
  await loadEvents(sql, plan);
  progress('the same in a plain heap');
  await makeRival(sql);
  await sql`
    update keyctl.api_keys k set last_used_at = u.last_at
    from (select key_id, max(ts) as last_at from keyctl.usage_events group by key_id) u where u.key_id = k.id`;
  await sql`vacuum analyze keyctl.api_keys`;
  await sql`create table bench.dataset as select ${plan.until.toISOString()}::timestamptz as until`;
  await sql`checkpoint`;
  await draft.close();
  await server.rename(`draft_${name}`, name);
}

async function makeRival(sql: Sql): Promise<void> {
  await sql`create schema bench`;
  await sql.unsafe(`
    create table ${rivalTable} as
    select ts, key_id, id, key_version, method, endpoint, object, feature, status, ip, ip_text, user_agent, bytes, latency_ms,
      tokens, cost_usd, model, request_id from keyctl.usage_events`);
  await sql.unsafe(`create index on ${rivalTable} (key_id, ts desc)`);
  await sql.unsafe(`vacuum analyze ${rivalTable}`);
}
