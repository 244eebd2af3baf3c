import { type Command, Option } from 'commander';
import type { Response, ResponseSettings } from '../../../db/kernel-findings.js';
import { parseDuration } from '../../../domain/duration.js';
import { usageError } from '../../../domain/errors.js';
import { wholeNumber } from '../../../domain/setting-values.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';
import { responseName } from './response-name.js';

interface SetFlags extends ChangeFlags {
  readonly suspend?: boolean;
  readonly stepDown?: boolean;
  readonly blockIp?: boolean;
  readonly notify?: boolean;
  readonly for?: number;
  readonly detector?: string;
  readonly severity?: 'critical' | 'high' | 'medium';
  readonly mostPerHour?: number;
  readonly reason?: string;
}

const example = '--suspend --for 4h --detector decoy --reason "SEC-31: agreed with the platform team"';

export function responseSetCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'set')
    .summary('set what is done by itself about findings')
    .description(
      'Set what keyctl audit anomalies --respond does by itself about findings that are open and were seen in the last 24 hours. ' +
        'What is not given stays. No more than --most-per-hour are done in an hour in the whole database, those of other responses ' +
        'counted. Needs keyctl_admin.',
    )
    .argument('<name>', 'of the response', responseName)
    .option('--suspend', 'suspend the key, for the time of --for')
    .option('--step-down', 'cut the key’s limits to a quarter')
    .option('--block-ip', 'block the address for every key, for the time of --for')
    .option('--notify', 'tell the program of --notify or KEYCTL_NOTIFY, on the machine that runs detection')
    .option('--for <duration>', 'how long it lasts: a minute to 30 days', (text) =>
      parseDuration('--for', text),
    )
    .option(
      '--detector <name>',
      'of one detector alone (keyctl help detectors); any: of every one',
      detectorName,
    )
    .addOption(
      new Option('--severity <least>', 'of findings that are at least so severe (critical)').choices([
        'critical',
        'high',
        'medium',
      ]),
    )
    .option(
      '--most-per-hour <number>',
      'in the whole database (3)',
      wholeNumber('--most-per-hour', { min: 1, max: 100, example: '3' }),
    )
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action(async (name: string, flags: SetFlags) => {
    const settings = settingsOf(flags);
    if (Object.keys(settings).length === 0) throw usageError('SETTING', 'what is to be done?', example);
    const { knownResponse, setResponse } = await import('../../../actions/detect/response-rules.js');
    const { responseChange, responseRulePlan } = await import('../../../render/response-change.js');
    if (flags.dryRun === true) {
      const known = await rt.withContext({}, (ctx) => knownResponse(ctx, name));
      return await rt.print(responseRulePlan, { name, settings, known });
    }
    requireReason(rt, flags.reason);
    const reason = await askReason(rt, flags.reason);
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      await rt.print(responseChange, await setResponse(ctx, { name, settings, reason }));
    });
  });
}

function settingsOf(flags: SetFlags): ResponseSettings {
  const response = responseOf(flags);
  const lasting = response === undefined || response === 'suspend' || response === 'block_ip';
  if (!lasting && flags.for !== undefined) {
    throw usageError('--for', 'only a suspension or a block lasts for a time', '--suspend --for 4h');
  }
  if (lasting && response !== undefined && flags.for === undefined) {
    throw usageError('--for', 'what a program does by itself ends by itself: for how long?', example);
  }
  return {
    ...(response === undefined ? {} : { response, lasts_seconds: flags.for ?? null }),
    ...(response === undefined && flags.for !== undefined ? { lasts_seconds: flags.for } : {}),
    ...(flags.detector === undefined ? {} : { detector: flags.detector === 'any' ? null : flags.detector }),
    ...(flags.severity === undefined ? {} : { least_severity: flags.severity }),
    ...(flags.mostPerHour === undefined ? {} : { most_per_hour: flags.mostPerHour }),
  };
}

function responseOf(flags: SetFlags): Response | undefined {
  const given = (
    [
      ['suspend', flags.suspend],
      ['step_down', flags.stepDown],
      ['block_ip', flags.blockIp],
      ['notify', flags.notify],
    ] as const
  ).filter(([, typed]) => typed === true);
  if (given.length > 1)
    throw usageError('RESPONSE', 'one response does one thing; set a second one beside it', example);
  return given[0]?.[0];
}

/** A detector of a newer or older keyctl may be meant: the form alone is checked. */
function detectorName(text: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(text)) {
    throw usageError(
      '--detector',
      'not the name of a detector',
      '--detector decoy; keyctl help detectors lists them',
    );
  }
  return text;
}
