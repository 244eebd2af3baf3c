import { Argument, type Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { type IncidentMark, incidentMarks, parseNote } from '../../domain/incident.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';
import { addIncidentId } from './id-argument.js';

interface MarkFlags extends ChangeFlags {
  readonly text?: string;
}

/** What has to be said with it, with an example. */
const needed: Readonly<Partial<Record<IncidentMark, string>>> = {
  investigated: '--text "the token stood in the public log of CI run 812"',
  reviewed: '--text "logs are scanned before they are published"',
};

export function markCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'mark')
    .summary('say that a phase is done: contained, investigated, recovered, reviewed')
    .description(
      'Say that a phase of an incident is done. An incident is contained by itself when the last linked key dies; while one is ' +
        'usable, --text has to say by what it is restricted. "investigated" takes the root cause, "reviewed" the lessons.',
    );
  addIncidentId(command)
    .addArgument(new Argument('<phase>', 'what is done').choices(incidentMarks))
    .option('--text <text>', 'root cause, lessons, or how a usable key is restricted', (text) =>
      parseNote('--text', text),
    );
  addChangeFlags(command);
  return command.action(async (incidentId: string, mark: IncidentMark, flags: MarkFlags) => {
    const example = needed[mark];
    if (example !== undefined && flags.text === undefined) throw usageError('--text', 'is required', example);
    const { markIncident } = await import('../../db/kernel-incidents.js');
    const { marked } = await import('../../render/incidents/incident-change.js');
    await changeOne(rt, incidentId, flags, {
      would: line`mark it ${clean(mark)}`,
      work: (db, change) => markIncident(db, change, { incidentId, mark, text: flags.text ?? null }),
      shown: marked,
    });
  });
}
