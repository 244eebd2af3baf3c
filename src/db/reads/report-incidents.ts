import { sql } from 'drizzle-orm';
import type { IncidentSeverity } from '../../domain/incident.js';
import type { Executor } from '../kernel.js';
import type { Window } from './report-keys.js';

/** How fast incidents were dealt with whose phase fell into a month; null: none did. */
interface IncidentMonth {
  /** `2026-08`. */
  readonly month: string;
  readonly opened: number;
  readonly meanSecondsToAcknowledge: number | null;
  readonly meanSecondsToContain: number | null;
  /** To what replaces the keys, or to the end where nobody said that it was in place. */
  readonly meanSecondsToRecover: number | null;
}

export interface IncidentFacts {
  /** Now, whatever the window is. */
  readonly open: Readonly<Record<IncidentSeverity, number>>;
  readonly overdue: number;
  readonly followUpsOverdue: number;
  /** In the window. */
  readonly opened: number;
  readonly closed: number;
  readonly reopened: number;
  readonly meanSecondsToAcknowledge: number | null;
  readonly meanSecondsToContain: number | null;
  readonly meanSecondsToRecover: number | null;
  readonly months: readonly IncidentMonth[];
}

/**
 * Incidents as they stand now and what was done about them in a window. Times count from when an incident was detected, or
 * reopened, to each phase's own moment, as corrected; a reopened one counts by its last pass.
 */
export async function incidentFacts(db: Executor, { since, until }: Window): Promise<IncidentFacts> {
  const rows = await db.execute(sql`
    with phases as (
      select p.phase, p.at, extract(epoch from greatest(p.at, b.since) - b.since)::float8 as seconds
      from keyctl.incidents i
      cross join lateral (values ('opened', i.opened_at), ('acknowledged', i.acknowledged_at), ('contained', i.contained_at),
        ('recovered', coalesce(i.recovered_at, i.closed_at))) p (phase, at)
      cross join lateral (select case when p.at >= i.reopened_at then i.reopened_at else i.detected_at end as since) b
      where p.at >= ${since}::timestamptz and p.at < ${until}::timestamptz
    ), spans as (
      select to_char(at at time zone 'UTC', 'YYYY-MM') as month, count(*) filter (where phase = 'opened')::float8 as opened,
        avg(seconds) filter (where phase = 'acknowledged') as acknowledge, avg(seconds) filter (where phase = 'contained') as contain,
        avg(seconds) filter (where phase = 'recovered') as recover
      from phases group by grouping sets ((1), ())
    )
    select s.month, s.opened, s.acknowledge, s.contain, s.recover,
      (select jsonb_object_agg(o.severity, o.n) from (
        select l.severity, count(*) as n from keyctl.incidents l where l.state <> 'closed' group by 1) o) as open,
      (select count(*)::float8 from keyctl.incident_list l where l.next_due_at < statement_timestamp()) as overdue,
      (select count(*)::float8 from keyctl.incident_follow_ups f
        where f.done_at is null and f.due_on < (statement_timestamp() at time zone 'UTC')::date) as follow_ups,
      (select count(*)::float8 from keyctl.incidents l where l.closed_at >= ${since}::timestamptz and l.closed_at < ${until}::timestamptz) as closed,
      (select count(*)::float8 from keyctl.incidents l where l.reopened_at >= ${since}::timestamptz and l.reopened_at < ${until}::timestamptz) as reopened
    from spans s order by s.month`);
  // The grand total has no month, and is there of nothing too.
  const total = rows.find((row) => row.month === null) ?? {};
  const open = (total.open ?? {}) as Partial<Record<IncidentSeverity, number>>;
  return {
    open: {
      critical: open.critical ?? 0,
      high: open.high ?? 0,
      medium: open.medium ?? 0,
      low: open.low ?? 0,
    },
    overdue: Number(total.overdue ?? 0),
    followUpsOverdue: Number(total.follow_ups ?? 0),
    closed: Number(total.closed ?? 0),
    reopened: Number(total.reopened ?? 0),
    ...means(total),
    months: rows.flatMap((row) => (row.month === null ? [] : [{ month: String(row.month), ...means(row) }])),
  };
}

function means(row: Record<string, unknown>): Omit<IncidentMonth, 'month'> {
  return {
    opened: Number(row.opened ?? 0),
    meanSecondsToAcknowledge: (row.acknowledge ?? null) as number | null,
    meanSecondsToContain: (row.contain ?? null) as number | null,
    meanSecondsToRecover: (row.recover ?? null) as number | null,
  };
}
