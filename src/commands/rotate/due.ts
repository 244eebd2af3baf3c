import type { Command } from 'commander';
import type { Context } from '../../actions/context.js';
import type { DueFilter } from '../../db/reads/due-keys.js';
import { targetName } from '../../db/settings.js';
import { parseDuration } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import { counted } from '../../render/numbers.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../ask-reason.js';
import { askTyped, requireConsent } from '../consent.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { addSecretFlags, type SecretFlags, type SecretPlaces, secretPlaces } from './secret-places.js';

interface DueFlags extends ChangeFlags, SecretFlags {
  readonly olderThan?: number;
  readonly policy?: string;
  readonly max?: number;
  readonly reason?: string;
  readonly ticket?: string;
}

/** `keyctl rotate due`: the cron entry. */
export function dueCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'due')
    .summary('rotate what is due by policy and date: the cron entry')
    .description(
      'Rotate every key that is due by its policy, its expiry or its age. Ended graces and planned retirements are written ' +
        'down, and what an earlier run left behind is finished. Runs may overlap and repeat: no key is rotated twice, and a ' +
        'rerun does only the rest. One line for each key, as it is done.',
    )
    .option('--older-than <age>', 'keys that are active at least this long, instead of by policy', (text) =>
      parseDuration('--older-than', text),
    )
    .option('--policy <name>', 'keys that follow this policy or environment only')
    .option('--max <n>', 'rotate at most so many keys, the longest due first', (text) => {
      if (!/^[1-9]\d{0,8}$/.test(text)) throw usageError('--max', 'a whole number from 1', '--max 500');
      return Number(text);
    })
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag)
    .option('--ticket <ref>', 'reference to a ticket');
  addSecretFlags(command);
  addChangeFlags(command);
  return command.action((flags: DueFlags) => due(rt, flags));
}

async function due(rt: Runtime, flags: DueFlags): Promise<void> {
  requireConsent(rt, flags);
  if (flags.dryRun !== true) requireReason(rt, flags.reason);
  const places = await secretPlaces(rt, flags, { several: true });
  if (flags.dryRun === true) return await look(rt, flags, places);
  const max = flags.yes === true ? (flags.max ?? null) : await ask(rt, flags);
  const reason = await askReason(rt, flags.reason);
  await rt.withContext({ operationId: flags.operationId, ticket: flags.ticket }, async (ctx) => {
    const { runDue } = await import('./run-due.js');
    await runDue(rt, ctx, { filter: await filterOf(ctx, flags), max, reason, places });
  });
}

async function filterOf(ctx: Context, { olderThan, policy }: DueFlags): Promise<DueFilter> {
  const { dueFilter } = await import('../../actions/rotation/plan-due.js');
  return await dueFilter(ctx, { olderThanSeconds: olderThan ?? null, policy: policy ?? null });
}

async function look(rt: Runtime, flags: DueFlags, { sinksFor }: SecretPlaces): Promise<void> {
  const { dueCount, planDue } = await import('../../actions/rotation/plan-due.js');
  const { duePlan } = await import('../../render/due-plan.js');
  await rt.withContext({}, async (ctx) => {
    const filter = await filterOf(ctx, flags);
    const count = Math.min(await dueCount(ctx, filter), flags.max ?? Number.POSITIVE_INFINITY);
    await rt.printPages(duePlan(count), planDue(ctx, { filter, max: flags.max ?? null, sinksFor }));
    const what = count === 0 ? line`nothing is due` : line`would rotate ${counted(count, 'key')}`;
    rt.say(line`${what} in ${clean(targetName(ctx.db.target))}; nothing was changed`);
  });
}

/** Has the number of due keys typed, and answers it: what becomes due meanwhile was not agreed to. */
async function ask(rt: Runtime, flags: DueFlags): Promise<number> {
  const { dueCount } = await import('../../actions/rotation/plan-due.js');
  const { count, where } = await rt.withContext({}, async (ctx) => ({
    count: Math.min(await dueCount(ctx, await filterOf(ctx, flags)), flags.max ?? Number.POSITIVE_INFINITY),
    where: targetName(ctx.db.target),
  }));
  // Then there is only what ended by itself, or was agreed to before.
  if (count === 0) return 0;
  const about = line`${counted(count, 'key')} due in ${clean(where)}. Their old keys work on as their policies say, else for 24 hours.`;
  const prompt = line`Type ${count} to rotate them:`;
  await askTyped(rt, { about, prompt }, (given) => given === String(count));
  return count;
}
