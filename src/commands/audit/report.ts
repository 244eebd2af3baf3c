import { Argument, type Command, Option } from 'commander';
import type { Report } from '../../actions/report/make-report.js';
import type { Severity } from '../../actions/report/thresholds.js';
import { exitCodes, usageError } from '../../domain/errors.js';
import { type ReportKind, reportKinds } from '../../domain/report-kind.js';
import type { Renderer } from '../../render/renderer.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { addWindow, type WindowFlags, windowOf } from './window-flags.js';

interface ReportFlags extends WindowFlags {
  readonly format?: 'md' | 'html';
  readonly failOn?: Severity;
  readonly out?: string;
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
    checkFlags(rt, flags);
    const window = windowOf(flags);
    const { makeReport } = await import('../../actions/report/make-report.js');
    const { fails } = await import('../../actions/report/thresholds.js');
    const { reportHtml, reportText } = await import('../../render/report/report.js');
    const renderer = flags.format === 'html' ? reportHtml : reportText;
    await rt.withContext({}, async (ctx) => {
      const report = await makeReport(ctx, kind, window);
      if (flags.failOn !== undefined && fails(report.checks, flags.failOn)) rt.exitWith(exitCodes.check);
      if (flags.out === undefined) await rt.print(renderer, report);
      else await writeReport(rt, flags.out, renderer, report);
    });
  });
}

function checkFlags(rt: Runtime, { format, out }: ReportFlags): void {
  const { output } = rt.flags;
  if (format !== undefined && output !== 'table')
    throw usageError('--format', `-o ${output} has a form of its own`, '--format html, or --json');
  if (out !== undefined && output !== 'table' && output !== 'json')
    throw usageError('--out', 'takes Markdown, HTML or JSON', '--out report.json --json');
}

async function writeReport(
  rt: Runtime,
  path: string,
  renderer: Renderer<Report>,
  report: Report,
): Promise<void> {
  const { writeWholeFile } = await import('../../runtime/written-file.js');
  const { jsonText } = await import('../../render/json-text.js');
  const text =
    rt.flags.output === 'json'
      ? jsonText(renderer.json(report), 2)
      : renderer.text(report, rt.view('stdout'));
  await writeWholeFile(rt.machine, { flag: '--out', path, text: `${text}\n`, mode: 0o600 });
  rt.say(line`${rt.style('stderr').sign.ok} written to ${clean(path)}`);
}
