import type { Command } from 'commander';
import { usageError } from '../../../domain/errors.js';
import { parseEmail } from '../../../domain/setting-values.js';
import { clean, joinLines, line } from '../../../render/terminal-text.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../../ask-reason.js';
import { askTyped, requireConsent } from '../../consent.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';

interface ForgetFlags extends ChangeFlags {
  readonly reason?: string;
}

export function ownerForgetCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'forget')
    .summary('empty what is personal about a person; keys and record stay whole')
    .description(
      'Forget a person: e-mail, name, user id and billing contacts are emptied. The keys stay as they are, and the audit log stays ' +
        'whole, because it never held more than an owner_id. Says what free text still names the address. Needs keyctl_admin.',
    )
    .argument('<email>', "the owner's address", (text) => parseEmail('EMAIL', text))
    .option('--reason <text>', 'why; kept in the audit log, so without the address', reasonFlag);
  addChangeFlags(command);
  return command.action(async (email: string, flags: ForgetFlags) => {
    requireConsent(rt, flags);
    if (flags.dryRun !== true) requireReason(rt, flags.reason);
    checkReason(email, flags.reason);
    if ((await lookAndAsk(rt, email, flags)) === 'only looked') return;
    const reason = await askReason(rt, flags.reason);
    checkReason(email, reason);
    const { forgetOwner } = await import('../../../actions/report/forget-owner.js');
    const { forgottenOwner } = await import('../../../render/report/forgotten-owner.js');
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      await rt.print(forgottenOwner, await forgetOwner(ctx, { email, reason }));
    });
  });
}

/** The kernel refuses it too; here it is said before anything is opened. */
function checkReason(email: string, reason: string | undefined): void {
  if (reason?.toLowerCase().includes(email.toLowerCase()) !== true) return;
  throw usageError(
    '--reason',
    'the audit log would keep the address for ever: leave it out',
    '--reason "erasure request DSR-118 of 2026-08-20"',
  );
}

/** What would be emptied is looked at in a session of its own: nothing stays open while a person thinks. */
async function lookAndAsk(rt: Runtime, email: string, flags: ForgetFlags): Promise<'agreed' | 'only looked'> {
  if (flags.yes === true && flags.dryRun !== true) return 'agreed';
  const { planForgetting } = await import('../../../actions/report/forget-owner.js');
  const { forgetPlan } = await import('../../../render/report/forgotten-owner.js');
  const { targetLine } = await import('../../../render/target-line.js');
  const seen = await rt.withContext({}, async (ctx) => ({
    plan: await planForgetting(ctx, email),
    target: ctx.db.target,
  }));
  if (flags.dryRun === true) {
    await rt.print(forgetPlan, seen.plan);
    return 'only looked';
  }
  const about = joinLines([targetLine(seen.target), forgetPlan.text(seen.plan, rt.view('stderr'))]);
  const prompt = line`This cannot be undone. Type ${clean(email)} to forget this person:`;
  await askTyped(rt, { about, prompt }, (given) => given.toLowerCase() === email.toLowerCase());
  return 'agreed';
}
