import { type Command, Option } from 'commander';
import type { IncidentChanges } from '../../db/kernel-incidents.js';
import { usageError } from '../../domain/errors.js';
import {
  type IncidentSeverity,
  type IncidentType,
  incidentSeverities,
  incidentTypes,
} from '../../domain/incident.js';
import { parseInstant } from '../../domain/instant.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';
import { addIncidentId } from './id-argument.js';

interface UpdateFlags extends ChangeFlags {
  readonly title?: string;
  readonly severity?: IncidentSeverity;
  readonly type?: IncidentType;
  readonly detectedAt?: Date;
  readonly reason?: string;
}

const example =
  'keyctl incidents update INC-7 --severity critical --reason "the key is used from outside since 02:11"';

export function updateCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'update')
    .summary('change its title, type, severity or time of detection')
    .description(
      'Change what an incident was opened with. Its clocks follow a new severity or time of detection at once.',
    );
  addIncidentId(command)
    .option('--title <text>', 'what happened, in a few words', (text) =>
      parsePlainText('--title', text, { max: 200, example }),
    )
    .addOption(new Option('--severity <severity>', 'how bad it is').choices(incidentSeverities))
    .addOption(new Option('--type <type>', 'what kind it is').choices(incidentTypes))
    .option('--detected-at <when>', 'when it was noticed: 10m ago, a date, a time', (text) =>
      parseInstant('--detected-at', text, rt.machine.now()),
    )
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action(async (incidentId: string, flags: UpdateFlags) => {
    const changes = changesOf(flags);
    if (Object.keys(changes).length === 0) throw usageError('SETTING', 'what is to be changed?', example);
    if (flags.dryRun !== true) requireReason(rt, flags.reason);
    const reason = flags.dryRun === true ? '' : await askReason(rt, flags.reason);
    const { changeIncident } = await import('../../db/kernel-incidents.js');
    const { incidentChanged } = await import('../../render/incidents/incident-change.js');
    await changeOne(rt, incidentId, flags, {
      would: line`change ${clean(Object.keys(changes).join(', '))}`,
      work: (db, change) => changeIncident(db, change, { incidentId, changes, reason }),
      shown: incidentChanged,
    });
  });
}

function changesOf({ title, severity, type, detectedAt }: UpdateFlags): IncidentChanges {
  return {
    ...(title === undefined ? {} : { title }),
    ...(severity === undefined ? {} : { severity }),
    ...(type === undefined ? {} : { type }),
    ...(detectedAt === undefined ? {} : { detected_at: detectedAt.toISOString() }),
  };
}
