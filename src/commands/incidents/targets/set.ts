import { Argument, type Command } from 'commander';
import type { IncidentTargets } from '../../../db/kernel-incident-targets.js';
import { parseDuration } from '../../../domain/duration.js';
import { usageError } from '../../../domain/errors.js';
import { type IncidentSeverity, incidentSeverities } from '../../../domain/incident.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';

interface SetFlags extends ChangeFlags {
  readonly acknowledge?: number;
  readonly contain?: number;
  readonly investigate?: number;
  readonly recover?: number;
}

const example = 'keyctl incidents targets set critical --contain 15m';
const longest = 315_360_000;

export function targetsSetCommand(rt: Runtime): Command {
  const span = (flag: string) => (text: string) => {
    const seconds = parseDuration(flag, text);
    if (seconds > longest) throw usageError(flag, 'longer than ten years', example);
    return seconds;
  };
  const command = newCommand(rt, 'set')
    .summary('set the time that the phases of a severity have')
    .description(
      'Set the time that the phases of incidents of a severity have. What is not given stays; clocks of open incidents follow at ' +
        'once. Needs keyctl_admin.',
    )
    .addArgument(new Argument('<severity>', 'of which incidents').choices(incidentSeverities))
    .option('--acknowledge <duration>', 'until somebody has taken it up', span('--acknowledge'))
    .option('--contain <duration>', 'until no linked key is usable', span('--contain'))
    .option('--investigate <duration>', 'until the root cause is known', span('--investigate'))
    .option('--recover <duration>', 'until what replaces the keys works', span('--recover'));
  addChangeFlags(command);
  return command.action(async (severity: IncidentSeverity, flags: SetFlags) => {
    const targets = targetsOf(flags);
    if (Object.keys(targets).length === 0) throw usageError('TARGET', 'which one?', example);
    await set(rt, severity, targets, flags);
  });
}

async function set(
  rt: Runtime,
  severity: IncidentSeverity,
  targets: Partial<IncidentTargets>,
  flags: SetFlags,
): Promise<void> {
  const { setTargets } = await import('../../../actions/incidents/set-targets.js');
  const { incidentTargets } = await import('../../../db/reads/incidents.js');
  const { targetPlan, targetsSet } = await import('../../../render/incidents/target-list.js');
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    if (flags.dryRun !== true) return await rt.print(targetsSet, await setTargets(ctx, severity, targets));
    const all = await ctx.db.query(incidentTargets);
    const known = all.find((each) => each.severity === severity);
    if (known !== undefined) await rt.print(targetPlan, { known, targets });
  });
}

function targetsOf({ acknowledge, contain, investigate, recover }: SetFlags): Partial<IncidentTargets> {
  return {
    ...(acknowledge === undefined ? {} : { acknowledge_seconds: acknowledge }),
    ...(contain === undefined ? {} : { contain_seconds: contain }),
    ...(investigate === undefined ? {} : { investigate_seconds: investigate }),
    ...(recover === undefined ? {} : { recover_seconds: recover }),
  };
}
