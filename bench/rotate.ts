import { join } from 'node:path';
import type { Benchmark } from './benchmark.js';
import { keyIds } from './generate.js';
import { insertKeys } from './keys.js';
import { alternate, timeProgram } from './measure.js';
import { seriesLine, verdictLine } from './report.js';

const reason = 'quarterly rotation, OPS-311';

/** One key by hand, its successor in a file, against a server that runs. */
export const rotate: Benchmark = {
  name: 'rotate',
  title: '`rotate KEY --deliver file:… --yes`, whole processes, against `node -e 0`',
  async run({ ground, sizes, print }) {
    const database = await ground.database('bench_rotate');
    const { processes } = sizes;
    const ids = keyIds(processes.runs + processes.warmup);
    await insertKeys(database.sql, ids);
    const { env } = database;
    const rotateNext = () => {
      const id = ids.pop() ?? '';
      const to = `file:${join(ground.scratch, `rotated-${id}`)}`;
      const args = ['rotate', id, '--deliver', to, '--reason', reason, '--yes'];
      return timeProgram({ file: ground.keyctl, args, env });
    };
    const [node = [], keyctl = []] = await alternate(processes, [
      () => timeProgram({ file: 'node', args: ['-e', '0'], env: ground.env }),
      rotateNext,
    ]);
    const [row] =
      await database.sql`select count(*)::int as n from keyctl.audit_log where action = 'rotation.activated'`;
    const expected = processes.runs + processes.warmup;
    if (row?.n !== expected) throw new Error(`${row?.n} of ${expected} keys were rotated`);

    const against = { name: 'node -e 0', unit: 'ms', samples: node } as const;
    const subject = { name: 'keyctl rotate KEY', unit: 'ms', samples: keyctl } as const;
    print(seriesLine(against));
    print(seriesLine(subject));
    print(verdictLine({ subject, against, target: { atMost: 2 } }));
    await database.drop();
  },
};
