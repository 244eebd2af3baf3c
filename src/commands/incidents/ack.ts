import type { Command } from 'commander';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';
import { addIncidentId } from './id-argument.js';

export function ackCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'ack')
    .summary('say that you have taken it up')
    .description('Acknowledge an incident: say that you have taken it up. The first time stands.');
  addChangeFlags(addIncidentId(command));
  return command.action(async (incidentId: string, flags: ChangeFlags) => {
    const { acknowledgeIncident } = await import('../../db/kernel-incidents.js');
    const { acknowledged } = await import('../../render/incidents/incident-change.js');
    await changeOne(rt, incidentId, flags, {
      would: line`acknowledge it`,
      work: (db, change) => acknowledgeIncident(db, change, incidentId),
      shown: acknowledged,
    });
  });
}
