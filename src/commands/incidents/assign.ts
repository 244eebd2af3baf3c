import type { Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';
import { addIncidentId } from './id-argument.js';

interface AssignFlags extends ChangeFlags {
  readonly nobody?: boolean;
}

const example = 'keyctl incidents assign INC-7 jdoe';

export function assignCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'assign')
    .summary('say who leads it')
    .description('Say who leads an incident.');
  addIncidentId(command)
    .argument('[who]', 'name, login or e-mail', (text) => parsePlainText('WHO', text, { max: 200, example }))
    .option('--nobody', 'nobody leads it any more');
  addChangeFlags(command);
  return command.action(async (incidentId: string, who: string | undefined, flags: AssignFlags) => {
    if ((who === undefined) !== (flags.nobody === true))
      throw usageError('WHO', 'either somebody, or --nobody', example);
    const { assignIncident } = await import('../../db/kernel-incidents.js');
    const { assigned } = await import('../../render/incidents/incident-change.js');
    const lead = who ?? null;
    await changeOne(rt, incidentId, flags, {
      would: lead === null ? line`have nobody lead it` : line`have ${clean(lead)} lead it`,
      work: (db, change) => assignIncident(db, change, { incidentId, lead }),
      shown: assigned,
    });
  });
}
