import { appendEntries } from './audit-entries.js';
import type { Benchmark } from './benchmark.js';
import { reportMemory } from './export.js';
import { alternate } from './measure.js';
import { seriesLine } from './report.js';
import { watchProgram } from './watch.js';

/** The audit log for a SIEM: that it streams, however long the log is. */
export const exportAudit: Benchmark = {
  name: 'export-audit',
  title: '`audit export --format ocsf` of the audit log, whole process: memory, and that it does not grow',
  async run(stage) {
    const { ground, sizes, print, progress } = stage;
    const database = await ground.database('bench_export_audit');
    progress(`appending ${sizes.entries.toLocaleString('en')} rows to the audit log`);
    const part = Math.floor(sizes.entries / 10);
    await appendEntries(database, part);
    const [row] = await database.sql`select max(at) as until from keyctl.audit_log`;
    await appendEntries(database, sizes.entries - part);

    const args = ['audit', 'export', '--format', 'ocsf'];
    const until = ['--until', new Date(new Date(row?.until).getTime() + 1).toISOString()];
    const peaks: { whole: number[]; part: number[] } = { whole: [], part: [] };
    const take = (into: number[], more: readonly string[], rows: number) => async () => {
      const run = await watchProgram({ file: ground.keyctl, args: [...args, ...more], env: database.env });
      into.push(run.peakMb);
      return (rows * 1000) / run.elapsedMs;
    };
    const repeats = { runs: Math.min(3, sizes.bulks.runs), warmup: 0 };
    const [, whole = []] = await alternate(repeats, [
      take(peaks.part, until, part),
      take(peaks.whole, [], sizes.entries),
    ]);
    print(seriesLine({ name: 'keyctl audit export', unit: 'rows/s', samples: whole }));
    reportMemory(stage, { ...peaks, atMost: 150 });
    await database.drop();
  },
};
