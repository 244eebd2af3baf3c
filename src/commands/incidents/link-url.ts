import type { Command } from 'commander';
import { parsePage } from '../../domain/incident.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';
import { addIncidentId } from './id-argument.js';

interface LinkFlags extends ChangeFlags {
  readonly title?: string;
}

export function linkUrlCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'link-url')
    .summary('say that a page belongs to it: ticket, alert, commit')
    .description(
      'Say that a page belongs to an incident: the ticket, the alert, the commit. Nothing is fetched.',
    );
  addIncidentId(command)
    .argument('<url>', 'https://…', (text) => parsePage('URL', text))
    .option('--title <text>', 'what it is', (text) =>
      parsePlainText('--title', text, { max: 200, example: '--title "the alert"' }),
    );
  addChangeFlags(command);
  return command.action(async (incidentId: string, url: string, flags: LinkFlags) => {
    const { linkUrl } = await import('../../db/kernel-incidents.js');
    const { urlLinked } = await import('../../render/incidents/incident-change.js');
    await changeOne(rt, incidentId, flags, {
      would: line`link it to ${clean(url)}`,
      work: (db, change) => linkUrl(db, change, { incidentId, url, title: flags.title ?? null }),
      shown: urlLinked,
    });
  });
}
