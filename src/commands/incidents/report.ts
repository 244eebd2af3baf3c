import { type Command, Option } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { addWindow, type WindowFlags, windowOf } from '../audit/window-flags.js';
import { newCommand } from '../new-command.js';
import { checkReportForm, printReport, type ReportForm } from '../report-out.js';
import { addIncidentId } from './id-argument.js';

/** A million events are counted in a second; an incident may have more of them than the usual wait allows for. */
const longestMs = 120_000;

export function reportCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'report')
    .summary('a report for people: summary, gaps, plots, timeline')
    .description(
      'Report on an incident: a summary from facts, what is missing, its phases against their targets, requests and errors ' +
        'around it, keys, attempts, findings, timeline, follow-ups. The HTML is one file that loads nothing.',
    );
  addIncidentId(command)
    .addOption(new Option('--format <form>', 'Markdown or one HTML file (md)').choices(['md', 'html']))
    .option('--out <file>', 'write it there, readable by its owner alone; a file there is replaced');
  addWindow(rt, command, " (usage: a day before the incident's first sign)");
  return command.action(async (incidentId: string, flags: WindowFlags & ReportForm) => {
    checkReportForm(rt, flags);
    const window = windowOf(flags);
    const { reportIncident } = await import('../../actions/incidents/report-incident.js');
    const { incidentReportHtml, incidentReportText } = await import(
      '../../render/incidents/incident-report.js'
    );
    const renderer = flags.format === 'html' ? incidentReportHtml : incidentReportText;
    await rt.withContext({ leastTimeoutMs: longestMs }, async (ctx) => {
      const report = await reportIncident(ctx, incidentId, window);
      await printReport(rt, renderer, report, flags.out);
    });
  });
}
