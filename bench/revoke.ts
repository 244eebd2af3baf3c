import type { Benchmark } from './benchmark.js';
import { keyIds } from './generate.js';
import { insertKeys } from './keys.js';
import { alternate, timeProgram } from './measure.js';
import { missingLine, seriesLine, verdictLine } from './report.js';

const reason = 'leaked in a public repository, commit 7a3f21';

/** The job at 3 a.m.: one key dead, from the return key to the prompt, against a server that runs (F26, F32). */
export const revoke: Benchmark = {
  name: 'revoke',
  title: '`revoke KEY --reason … --yes`, whole processes, against `node -e 0`',
  async run({ ground, sizes, psql, print }) {
    const database = await ground.database('bench_revoke');
    const { processes } = sizes;
    const ids = keyIds(2 * (processes.runs + processes.warmup));
    await insertKeys(database.sql, ids);
    const { env } = database;
    const next = () => ids.pop() ?? '';
    const takes = [
      () => timeProgram({ file: 'node', args: ['-e', '0'], env: ground.env }),
      () => timeProgram({ file: ground.keyctl, args: ['revoke', next(), '--reason', reason, '--yes'], env }),
    ];
    if ('file' in psql) {
      const { file } = psql;
      takes.push(() => timeProgram({ file, args: callOfKernel(next()), env }));
    }
    const [node = [], keyctl = [], byPsql] = await alternate(processes, takes);
    const [row] =
      await database.sql`select count(*)::int as revoked from keyctl.audit_log where action = 'key.revoked'`;
    const expected = (takes.length - 1) * (processes.runs + processes.warmup);
    if (row?.revoked !== expected) throw new Error(`${row?.revoked} of ${expected} keys were revoked`);

    const against = { name: 'node -e 0', unit: 'ms', samples: node } as const;
    const subject = { name: 'keyctl revoke KEY', unit: 'ms', samples: keyctl } as const;
    print(seriesLine(against));
    print(seriesLine(subject));
    print(verdictLine({ subject, against, target: { atMost: 1.75, aim: 1.6 } }));
    if (byPsql !== undefined) {
      print(seriesLine({ name: 'for comparison: the same by psql', unit: 'ms', samples: byPsql }));
    } else if ('missing' in psql) print(missingLine('the same by psql', psql.missing));
    await database.drop();
  },
};

/** One statement of the kernel, without looking for the key and without asking: what the database's share is. */
function callOfKernel(id: string): string[] {
  const call = `select keyctl.revoke_key(gen_random_uuid(), '{}', '${id}', '${reason}', 'leaked')`;
  return ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', call];
}
