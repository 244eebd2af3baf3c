import type { Command } from 'commander';
import { usageError } from '../../../domain/errors.js';
import { parseIncidentId } from '../../../domain/incident.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';
import { changeFindings, findingIds } from './finding-ids.js';

interface EscalateFlags extends ChangeFlags {
  readonly incident?: string;
}

export function findingEscalateCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'escalate')
    .summary('make findings part of an incident')
    .description(
      'Make findings part of an incident: they stand in its timeline, and their keys are linked to it.',
    )
    .argument('<finding...>', 'fnd_…', findingIds)
    .option(
      '--incident <id>',
      'INC-7, or "new": opens one with the severity and the words of the gravest finding',
      (text) => (text === 'new' ? text : parseIncidentId('--incident', text)),
    );
  addChangeFlags(command);
  return command.action(async (ids: readonly string[], flags: EscalateFlags) => {
    const { incident } = flags;
    if (incident === undefined)
      throw usageError('--incident', 'into which incident?', '--incident INC-7, or --incident new');
    const { escalate, escalateAnew } = await import('../../../actions/detect/change-findings.js');
    await changeFindings(rt, flags, 'escalate', {
      ids,
      change: (ctx) => (incident === 'new' ? escalateAnew(ctx, ids) : escalate(ctx, ids, incident)),
    });
  });
}
