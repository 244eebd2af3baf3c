import type { Connection } from '../../src/db/connect.js';

/** What the rollups have to say, computed from the events alone: one text a row, in order. */
export async function rollupsOfEvents({ sql }: Connection): Promise<readonly string[]> {
  const rows = await sql`
    with events as (select *, date_trunc('hour', ts, 'UTC') as hour from keyctl.usage_events)
    select row(e.key_id, e.hour, count(*), count(*) filter (where status >= 400), count(*) filter (where status in (401, 403)),
      count(*) filter (where status = 429), sum(bytes), sum(tokens), sum(cost_usd), max(ts),
      (select coalesce(jsonb_object_agg(endpoint, jsonb_build_array(n, errors, bytes)), '{}') from (
        select endpoint, count(*) as n, count(*) filter (where status >= 400) as errors, coalesce(sum(bytes), 0) as bytes
        from events x where x.key_id = e.key_id and x.hour = e.hour and endpoint is not null group by 1) p),
      (select coalesce(jsonb_object_agg(ip_text, jsonb_build_array(n, errors, refused, bytes)), '{}') from (
        select ip_text, count(*) as n, count(*) filter (where status >= 400) as errors,
          count(*) filter (where status in (401, 403)) as refused, coalesce(sum(bytes), 0) as bytes
        from events x where x.key_id = e.key_id and x.hour = e.hour and ip_text is not null group by 1) p))::text as row
    from events e group by e.key_id, e.hour order by e.key_id, e.hour`;
  return rows.map(({ row }) => String(row));
}

/** What the rollups say. */
export async function storedRollups({ sql }: Connection): Promise<readonly string[]> {
  const rows =
    await sql`select row(key_id, hour, requests, errors, refused, limited, bytes::numeric, tokens::numeric, cost_usd,
    last_at, by_endpoint, by_ip)::text as row from keyctl.usage_hours order by key_id, hour`;
  return rows.map(({ row }) => String(row));
}

/** Collects and remakes everything in this session; answers how many hours were remade. */
export async function rollUpAll({ sql }: Connection, atOnce = 7): Promise<number> {
  await sql`select keyctl.collect_touched()`;
  let remade = 0;
  for (;;) {
    const [row] = await sql`select keyctl.roll_up_hours(${atOnce}) as hours`;
    if (row?.hours === 0) return remade;
    remade += Number(row?.hours);
  }
}

/** What a family used in the month up to a moment, summed from the events. */
export async function spentByEvents(
  { sql }: Connection,
  keyIds: readonly string[],
  at: string,
): Promise<string> {
  const [row] = await sql`
    select row(count(*), coalesce(sum(tokens), 0), coalesce(sum(cost_usd), 0))::text as spent from keyctl.usage_events
    where key_id in (select jsonb_array_elements_text(${JSON.stringify(keyIds)}::text::jsonb))
      and ts >= date_trunc('month', ${at}::text::timestamptz, 'UTC') and ts < ${at}::text::timestamptz`;
  return String(row?.spent);
}

/** The same as the kernel says it. */
export async function spentByKernel({ sql }: Connection, familyId: string, at: string): Promise<string> {
  const [row] = await sql`
    select row(requests, tokens, cost_usd)::text as spent from keyctl.spent(${familyId}, ${at}::text::timestamptz)`;
  return String(row?.spent);
}
