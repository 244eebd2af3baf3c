import { type Command, Option } from 'commander';
import { usageError } from '../../domain/errors.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { addIncidentId } from './id-argument.js';

interface TimelineFlags {
  readonly format?: 'text' | 'md' | 'json' | 'csv';
}

export function timelineCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'timeline')
    .summary('what happened, when, by whom and why')
    .description(
      'Show what happened in an incident, from the audit log: every change that names it, steps, notes and links. A time that was ' +
        'corrected is shown beside the logged one.',
    );
  addIncidentId(command).addOption(
    new Option('--format <form>', 'text, Markdown, JSON or CSV (text)').choices([
      'text',
      'md',
      'json',
      'csv',
    ]),
  );
  return command.action(async (incidentId: string, flags: TimelineFlags) => {
    const { format } = flags;
    if (format !== undefined && rt.flags.output !== 'table')
      throw usageError('--format', `-o ${rt.flags.output} has a form of its own`, '--format md, or --json');
    // JSON and CSV are what -o makes of it.
    if (format === 'json' || format === 'csv') rt.flags = { ...rt.flags, output: format };
    const { findIncident } = await import('../../actions/incidents/find-incident.js');
    const { readTimeline } = await import('../../actions/incidents/read-timeline.js');
    const { timeline, timelineMarkdown } = await import('../../render/incidents/timeline.js');
    await rt.withContext({}, async (ctx) => {
      const { title } = await findIncident(ctx, incidentId);
      const renderer = (format === 'md' ? timelineMarkdown : timeline)({ incidentId, title });
      await rt.printPages(renderer, readTimeline(ctx, incidentId));
    });
  });
}
