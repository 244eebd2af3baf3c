import { sql } from 'drizzle-orm';
import { baselineForm, type SlotProfile } from '../../domain/detect/baseline.js';
import type { SeenValue } from '../../domain/review.js';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';
import { values } from './usage-dimensions.js';

/** What is usual for a family by hour, as it is stored; null: nothing is, yet. */
export async function usualRequests(db: Executor, familyId: string): Promise<SlotProfile | null> {
  const rows = await db.execute(sql`
    select b.facts #> '{profiles,requests}' as profile from keyctl.usage_baselines b
    where b.family_id = ${familyId} and b.form = ${baselineForm}`);
  return (rows[0]?.profile as SlotProfile | undefined) ?? null;
}

/** What some keys were used with, most first. */
export interface SeenValues {
  /** Of the oldest event that was counted, milliseconds since 1970; null: there was none. */
  readonly countedSince: number | null;
  readonly ips: readonly SeenValue[];
  readonly endpoints: readonly SeenValue[];
  readonly agents: readonly SeenValue[];
}

/** Newest events first, and no more than these: a screen that looks every few seconds must not count a busy day each time. */
const mostCounted = 20_000;
const mostNamed = 8;

/**
 * Addresses, endpoints and agents of these keys since then, each with whether the baseline of the family knows it.
 * @param since RFC 3339
 */
export async function seenValues(
  db: Executor,
  wanted: { readonly keyIds: readonly string[]; readonly familyId: string; readonly since: string },
): Promise<SeenValues> {
  const { keyIds, familyId, since } = wanted;
  const rows = await db.execute(sql`
    with recent as materialized (
      select ts, ip_text, endpoint, user_agent from keyctl.usage_events
      where key_id = any (${arrayLiteral(keyIds)}::text[]) and ts >= ${since}::timestamptz and ts <= statement_timestamp()
      order by ts desc limit ${mostCounted}
    ), baseline as materialized (
      select b.facts from keyctl.usage_baselines b where b.family_id = ${familyId} and b.form = ${baselineForm}
    ), named as (
      select 'ips' as kind, ip_text as value from recent
      union all select 'endpoints', endpoint from recent
      union all select 'agents', ${values.agent} from recent
    ), counted as (
      select kind, value, count(*) as requests, row_number() over (partition by kind order by count(*) desc, value) as place
      from named where value is not null group by kind, value
    )
    select c.kind, c.value, c.requests::float8 as requests,
      (select not (b.facts -> c.kind ? c.value) from baseline b) as is_new
    from counted c where c.place <= ${mostNamed}
    union all
    select 'since', null, extract(epoch from min(ts))::float8, null from recent
    order by requests desc`);
  const of = (kind: string): SeenValue[] =>
    rows
      .filter((row) => row.kind === kind)
      .map((row) => ({
        value: String(row.value),
        requests: Number(row.requests),
        isNew: row.is_new as boolean | null,
      }));
  const first = rows.find((row) => row.kind === 'since')?.requests ?? null;
  return {
    countedSince: first === null ? null : Math.round(Number(first) * 1000),
    ips: of('ips'),
    endpoints: of('endpoints'),
    agents: of('agents'),
  };
}
