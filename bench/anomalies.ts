import type { Sql } from 'postgres';
import { judgeLive } from '../src/actions/detect/judge-live.js';
import { rollUp } from '../src/actions/roll-up.js';
import { noKnowledge } from '../src/domain/detect/activity.js';
import type { Benchmark } from './benchmark.js';
import { contextOf } from './context.js';
import { alternate } from './measure.js';
import { seriesLine, verdictLine } from './report.js';

/** What is unusual among all keys now: against stored baselines, and from the events of four weeks in one statement. */
export const anomalies: Benchmark = {
  name: 'anomalies',
  title:
    'anomalies of all keys in the last hours from stored baselines, program and server, against raw events in SQL',
  async run(stage) {
    const { sizes, print, progress } = stage;
    const { database, plan } = await stage.dataset(sizes.events);
    const ctx = await contextOf(database);
    try {
      progress('rollups and baselines of the data set, kept for later runs');
      const { hours, baselines } = await rollUp(ctx);
      print(`  ${hours.toLocaleString('en')} hours rolled up, ${baselines} baselines made for this run`);
      const now = plan.until.getTime();
      let judged = 0;
      const [stored = [], raw = []] = await alternate({ runs: Math.min(3, sizes.bulks.runs), warmup: 1 }, [
        () => timed(async () => (judged = (await judgeLive(ctx, { ...options, now })).families)),
        () => timed(() => rawAnomalies(database.sql, plan.until)),
      ]);
      print(`  ${judged} families judged`);
      const subject = { name: 'stored baselines', unit: 'ms', samples: stored } as const;
      const against = { name: 'raw events in SQL', unit: 'ms', samples: raw } as const;
      print(seriesLine(against));
      print(seriesLine(subject));
      print(verdictLine({ subject, against, target: { atMost: 0.02 } }));
    } finally {
      await ctx.db.close();
      await database.close();
    }
  },
};

const options = { alertBudgetPerDay: null, knowledge: noKnowledge };

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/**
 * The same questions without anything stored: hours far above their slot of four weeks, and addresses, agents and endpoints that were
 * never answered before, of the last three hours and the one that is running.
 */
async function rawAnomalies(sql: Sql, until: Date): Promise<void> {
  await sql`
    with events as materialized (
      select k.family_id, u.ts, u.endpoint, u.ip_text, u.user_agent, u.status, u.bytes
      from keyctl.usage_events u join keyctl.api_keys k on k.id = u.key_id
      where u.ts >= ${until}::timestamptz - interval '28 days' and u.ts < ${until}::timestamptz
    ), spans as (
      select *, ts < ${until}::timestamptz - interval '4 hours' as is_history from events
    ), hours as (
      select family_id, date_trunc('hour', ts, 'UTC') as hour, count(*) as requests, sum(bytes) as bytes
      from spans group by 1, 2
    ), slots as (
      select family_id, extract(hour from hour at time zone 'UTC') as slot, extract(isodow from hour at time zone 'UTC') >= 6 as weekend,
        percentile_cont(array[0.05, 0.5, 0.95]) within group (order by requests) as requests,
        percentile_cont(array[0.05, 0.5, 0.95]) within group (order by bytes) as bytes
      from hours where hour < ${until}::timestamptz - interval '4 hours' group by 1, 2, 3
    ), known as (
      select family_id, endpoint, ip_text, substring(user_agent from '^[^/ ]+') as agent, bool_and(not is_history) as is_new, count(*) as requests
      from spans where status < 400 group by 1, 2, 3, 4
    )
    select h.family_id, h.hour, h.requests, s.requests, h.bytes, s.bytes, null::text, null::text, null::text
    from hours h join slots s on s.family_id = h.family_id and s.slot = extract(hour from h.hour at time zone 'UTC')
      and s.weekend = (extract(isodow from h.hour at time zone 'UTC') >= 6)
    where h.hour >= ${until}::timestamptz - interval '4 hours' and h.requests > 3 * s.requests[3] + 5
    union all
    select family_id, null, requests, null, null, null, endpoint, ip_text, agent from known where is_new`;
}
