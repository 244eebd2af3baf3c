import { type Command, Option } from 'commander';
import type { Anomalies, AnomalyQuery } from '../../actions/detect/find-anomalies.js';
import type { Notifier, Responses } from '../../actions/detect/respond.js';
import { type Severity, severities } from '../../domain/detect/finding.js';
import { exitCodes, usageError } from '../../domain/errors.js';
import { parseHookCommand } from '../../domain/hook-command.js';
import { wholeNumber } from '../../domain/setting-values.js';
import { programName } from '../../render/program-name.js';
import type { KnowledgeFlags } from '../../runtime/knowledge.js';
import type { ContextOptions, Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { tellIncidents } from '../tell-incidents.js';
import { typedOrSearched } from '../typed-keys.js';
import { addWindow, type WindowFlags, windowOf } from './window-flags.js';

interface AnomalyFlags extends WindowFlags, ChangeFlags, KnowledgeFlags {
  readonly severity: Severity;
  readonly alertBudget?: number;
  readonly replay?: boolean;
  readonly respond?: boolean;
  readonly notify?: string;
  readonly failOnFound?: boolean;
}

/** The first run walks through a week of everything; nobody should have to guess `--timeout` for a cron entry. */
const longestMs = 3_600_000;

/** `keyctl audit anomalies`: by hand, and the cron entry. */
export function anomaliesCommand(rt: Runtime): Command {
  const command = addFlags(rt, newCommand(rt, 'anomalies'));
  return command.action(async (typed: string | undefined, flags: AnomalyFlags) => {
    checkFlags(flags);
    windowOf(flags);
    const notifier = await notifierOf(rt, flags);
    const query = await queryOf(rt, typed, flags);
    const { findAnomalies } = await import('../../actions/detect/find-anomalies.js');
    const { anomalyReport } = await import('../../render/anomalies.js');
    const options: ContextOptions = { operationId: flags.operationId, leastTimeoutMs: longestMs };
    await rt.withContext(options, async (ctx) => {
      const anomalies = await findAnomalies(ctx, query, { interactive: rt.canAsk });
      let responses: Responses | null = null;
      if (flags.respond === true) {
        const { respond } = await import('../../actions/detect/respond.js');
        responses = await respond(ctx, anomalies.open, { notifier, dryRun: query.dryRun });
      }
      await rt.print(anomalyReport, { anomalies, responses, program: programName(rt.flags.demo) });
      if (anomalies.rollup !== null) tellIncidents(rt, anomalies.rollup.incidents);
      tellExit(rt, flags, anomalies, responses);
    });
  });
}

function addFlags(rt: Runtime, command: Command): Command {
  command
    .summary('what is unusual now, by key and risk; with --replay what would have been')
    .description(
      'Bring rollups and baselines up to date, judge what came in since the last time, keep what is found, and show it by key: the ' +
        'points of each finding add up to the risk of its key. With --replay walk history as if it were live, and say when each finding ' +
        'would have been raised; nothing is kept then. --respond does what the rules of keyctl audit responses say (keyctl_admin).',
    )
    .argument('[key]', 'a KEY; all keys without it')
    .addOption(
      new Option('--severity <least>', 'leave out what is less severe')
        .choices(severities)
        .default('info' satisfies Severity),
    )
    .option(
      '--alert-budget <number>',
      'alerts a day that the thresholds are made for (5 for 1,000 keys)',
      wholeNumber('--alert-budget', { min: 1, max: 100_000, example: '5' }),
    )
    .option('--replay', 'walk history as if it were live')
    .option('--respond', 'do what keyctl audit responses says')
    .option(
      '--notify <exec:command>',
      'the program that responses of the kind notify tell, with the finding on stdin',
    )
    .option('--fail-on-found', 'exit 7 when a finding is open')
    .option('--networks <file>', 'prefix table: prefix,asn,country,lat,lon')
    .option('--ip-list <file>', 'addresses and networks that nobody should come from, one a line')
    .option(
      '--maxmind <file>',
      'MaxMind database (.mmdb) of cities, countries or ASNs; may be repeated',
      (path: string, earlier?: readonly string[]) => [...(earlier ?? []), path],
    );
  addWindow(rt, command, ' (7d; with --replay 28d before the end of the log)');
  return addChangeFlags(command);
}

function checkFlags({ replay, respond, notify }: AnomalyFlags): void {
  if (replay === true && respond === true) {
    throw usageError('--respond', 'a replay acts on nothing: what it finds is over', '--respond --dry-run');
  }
  if (notify !== undefined && respond !== true) {
    throw usageError(
      '--notify',
      'without --respond nobody is told',
      '--respond --notify exec:/usr/local/bin/page',
    );
  }
}

async function queryOf(rt: Runtime, typed: string | undefined, flags: AnomalyFlags): Promise<AnomalyQuery> {
  const { readKnowledge } = await import('../../runtime/knowledge.js');
  const [key = null] =
    typed === undefined ? [] : await typedOrSearched(rt, [typed], 'keyctl audit anomalies alice-prod');
  return {
    key,
    since: flags.since ?? null,
    until: flags.until ?? null,
    severity: flags.severity,
    alertBudget: flags.alertBudget ?? null,
    replay: flags.replay === true,
    dryRun: flags.dryRun === true,
    knowledge: await readKnowledge(rt, flags),
  };
}

/**
 * Which program is told stands on this machine, in a flag or `KEYCTL_NOTIFY`, and never in the database: whoever may write
 * there must not choose what runs here.
 */
async function notifierOf(rt: Runtime, flags: AnomalyFlags): Promise<Notifier | null> {
  const [name, text = ''] =
    flags.notify === undefined ? ['KEYCTL_NOTIFY', rt.machine.env.KEYCTL_NOTIFY] : ['--notify', flags.notify];
  if (flags.respond !== true || text === '') return null;
  if (!text.startsWith('exec:')) throw usageError(name, 'not a program', `${name} exec:/usr/local/bin/page`);
  const command = parseHookCommand(name, text.slice('exec:'.length), 'exec:');
  const { hookWorld } = await import('../../runtime/delivery-places.js');
  const { toldFinding } = await import('../../render/finding-record.js');
  return { command, world: hookWorld(rt), describe: toldFinding };
}

/** Findings are what is asked about; that a response was not made counts for more. */
function tellExit(rt: Runtime, flags: AnomalyFlags, anomalies: Anomalies, responses: Responses | null): void {
  if (flags.failOnFound === true && anomalies.findings.some(({ status }) => status === 'open')) {
    rt.exitWith(exitCodes.check);
  }
  if (responses?.results.some(({ outcome }) => outcome === 'not_told')) rt.exitWith(exitCodes.partial);
}
