import type { Command } from 'commander';
import type { WholeIncident } from '../../actions/incidents/find-incident.js';
import { parseReason } from '../../domain/reason.js';
import { clean, joinLines, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askTyped, requireConsent } from '../consent.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { addIncidentId } from './id-argument.js';

interface CloseFlags extends ChangeFlags {
  readonly override?: string;
}

export function closeCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'close')
    .summary('close it, when nothing is left')
    .description(
      'Close an incident. Refused (4) while a linked key is usable, a required step is open or was skipped without a reason, or the ' +
        'review of a critical or high one is missing. It opens again by itself when a linked dead key is let in.',
    );
  addIncidentId(command).option(
    '--override <reason>',
    'close it although something is left; kept in the audit log with what that was',
    (text) => parseReason('--override', text),
  );
  addChangeFlags(command);
  return command.action(async (incidentId: string, flags: CloseFlags) => {
    requireConsent(rt, flags);
    if (flags.yes !== true || flags.dryRun === true) {
      const whole = await look(rt, incidentId);
      if (flags.dryRun === true) return await plan(rt, whole, flags);
      await ask(rt, whole);
    }
    const { changeIncident } = await import('../../actions/incidents/change-incident.js');
    const { closeIncident } = await import('../../db/kernel-incidents.js');
    const { closed } = await import('../../render/incidents/incident-change.js');
    const override = flags.override ?? null;
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      const done = await changeIncident(ctx, incidentId, (db, change) =>
        closeIncident(db, change, { incidentId, override }),
      );
      await rt.print(closed, done);
    });
  });
}

/** In a session of its own: nothing stays open while a person thinks. */
async function look(rt: Runtime, incidentId: string): Promise<WholeIncident> {
  const { wholeIncident } = await import('../../actions/incidents/find-incident.js');
  return await rt.withContext({}, (ctx) => wholeIncident(ctx, incidentId));
}

async function plan(rt: Runtime, { row, detail }: WholeIncident, { override }: CloseFlags): Promise<void> {
  const { incidentPlan } = await import('../../render/incidents/incident-change.js');
  const { blockerText } = await import('../../render/incidents/incident-words.js');
  const obstacles = override === undefined ? detail.blockers.map(blockerText) : [];
  await rt.print(incidentPlan, { incident: row, would: line`close it`, obstacles });
}

async function ask(rt: Runtime, whole: WholeIncident): Promise<void> {
  const { incidentCard } = await import('../../render/incidents/incident-card.js');
  const { incident_id: id } = whole.row;
  const about = joinLines([incidentCard.text(whole, rt.view('stderr'))]);
  const prompt = line`Type ${clean(id)} to close it:`;
  await askTyped(
    rt,
    { about, prompt },
    (given) => given.toUpperCase() === id || given === id.slice('INC-'.length),
  );
}
