import { type Command, Option } from 'commander';
import { type Severity, severities } from '../../../domain/detect/finding.js';
import { type FindingStatus, findingStatuses } from '../../../domain/detect/kept-finding.js';
import { listOf, oneOf, wholeNumber } from '../../../domain/setting-values.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { newCommand } from '../../new-command.js';
import { keysMeant } from '../../typed-keys.js';
import { addWindow, type WindowFlags, windowOf } from '../window-flags.js';

interface ListFlags extends WindowFlags {
  readonly key?: string;
  readonly status?: readonly FindingStatus[];
  readonly severity: Severity;
  readonly detector?: string;
  readonly all?: boolean;
  readonly limit: number;
}

const usualLimit = 200;

export function findingListCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'list')
    .summary('findings that were kept, the one seen last first')
    .description('List findings that are open, acknowledged or escalated; with --all dismissed ones too.')
    .option('--key <key>', 'about a KEY and its family')
    .option(
      '--status <status>',
      `${findingStatuses.join(', ')}; may be repeated`,
      listOf('--status', oneOf('--status', findingStatuses)),
    )
    .addOption(
      new Option('--severity <least>', 'leave out what is less severe')
        .choices(severities)
        .default('info' satisfies Severity),
    )
    .option('--detector <name>', 'of one detector (keyctl help detectors)')
    .option('--all', 'dismissed ones too')
    .option(
      '--limit <number>',
      'at most so many',
      wholeNumber('--limit', { min: 1, max: 1_000_000, example: '1000' }),
      usualLimit,
    );
  addWindow(rt, command);
  return command.action(async (flags: ListFlags) => {
    const { since, until } = windowOf(flags);
    const { findings } = await import('../../../db/reads/findings.js');
    const { findingList } = await import('../../../render/findings.js');
    await rt.withContext({}, async (ctx) => {
      const keys = flags.key === undefined ? null : await keysMeant(rt, ctx, [flags.key]);
      const filter = {
        ...(keys === null ? {} : { familyIds: keys.map(({ row }) => row.key.familyId) }),
        ...(flags.all === true ? {} : { statuses: flags.status ?? undismissed }),
        severities: severities.slice(0, severities.indexOf(flags.severity) + 1),
        ...(flags.detector === undefined ? {} : { detectors: [flags.detector] }),
        ...(since === null ? {} : { since }),
        ...(until === null ? {} : { until }),
        limit: flags.limit,
      };
      await rt.print(findingList, await ctx.db.query((db) => findings(db, filter)));
    });
  });
}

const undismissed = findingStatuses.filter((status) => status !== 'dismissed');
