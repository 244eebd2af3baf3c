import { type Command, Option } from 'commander';
import { targetName } from '../../db/settings.js';
import { usageError } from '../../domain/errors.js';
import { type IncidentSeverity, incidentSeverities } from '../../domain/incident.js';
import { wholeNumber } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

interface ListFlags {
  readonly all?: boolean;
  readonly severity?: readonly IncidentSeverity[];
  readonly overdue?: boolean;
  readonly followUps?: boolean;
  readonly limit?: number;
  readonly cursor?: number;
}

export function listCommand(rt: Runtime): Command {
  return newCommand(rt, 'list')
    .summary('incidents that are open, worst first; follow-ups')
    .description(
      'List incidents that are open, worst first, with the clock that runs: the time that is left, or with a minus over. With ' +
        '--follow-ups what is still to be done about them, closed or not.',
    )
    .option('--all', 'closed ones too, or follow-ups that are done')
    .addOption(new Option('--open', 'those that are open (as without it)').conflicts('all'))
    .addOption(new Option('--severity <severity...>', 'only these').choices(incidentSeverities))
    .option('--overdue', 'only those whose clock is over, or whose day has passed')
    .option('--follow-ups', 'follow-ups instead, by the day they are due')
    .option('--limit <n>', 'how many (200)', wholeNumber('--limit', { min: 1, max: 10_000, example: '500' }))
    .option(
      '--cursor <c>',
      'go on where the page before ended',
      wholeNumber('--cursor', { min: 0, max: 100_000_000, example: '200' }),
    )
    .action(async (flags: ListFlags) => {
      if (flags.followUps === true) return await showFollowUps(rt, flags);
      await showIncidents(rt, flags);
    });
}

async function showIncidents(rt: Runtime, flags: ListFlags): Promise<void> {
  const { listIncidents } = await import('../../db/reads/incidents.js');
  const { incidentList } = await import('../../render/incidents/incident-list.js');
  const { all = false, overdue = false, severity, limit = 200, cursor: offset = 0 } = flags;
  const filter = { open: !all, overdue, ...(severity === undefined ? {} : { severities: severity }) };
  await rt.withContext({}, async (ctx) => {
    const page = await ctx.db.query((db) => listIncidents(db, { filter, limit, offset }));
    await rt.print(incidentList, { page, all, where: targetName(ctx.db.target) });
  });
}

async function showFollowUps(rt: Runtime, flags: ListFlags): Promise<void> {
  if (flags.severity !== undefined)
    throw usageError('--severity', 'follow-ups have none', '--follow-ups --overdue');
  if (flags.limit !== undefined || flags.cursor !== undefined)
    throw usageError(
      flags.limit === undefined ? '--cursor' : '--limit',
      'follow-ups are listed whole',
      '--follow-ups',
    );
  const { listFollowUps } = await import('../../db/reads/incident-detail.js');
  const { followUpList } = await import('../../render/incidents/follow-up-list.js');
  const { all = false, overdue = false } = flags;
  await rt.withContext({}, async (ctx) => {
    const followUps = await ctx.db.query((db) => listFollowUps(db, { all, overdue }));
    await rt.print(followUpList, { followUps, where: targetName(ctx.db.target) });
  });
}
