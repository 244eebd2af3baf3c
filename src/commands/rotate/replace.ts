import type { Command } from 'commander';
import type { Context } from '../../actions/context.js';
import type { KeyPair } from '../../actions/rotation/replace-key.js';
import { usageError } from '../../domain/errors.js';
import { parseReference, refuseBrokenToken } from '../../domain/reference.js';
import type { ReplacementPlan } from '../../render/replacement-plan.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { warnOfTypedTokens } from '../argv-token.js';
import { askReason, reasonFlag, requireReason } from '../ask-reason.js';
import { askConsent, requireConsent } from '../consent.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { addGraceFlags, prepareOptions, type RotationFlags, refuseContradictions } from './rotation-flags.js';

interface ReplaceFlags extends ChangeFlags, Pick<RotationFlags, 'grace' | 'compromised' | 'force'> {
  readonly reason?: string;
}

const example = 'keyctl rotate replace alice-prod alice-new --reason "made by hand during INC-42"';

export function replaceCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'replace')
    .summary('make a key that exists the successor of another')
    .description(
      'Make a key that exists the successor of another. NEW has to be active and alone in its family; it joins OLD’s family as ' +
        'its next version and keeps its own name, owner, scopes and limits.',
    )
    .argument('[old]', 'KEY that is to be replaced')
    .argument('[new]', 'KEY that takes over')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addGraceFlags(command);
  addChangeFlags(command);
  return command.action((old: string | undefined, next: string | undefined, flags: ReplaceFlags) =>
    replace(rt, [old, next], flags),
  );
}

async function replace(
  rt: Runtime,
  [old, next]: readonly [string | undefined, string | undefined],
  flags: ReplaceFlags,
): Promise<void> {
  refuseContradictions(flags);
  if (old === undefined || next === undefined) throw usageError('KEY', 'which two, OLD and NEW?', example);
  const typed = [old, next] as const;
  for (const text of typed) refuseBrokenToken(parseReference(text));
  warnOfTypedTokens(rt, typed);
  requireConsent(rt, flags);
  if (flags.dryRun !== true) requireReason(rt, flags.reason);
  const find = (ctx: Context) => meant(rt, ctx, typed, flags);

  if (flags.dryRun === true) return await look(rt, find, flags);
  const agreed = flags.yes === true ? null : await ask(rt, find, flags);
  const reason = await askReason(rt, flags.reason);
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    const { replaceKey } = await import('../../actions/rotation/replace-key.js');
    const { replacement } = await import('../../render/replacement.js');
    const pair = agreed ?? (await find(ctx));
    await rt.print(replacement, await replaceKey(ctx, pair, { options: prepareOptions(flags), reason }));
  });
}

async function meant(
  rt: Runtime,
  ctx: Context,
  typed: readonly [string, string],
  { operationId }: ReplaceFlags,
): Promise<KeyPair> {
  const { pairMeant } = await import('../../actions/rotation/replace-key.js');
  return await pairMeant(ctx, typed, { interactive: rt.canAsk, operationId });
}

async function look(
  rt: Runtime,
  find: (ctx: Context) => Promise<KeyPair>,
  flags: ReplaceFlags,
): Promise<void> {
  const { replacementPlan } = await import('../../render/replacement-plan.js');
  await rt.withContext({}, async (ctx) =>
    rt.print(replacementPlan, await planOf(ctx, await find(ctx), flags)),
  );
}

async function ask(
  rt: Runtime,
  find: (ctx: Context) => Promise<KeyPair>,
  flags: ReplaceFlags,
): Promise<KeyPair> {
  const { replacementQuestion } = await import('../../render/replacement-plan.js');
  const plan = await rt.withContext({}, async (ctx) => planOf(ctx, await find(ctx), flags));
  await askConsent(rt, {
    about: replacementQuestion(plan, rt.view('stderr')),
    warning: line`This cannot be undone.`,
    verb: line`replace`,
    keyIds: [plan.oldKey.key.id],
  });
  return plan;
}

/** The two keys, the grace that would apply, and what is known to be in the way. */
async function planOf(
  ctx: Context,
  pair: KeyPair,
  { grace, compromised = false, force }: ReplaceFlags,
): Promise<ReplacementPlan> {
  const { rotationPreviews } = await import('../../actions/rotation/preview-rotations.js');
  const { replacementGrace } = await import('../../db/reads/rotations.js');
  const [preview] = await rotationPreviews(ctx, [pair.oldKey]);
  const asked = compromised ? 0 : grace;
  return {
    ...pair,
    target: ctx.db.target,
    graceSeconds: asked ?? (await ctx.db.query((db) => replacementGrace(db, pair.oldKey.key.id))),
    obstacle: force === true ? null : (preview?.obstacle ?? null),
  };
}
