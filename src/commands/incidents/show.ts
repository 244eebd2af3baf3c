import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { addIncidentId } from './id-argument.js';

export function showCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'show')
    .summary('one incident: clocks, keys, attempts, steps, what keeps it open')
    .description(
      'Show one incident: its clocks, its keys and what was tried with them since their death, its steps, pages and follow-ups, ' +
        'and what keeps it from being closed.',
    );
  return addIncidentId(command).action(async (incidentId: string) => {
    const { wholeIncident } = await import('../../actions/incidents/find-incident.js');
    const { incidentCard } = await import('../../render/incidents/incident-card.js');
    await rt.withContext({}, async (ctx) => rt.print(incidentCard, await wholeIncident(ctx, incidentId)));
  });
}
