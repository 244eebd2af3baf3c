import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Sql } from 'postgres';
import { copyColumns, copyLine, type EventPlan, eventsOf, startOf, textOf } from './generate.js';

/** Makes the weekly partitions that a plan's events go to, as the kernel does during an ingest. */
export async function ensurePartitions(sql: Sql, plan: EventPlan): Promise<void> {
  await sql`
    select keyctl.ensure_partitions(array(
      select day::date from generate_series(${startOf(plan).toISOString()}::timestamptz, ${plan.until.toISOString()}, '1 day') day))`;
}

/**
 * Fills keyctl.usage_events with a plan's events: COPY into partitions without indexes, which are then built. Measured on
 * 1 M events: a third of the time of a COPY with the indexes in place.
 */
export async function loadEvents(sql: Sql, plan: EventPlan): Promise<void> {
  await ensurePartitions(sql, plan);
  const rebuild = await dropIndexes(sql);
  const target = await sql.unsafe(`copy keyctl.usage_events (${copyColumns}) from stdin`).writable();
  await pipeline(Readable.from(textOf(eventsOf(plan), copyLine)), target);
  await sql`set maintenance_work_mem = '1GB'`;
  for (const statement of rebuild) await sql.unsafe(statement);
  await sql`vacuum analyze keyctl.usage_events`;
}

/** Drops the primary key and the indexes of keyctl.usage_events; answers the statements that make them again. */
async function dropIndexes(sql: Sql): Promise<string[]> {
  const table = 'keyctl.usage_events';
  const [key] = await sql`
    select conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint where conrelid = ${table}::regclass and contype = 'p'`;
  if (key === undefined) throw new Error(`${table} has no primary key`);
  await sql.unsafe(`alter table ${table} drop constraint ${key.name}`);
  const indexes = await sql`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index where indrelid = ${table}::regclass`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  return [
    `alter table ${table} add constraint ${key.name} ${key.definition}`,
    // The definition is that of the parent alone; without ONLY the partitions get theirs too.
    ...indexes.map(({ definition }) => String(definition).replace(' ON ONLY ', ' ON ')),
  ];
}
