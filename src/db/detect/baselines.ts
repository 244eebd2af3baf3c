import { type SQL, sql } from 'drizzle-orm';
import { copyRows } from '../../domain/copy-text.js';
import { type Baseline, baselineForm } from '../../domain/detect/baseline.js';
import type { ScoreBin } from '../../domain/detect/fleet-scores.js';
import type { HourTotals } from '../../domain/detect/history.js';
import { dayMs } from '../../domain/detect/profile.js';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';

const ms = (value: SQL) => sql`(extract(epoch from ${value}) * 1000)::float8`;
const at = (moment: number) => sql`${new Date(moment).toISOString()}::timestamptz`;

/** How far rollups and baselines reach, milliseconds since 1970; null: not at all yet. */
export interface BaselineReach {
  readonly rolledUntil: number | null;
  readonly baselinesAt: number | null;
}

export async function baselineReach(db: Executor): Promise<BaselineReach> {
  const [row] = await db.execute(sql`
    select ${ms(sql`rolled_until`)} as rolled_until, ${ms(sql`baselines_at`)} as baselines_at from keyctl.rollup_status`);
  return {
    rolledUntil: (row?.rolled_until as number | null | undefined) ?? null,
    baselinesAt: (row?.baselines_at as number | null | undefined) ?? null,
  };
}

/** A family whose baseline is to be made, and whether there is one to go on from. */
export interface DueFamily {
  readonly familyId: string;
  readonly known: boolean;
}

/** Families that were used in this time, or since their baseline when that is older; in the order of their ids. */
export async function dueFamilies(
  db: Executor,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<readonly DueFamily[]> {
  const rows = await db.execute(sql`
    select k.family_id, bool_or(b.family_id is not null) as known
    from keyctl.api_keys k
    left join keyctl.usage_baselines b on b.family_id = k.family_id and b.form = ${baselineForm}::int
    where (b.until is null or b.until < ${at(until)}) and exists (
      select from keyctl.usage_hours h where h.key_id = k.id and h.hour < ${at(until)}
        and h.hour >= case when b.family_id is null then ${at(until)} - interval '28 days' else ${at(since)} end)
    group by k.family_id order by k.family_id collate "C"`);
  return rows.map((row) => ({ familyId: String(row.family_id), known: row.known === true }));
}

/** Stored baselines by family; those of another form are as good as none. */
export async function storedBaselines(
  db: Executor,
  families: readonly string[],
): Promise<ReadonlyMap<string, Baseline>> {
  const texts = await baselineTexts(db, families);
  return new Map([...texts].map(([familyId, text]) => [familyId, baselineFrom(text)]));
}

/** One of `baselineTexts`. */
export function baselineFrom(text: string): Baseline {
  return JSON.parse(text) as Baseline;
}

/** The same unread: who judges one family after the other holds one document at a time. */
export async function baselineTexts(
  db: Executor,
  families: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await db.execute(sql`
    select b.family_id, b.facts::text as facts from keyctl.usage_baselines b
    where b.form = ${baselineForm}::int and b.family_id = any (${arrayLiteral(families)}::text[])`);
  return new Map(rows.map((row) => [String(row.family_id), String(row.facts)]));
}

/** Hours (milliseconds since 1970) in which something was found that nobody dismissed, by family. */
export async function foundHours(
  db: Executor,
  families: readonly string[],
  since: number,
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const rows = await db.execute(sql`
    select distinct f.family_id, ${ms(sql`g.hour`)} as hour
    from keyctl.findings f
    cross join lateral generate_series(date_trunc('hour', f.window_start, 'UTC'),
      least(f.window_end, f.window_start + interval '3 days') - interval '1 microsecond', interval '1 hour') g (hour)
    where f.family_id = any (${arrayLiteral(families)}::text[]) and f.window_end > ${at(since)} and f.status <> 'dismissed'
      and (f.severity in ('medium', 'high', 'critical') or f.detector_family = 'volume')`);
  const found = new Map<string, Set<number>>();
  for (const row of rows) {
    const hours = found.get(String(row.family_id)) ?? new Set<number>();
    found.set(String(row.family_id), hours.add(Number(row.hour)));
  }
  return found;
}

/** Rows for `hoursOf`: what families did by hour, from the rollups, family by family in the order of time. */
export function hoursQuery(
  families: readonly string[],
  { since, until }: { readonly since: number; readonly until: number },
): SQL {
  return sql`
    select k.family_id, (extract(epoch from h.hour) * 1000)::bigint, sum(h.requests), coalesce(sum(h.bytes), 0),
      coalesce(sum(h.cost_usd), 0), sum(h.errors), sum(h.refused), (extract(epoch from max(h.last_at)) * 1000)::bigint
    from keyctl.usage_hours h join keyctl.api_keys k on k.id = h.key_id
    where k.family_id = any (${arrayLiteral(families)}::text[]) and h.hour >= ${at(since)} and h.hour < ${at(until)}
    group by k.family_id, h.hour order by k.family_id, h.hour`;
}

/** A row of `hoursQuery`. */
export function hoursOf(rows: Buffer): readonly { readonly familyId: string; readonly totals: HourTotals }[] {
  return copyRows(rows.toString('utf8')).map((row) => {
    const [hour, requests, bytes, costUsd, errors, refused, lastAt] = row.slice(1).map(Number) as [
      ...[number, number, number, number, number, number, number],
    ];
    const totals = { hour, requests, bytes, costUsd, errors, refused, lastAt, objects: 0 };
    return { familyId: row[0] ?? '', totals };
  });
}

/** What the fleet scored in the four weeks before a moment. */
export async function storedScores(db: Executor, before: number): Promise<readonly ScoreBin[]> {
  const rows = await db.execute(sql`
    select d.day::text as day, d.detector, d.stratum, d.tenth_bits, d.families::float8 as families
    from keyctl.detection_scores d where d.day >= (${at(before)} at time zone 'UTC')::date - 28`);
  return rows.map((row) => ({
    day: Math.round(Date.parse(String(row.day)) / dayMs),
    detector: String(row.detector),
    ...{ stratum: Number(row.stratum), tenthBits: Number(row.tenth_bits), families: Number(row.families) },
  }));
}
