import type { Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { leastKeptDays, parseKeep } from '../../domain/retention.js';
import { wholeNumber } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';

interface PartitionsFlags extends ChangeFlags {
  readonly ahead?: number;
  readonly keep?: number;
  readonly attach?: string;
}

/** Reading all of a table and building its indexes takes as long as it takes. */
const longestMs = 3_600_000;

const aheadFlag = wholeNumber('--ahead', { min: 0, max: 104, example: '4' });

export function partitionsCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'partitions')
    .summary('the weekly tables that usage lies in, making them ahead, attaching others')
    .description(
      'List the weekly tables that usage lies in, with their times, size and estimated rows. ' +
        'A table to attach is made by: create table keyctl.usage_2024 (like keyctl.usage_events including all). It is for the whole ' +
        'weeks of its events; they are taken as they are, and counted by the next rollup.',
    )
    .option('--ahead <weeks>', 'make the tables of this week and of so many after it first', aheadFlag)
    .option(
      '--keep <duration>',
      `mark what retention would drop: 400d, at least ${leastKeptDays}d`,
      parseKeep,
    )
    .option('--attach <table>', 'make a prepared table one of them, filled; needs keyctl_admin', tableFlag);
  addChangeFlags(command);
  return command.action((flags: PartitionsFlags) =>
    flags.attach === undefined ? list(rt, flags) : attach(rt, flags.attach, flags),
  );
}

async function list(rt: Runtime, flags: PartitionsFlags): Promise<void> {
  const { listPartitions } = await import('../../actions/keep-partitions.js');
  const { partitionList } = await import('../../render/partition-list.js');
  const { ahead: weeksAhead = null, keep: keepSeconds = null, dryRun = false } = flags;
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    await rt.print(partitionList, await listPartitions(ctx, { weeksAhead, keepSeconds, dryRun }));
  });
}

async function attach(rt: Runtime, table: string, flags: PartitionsFlags): Promise<void> {
  if (flags.ahead !== undefined || flags.keep !== undefined)
    throw usageError(
      '--attach',
      'goes with neither --ahead nor --keep',
      'keyctl db partitions --attach keyctl.usage_2024',
    );
  const { attachTable } = await import('../../actions/keep-partitions.js');
  const { partitionAttachment, plannedAttachment } = await import('../../render/partition-attachment.js');
  const { operationId, dryRun = false } = flags;
  await rt.withContext({ operationId, leastTimeoutMs: longestMs }, async (ctx) => {
    const attached = await attachTable(ctx, table, { dryRun });
    await rt.print(dryRun ? plannedAttachment : partitionAttachment, attached);
  });
}

function tableFlag(text: string): string {
  return parsePlainText('--attach', text, { max: 130, example: '--attach keyctl.usage_2024' });
}
