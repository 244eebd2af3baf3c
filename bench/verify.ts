import { appendEntries } from './audit-entries.js';
import type { Benchmark } from './benchmark.js';
import type { BenchDatabase } from './ground.js';
import { alternate, type Program, timeProgram } from './measure.js';
import { comparisonLine, seriesLine, verdictLine } from './report.js';
import { watchProgram } from './watch.js';

/** Checking the whole audit log, against the same check as one SQL statement that PostgreSQL runs in parallel (F31). */
export const verify: Benchmark = {
  name: 'verify',
  title: '`audit verify`, whole process, against the same check in one parallel SQL statement, in the server',
  async run({ ground, sizes, print, progress }) {
    const database = await ground.database('bench_verify');
    const rows = sizes.entries;
    progress(`appending ${rows.toLocaleString('en')} rows to the audit log`);
    await appendEntries(database, rows);

    const program: Program = { file: ground.keyctl, args: ['audit', 'verify', '--quiet'], env: database.env };
    const perSecond = (elapsedMs: number) => (rows * 1000) / elapsedMs;
    const [keyctl = [], links = [], whole = []] = await alternate(sizes.bulks, [
      () => perSecond(timeProgram(program)),
      async () => perSecond(await statementMs(database, linksOnly)),
      async () => perSecond(await statementMs(database, sameCheck)),
    ]);
    const subject = { name: 'keyctl audit verify', unit: 'rows/s', samples: keyctl } as const;
    const against = { name: 'SQL, the same check', unit: 'rows/s', samples: whole } as const;
    const lesser = { name: 'SQL, links and hashes alone', unit: 'rows/s', samples: links } as const;
    for (const series of [lesser, against, subject]) print(seriesLine(series));
    print(verdictLine({ subject, against, target: { atLeast: 0.8 } }));
    print(comparisonLine(subject, lesser));
    const samples = [(await watchProgram(program)).peakMb];
    if (samples.every(Number.isFinite)) {
      const peak = { name: 'peak memory', unit: 'MB', samples } as const;
      print(seriesLine(peak));
      print(verdictLine({ subject: peak, against: null, target: { atMost: 150 } }));
    }
    await database.drop();
  },
};

const broken = `a.hash <> sha256(a.prev_hash || convert_to(a.record, 'UTF8'))
  or (p.hash is distinct from a.prev_hash and a.seq > 1)`;

const texts = ['action', 'key_id', 'family_id', 'incident_id', 'actor_db', 'actor_os', 'actor_claimed'];

const differing = `row(a.seq, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), a.operation_id::text,
  ${[...texts, 'host', 'reason'].map((name) => `a.${name}`).join(', ')}) is distinct from (
  select row(r.seq, r.at, r.operation_id, ${[...texts, 'host', 'reason'].map((name) => `r.${name}`).join(', ')})
  from json_to_record(a.record::json) as r (seq bigint, at text, operation_id text,
    ${[...texts, 'host', 'reason'].map((name) => `${name} text`).join(', ')}))`;

const checkWhere = (wrong: string) => `
  select min(a.seq) filter (where ${wrong}) as first_bad, count(*)
  from keyctl.audit_log a left join keyctl.audit_log p on p.seq = a.seq - 1`;

/** What a SQL check usually is, and less than `audit verify` does. */
const linksOnly = checkWhere(broken);
/** Every column against the text that was hashed as well. */
const sameCheck = checkWhere(`${broken} or ${differing}`);

async function statementMs(database: BenchDatabase, statement: string): Promise<number> {
  const session = database.connect();
  // As parallel as the machine allows; the planner would ask for fewer workers.
  await session.unsafe(`set max_parallel_workers_per_gather = 4; set min_parallel_table_scan_size = 0;
    set parallel_setup_cost = 0; set work_mem = '256MB'; set jit = off`);
  const startedAt = performance.now();
  const [row] = await session.unsafe(statement);
  const elapsedMs = performance.now() - startedAt;
  await session.end();
  if (row?.first_bad !== null) throw new Error(`the SQL check found row ${row?.first_bad} broken`);
  return elapsedMs;
}
