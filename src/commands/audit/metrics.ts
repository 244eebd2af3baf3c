import type { Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export function metricsCommand(rt: Runtime): Command {
  return newCommand(rt, 'metrics')
    .summary('figures for Prometheus')
    .description(
      'Print figures in the text format of Prometheus: keys as they stand now, requests of the last hour, budgets of the month. ' +
        'No name of a key or a person is in them.',
    )
    .option('--textfile <file>', "write it there at once, for node_exporter's textfile collector")
    .action(async ({ textfile }: { readonly textfile?: string }) => {
      if (textfile !== undefined && rt.flags.output !== 'table')
        throw usageError('--textfile', `is no place for -o ${rt.flags.output}`, '--textfile keyctl.prom');
      const { readMetrics } = await import('../../actions/report/read-metrics.js');
      const { metricsText } = await import('../../render/report/metrics.js');
      await rt.withContext({}, async (ctx) => {
        const metrics = await readMetrics(ctx);
        if (textfile === undefined) return await rt.print(metricsText, metrics);
        const { writeWholeFile } = await import('../../runtime/written-file.js');
        const text = `${metricsText.text(metrics, rt.view('stdout'))}\n`;
        // Another user, node_exporter, reads it; nothing in it names anybody.
        await writeWholeFile(rt.machine, { flag: '--textfile', path: textfile, text, mode: 0o644 });
        rt.say(line`${rt.style('stderr').sign.ok} written to ${clean(textfile)}`);
      });
    });
}
