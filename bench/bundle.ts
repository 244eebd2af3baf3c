import { join } from 'node:path';
import type { Sql } from 'postgres';
import { appendEntries } from './audit-entries.js';
import type { Benchmark } from './benchmark.js';
import { reportMemory } from './export.js';
import { type EventPlan, keyIds, startOf } from './generate.js';
import { insertKeys } from './keys.js';
import { loadEvents } from './load.js';
import { alternate, type Program } from './measure.js';
import { seriesLine } from './report.js';
import { watchProgram } from './watch.js';

/** As large as an incident is expected to be. */
const mostEvents = 5_000_000;
const hourMs = 3_600_000;

/** The evidence of a large incident: that it streams, however many events and rows of the audit log belong to it. */
export const bundle: Benchmark = {
  name: 'bundle',
  title:
    '`incidents bundle` of an incident with all events, whole process: memory, and that it does not grow',
  async run(stage) {
    const { ground, sizes, print, progress } = stage;
    const plan: EventPlan = {
      ...{ events: Math.min(sizes.events, mostEvents), keys: 20, weeks: 13, seed: 6 },
      until: new Date(Math.floor(Date.now() / hourMs) * hourMs),
    };
    const database = await ground.database('bench_bundle');
    const { sql } = database;
    const ids = keyIds(plan.keys);
    const id = await openIncident(sql, ids, startOf(plan));
    progress(`loading ${plan.events.toLocaleString('en')} events, and rows of the audit log`);
    await loadEvents(sql, plan);
    await appendEntries(database, Math.floor(sizes.entries / 10));

    const env = { ...database.env, KEYCTL_CHECKPOINT_KEY: join(ground.scratch, 'bundle.key') };
    const program = (...args: string[]): Program => ({ file: ground.keyctl, args, env });
    await watchProgram(program('audit', 'checkpoint', '--init'));
    const seal = (since: Date) => {
      const out = join(ground.scratch, 'bundle.tar');
      const args = ['incidents', 'bundle', id, '--force', '--timeout', '10m', '--out', out];
      return watchProgram(program(...args, '--since', since.toISOString()));
    };
    const peaks: { whole: number[]; part: number[] } = { whole: [], part: [] };
    const take = (into: number[], since: Date, events: number) => async () => {
      const run = await seal(since);
      into.push(run.peakMb);
      return (events * 1000) / run.elapsedMs;
    };
    const [, whole = []] = await alternate({ runs: Math.min(2, sizes.bulks.runs), warmup: 0 }, [
      take(peaks.part, lastTenth(plan), plan.events / 10),
      take(peaks.whole, startOf(plan), plan.events),
    ]);
    print(seriesLine({ name: 'keyctl incidents bundle', unit: 'rows/s', samples: whole }));
    reportMemory(stage, { ...peaks, atMost: 150 });
    await database.drop();
  },
};

/** One that all keys are linked to, by the kernel. */
async function openIncident(sql: Sql, ids: readonly string[], detectedAt: Date): Promise<string> {
  await insertKeys(sql, ids, detectedAt);
  const incident = { title: 'bench', type: 'leak', severity: 'high', detected_at: detectedAt.toISOString() };
  const [row] = await sql`
    select keyctl.open_incident(gen_random_uuid(), '{}', ${JSON.stringify(incident)}::text::jsonb,
      array(select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))) ->> 'incident_id' as id`;
  return String(row?.id);
}

function lastTenth(plan: EventPlan): Date {
  const from = startOf(plan).getTime();
  return new Date(plan.until.getTime() - (plan.until.getTime() - from) / 10);
}
