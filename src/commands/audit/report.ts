import { Argument, type Command, Option } from 'commander';
import type { Severity } from '../../actions/report/thresholds.js';
import { exitCodes } from '../../domain/errors.js';
import { type ReportKind, reportKinds } from '../../domain/report-kind.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { checkReportForm, printReport, type ReportForm } from '../report-out.js';
import { addWindow, type WindowFlags, windowOf } from './window-flags.js';

interface ReportFlags extends WindowFlags, ReportForm {
  readonly failOn?: Severity;
}

export function reportCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'report')
    .summary('keys, rotations, revocations and use of a day, a week, a month, or for an auditor')
    .description(
      'Report on the last 24 hours, 7, 30 or 90 (compliance) days: thresholds, requests, budgets, keys, rotation, revocations, ' +
        'changes. What is about keys is true now, whatever the window.',
    )
    .addArgument(new Argument('<kind>', 'how much, and for whom').choices(reportKinds))
    .addOption(new Option('--format <form>', 'Markdown or one HTML file (md)').choices(['md', 'html']))
    .addOption(
      new Option('--fail-on <severity>', 'exit 7 when a threshold is reached').choices([
        'warning',
        'critical',
      ]),
    )
    .option('--out <file>', 'write it there, readable by its owner alone; a file there is replaced');
  addWindow(rt, command);
  return command.action(async (kind: ReportKind, flags: ReportFlags) => {
    checkReportForm(rt, flags);
    const window = windowOf(flags);
    const { makeReport } = await import('../../actions/report/make-report.js');
    const { fails } = await import('../../actions/report/thresholds.js');
    const { reportHtml, reportText } = await import('../../render/report/report.js');
    const renderer = flags.format === 'html' ? reportHtml : reportText;
    await rt.withContext({}, async (ctx) => {
      const report = await makeReport(ctx, kind, window);
      if (flags.failOn !== undefined && fails(report.checks, flags.failOn)) rt.exitWith(exitCodes.check);
      await printReport(rt, renderer, report, flags.out);
    });
  });
}
