import type { Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { parseIncidentId } from '../../domain/incident.js';
import { type Deadline, parseDeadline } from '../../domain/instant.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';

interface FollowUpFlags extends ChangeFlags {
  readonly title?: string;
  readonly owner?: string;
  readonly due?: Deadline;
  readonly done?: boolean;
}

const example =
  'keyctl incidents follow-up INC-7 --title "scan CI logs" --owner platform@example.com --due 14d';
const idForm = /^fup_[0-9A-Za-z]{12}$/;

export function followUpCommand(rt: Runtime): Command {
  const text = (flag: string, max: number) => (typed: string) =>
    parsePlainText(flag, typed, { max, example });
  const command = newCommand(rt, 'follow-up')
    .summary('what is still to be done, by whom and until when')
    .description(
      'Add what is still to be done about an incident, closed or not; or, with the id of a follow-up, say that it is done. ' +
        'keyctl incidents list --follow-ups lists them.',
    )
    .argument('<id>', 'INC-7 to add one to, or fup_… that is done')
    .option('--title <text>', 'what is to be done', text('--title', 300))
    .option('--owner <who>', 'who does it', text('--owner', 200))
    .option('--due <when>', 'until when: 14d, or 2026-12-01', (typed) => parseDeadline('--due', typed))
    .option('--done', 'it is done');
  addChangeFlags(command);
  return command.action(async (id: string, flags: FollowUpFlags) => {
    await (flags.done === true ? finish : add)(rt, id, flags);
  });
}

async function add(rt: Runtime, id: string, flags: FollowUpFlags): Promise<void> {
  if (idForm.test(id))
    throw usageError('--done', 'what about this follow-up?', `keyctl incidents follow-up ${id} --done`);
  const incidentId = parseIncidentId('ID', id);
  const { title, owner, due } = flags;
  if (title === undefined) throw usageError('--title', 'is required', example);
  if (owner === undefined) throw usageError('--owner', 'is required', example);
  if (due === undefined) throw usageError('--due', 'is required', example);
  // A day, counted from today where somebody is: nobody's follow-up is due at a minute.
  const at = due.kind === 'at' ? due.at : new Date(rt.machine.now().getTime() + due.seconds * 1000);
  const dueOn = at.toISOString().slice(0, 10);
  const { addFollowUp } = await import('../../db/kernel-incident-follow-ups.js');
  const { followUpAdded } = await import('../../render/incidents/incident-change.js');
  await changeOne(rt, incidentId, flags, {
    would: line`add a follow-up for ${clean(owner)} until ${clean(dueOn)}: ${clean(title)}`,
    work: (db, change) => addFollowUp(db, change, { incidentId, title, owner, dueOn }),
    shown: followUpAdded,
  });
}

async function finish(rt: Runtime, id: string, flags: FollowUpFlags): Promise<void> {
  if (!idForm.test(id))
    throw usageError('ID', 'a follow-up begins with fup_', 'keyctl incidents list --follow-ups shows them');
  const stray = (['title', 'owner', 'due'] as const).find((name) => flags[name] !== undefined);
  if (stray !== undefined)
    throw usageError(`--${stray}`, 'does not go with --done', `keyctl incidents follow-up ${id} --done`);
  const { finishFollowUp } = await import('../../actions/incidents/finish-follow-up.js');
  const { followUpDone, incidentPlan } = await import('../../render/incidents/incident-change.js');
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    if (flags.dryRun === true)
      return await rt.print(incidentPlan, {
        incident: null,
        would: line`finish ${clean(id)}`,
        obstacles: [],
      });
    await rt.print(followUpDone, await finishFollowUp(ctx, id));
  });
}
