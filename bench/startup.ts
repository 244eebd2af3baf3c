import type { Benchmark } from './benchmark.js';
import { alternate, timeProgram } from './measure.js';
import { seriesLine, verdictLine } from './report.js';

/** What every command pays: the two that do nothing else, against a Node that does nothing at all (F25). */
export const startup: Benchmark = {
  name: 'startup',
  title: 'starting, whole processes, against `node -e 0`',
  async run({ ground, sizes, print }) {
    const { env, keyctl } = ground;
    const [node = [], version = [], help = []] = await alternate(sizes.processes, [
      () => timeProgram({ file: 'node', args: ['-e', '0'], env }),
      () => timeProgram({ file: keyctl, args: ['--version'], env }),
      () => timeProgram({ file: keyctl, args: ['--help'], env }),
    ]);
    const against = { name: 'node -e 0', unit: 'ms', samples: node } as const;
    print(seriesLine(against));
    for (const [name, samples, atMost] of [
      ['keyctl --version', version, 1.08],
      ['keyctl --help', help, 1.22],
    ] as const) {
      const subject = { name, unit: 'ms', samples } as const;
      print(seriesLine(subject));
      print(verdictLine({ subject, against, target: { atMost } }));
    }
  },
};
