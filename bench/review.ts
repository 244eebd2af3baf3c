import { spawn } from '@lydell/node-pty';
import { type SQL, sql } from 'drizzle-orm';
import type { Sql } from 'postgres';
import type { Context } from '../src/actions/context.js';
import { readDays, readReview, readReviewDetail } from '../src/actions/detect/read-review.js';
import type { Benchmark } from './benchmark.js';
import { contextOf } from './context.js';
import type { BenchDatabase } from './ground.js';
import { alternate } from './measure.js';
import { seriesLine, verdictLine } from './report.js';

const findings = 10_000;
const reviewed = 1000;
/** Of a terminal as people have it. */
const size = { cols: 130, rows: 40 };
const rowsInSight = 30;

/** How long somebody waits for the review, and what each look costs whom they share the server with. */
export const review: Benchmark = {
  name: 'review',
  title: `\`audit review\` of ${findings} findings of ${reviewed} keys: to the first frame with rows, and what one refresh costs the server`,
  async run({ ground, sizes, print, dataset }) {
    const { database } = await dataset(sizes.events);
    const ctx = await contextOf(database);
    const forget = () => database.sql`delete from keyctl.findings where status_reason = 'bench'`;
    try {
      // A run that was killed left some.
      await forget();
      await insertFindings(database.sql);
      const [first = [], again = []] = await alternate(sizes.processes, [
        () => firstFrameMs(ground.keyctl, database),
        () => refreshMs(ctx),
      ]);
      for (const [name, samples, atMost] of [
        ['first frame with rows', first, 1200],
        ['a refresh, in the server', again, 200],
      ] as const) {
        const subject = { name, unit: 'ms', samples } as const;
        print(seriesLine(subject));
        print(verdictLine({ subject, against: null, target: { atMost } }));
      }
    } finally {
      await forget();
      await ctx.db.close();
      await database.close();
    }
  },
};

/** As detectors would have left them within the last week, on the busiest keys. */
async function insertFindings(session: Sql): Promise<void> {
  const evidence = { summary: '512 requests in an hour', factors: [], topIps: [], topEndpoints: [] };
  await session`
    insert into keyctl.findings (finding_id, detector, detector_family, severity, key_id, family_id, ip, cause, onset_at,
      window_start, window_end, last_seen_at, detected_at, observed, expected_low, expected_high, bits, weight, evidence,
      reproduce_sql, status, status_reason)
    select 'fnd_' || lpad(to_hex(n), 12, '0'), 'volume_requests', 'volume', 'medium', k.id, k.family_id, null, n::text, at, at, at, at, at,
      512, 40, 80, 4, 0.2 + (n % 50) / 100.0, ${JSON.stringify({ ...evidence, historyDays: 28, suggests: null })}::text::jsonb,
      'select 512 as observed', 'open', 'bench'
    from generate_series(1, ${findings}::int) n
    join (select id, family_id, row_number() over (order by last_used_at desc, id) as place from keyctl.api_keys) k
      on k.place = 1 + n % least(${reviewed}::int, (select count(*)::int from keyctl.api_keys))
    cross join lateral (select clock_timestamp() - n * interval '1 minute' as at) t`;
  await session`analyze keyctl.findings`;
}

/** The whole process, from its start until a key stands on the screen. */
async function firstFrameMs(keyctl: string, { env }: BenchDatabase): Promise<number> {
  const startedAt = performance.now();
  const pty = spawn(keyctl, ['audit', 'review', '--readonly'], { ...size, name: 'xterm-256color', env });
  const ended = new Promise<void>((resolve) => pty.onExit(() => resolve()));
  let written = '';
  const elapsedMs = await new Promise<number>((resolve, reject) => {
    pty.onData((data) => {
      written += data;
      if (/bench-\d+ +v1/.test(plain(written))) resolve(performance.now() - startedAt);
    });
    void ended.then(() => reject(new Error(`keyctl audit review ended: ${plain(written).trim()}`)));
  });
  pty.write('q');
  await ended;
  return elapsedMs;
}

/** Without colours and cursor movements. */
function plain(written: string): string {
  return written.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g'), '');
}

interface Report {
  readonly 'Planning Time': number;
  readonly 'Execution Time': number;
}

/** What the screen asks for every few seconds, as the server's own clock has it: planning and execution of each statement (F28). */
async function refreshMs(ctx: Context): Promise<number> {
  let elapsedMs = 0;
  for (const statement of await statementsOf(ctx)) {
    const explain = sql`explain (analyze, format json) ${statement}`;
    const [row] = await ctx.db.query((db) => db.execute(explain));
    const plans = row?.['QUERY PLAN'];
    const [report] = (typeof plans === 'string' ? JSON.parse(plans) : plans) as readonly Report[];
    if (report === undefined) throw new Error('explain answered nothing');
    elapsedMs += report['Planning Time'] + report['Execution Time'];
  }
  return elapsedMs;
}

async function statementsOf(ctx: Context): Promise<readonly SQL[]> {
  const statements: SQL[] = [];
  const heard: Context = {
    ...ctx,
    db: {
      ...ctx.db,
      query: (work) =>
        ctx.db.query((db) =>
          work({
            execute(statement) {
              statements.push(statement);
              return db.execute(statement);
            },
          }),
        ),
    },
  };
  const since = new Date(Date.now() - 7 * 86_400_000);
  const { subjects } = await readReview(heard, { since, alertBudget: null });
  const [worst] = subjects;
  if (worst === undefined) throw new Error('there is nothing to review');
  await readReviewDetail(heard, worst);
  const inSight = subjects.slice(0, rowsInSight).flatMap(({ keyId }) => keyId ?? []);
  await readDays(heard, inSight);
  return statements;
}
