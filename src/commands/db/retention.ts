import type { Command } from 'commander';
import { leastKeptDays, parseKeep } from '../../domain/retention.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askTyped, requireConsent } from '../consent.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';

interface RetentionFlags extends ChangeFlags {
  readonly keep: number;
}

/** Deleting the rollups of a year takes minutes. */
const longestMs = 3_600_000;

export function retentionCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'retention')
    .summary('drop usage that is older than you keep it')
    .description(
      'Drop usage events that are older than you keep them, whole weeks at a time, and their rollups. The audit log stays whole. ' +
        'Cannot be undone. Needs keyctl_admin.',
    )
    .requiredOption(
      '--keep <duration>',
      `how long usage is kept: 400d, at least ${leastKeptDays}d`,
      parseKeep,
    );
  addChangeFlags(command);
  return command.action((flags: RetentionFlags) => retain(rt, flags));
}

async function retain(rt: Runtime, flags: RetentionFlags): Promise<void> {
  requireConsent(rt, flags);
  const { applyRetention, planRetention } = await import('../../actions/apply-retention.js');
  const { retention, retentionPlan } = await import('../../render/retention.js');
  if (flags.dryRun === true || flags.yes !== true) {
    const plan = await rt.withContext({}, (ctx) => planRetention(ctx, flags.keep));
    if (flags.dryRun === true) return await rt.print(retentionPlan, plan);
    const count = plan.partitions.length;
    const prompt = line`This cannot be undone. Type ${count} to drop them:`;
    const about = retentionPlan.text(plan, rt.view('stderr'));
    if (count > 0) await askTyped(rt, { about, prompt }, (given) => given === String(count));
  }
  await rt.withContext({ operationId: flags.operationId, leastTimeoutMs: longestMs }, async (ctx) => {
    await rt.print(retention, await applyRetention(ctx, flags.keep));
  });
}
