import type { Command } from 'commander';
import { parseInstant } from '../../domain/instant.js';
import { wholeNumber } from '../../domain/setting-values.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';
import { addIncidentId } from './id-argument.js';

interface CorrectFlags extends ChangeFlags {
  readonly at: Date;
  readonly reason?: string;
}

export function correctCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'correct')
    .summary('correct a time of its timeline, with a reason')
    .description(
      'Correct the time of a row of the timeline, by the number of its audit row. The log stays as it is, both times are shown, ' +
        'and the clocks follow the corrected one.',
    );
  addIncidentId(command)
    .argument(
      '<seq>',
      'the number of the audit row',
      wholeNumber('SEQ', { min: 1, max: 9_007_199_254_740_991, example: '8841' }),
    )
    .requiredOption('--at <when>', 'when it happened: 10m ago, or a time', (text) =>
      parseInstant('--at', text, rt.machine.now()),
    )
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action(async (incidentId: string, auditSeq: number, flags: CorrectFlags) => {
    if (flags.dryRun !== true) requireReason(rt, flags.reason);
    const reason = flags.dryRun === true ? '' : await askReason(rt, flags.reason);
    const at = flags.at.toISOString();
    const { correctTime } = await import('../../db/kernel-incidents.js');
    const { timeCorrected } = await import('../../render/incidents/incident-change.js');
    await changeOne(rt, incidentId, flags, {
      would: line`correct the time of ${auditSeq} to ${clean(at)}`,
      work: (db, change) => correctTime(db, change, { incidentId, auditSeq, at, reason }),
      shown: timeCorrected,
    });
  });
}
