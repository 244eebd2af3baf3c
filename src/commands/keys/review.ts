import { type Command, Option } from 'commander';
import type { NarrowedAccess } from '../../db/kernel-review.js';
import { targetName } from '../../db/settings.js';
import { type ReviewDecision, reviewDecisions } from '../../domain/access-review.js';
import { exitCodes, usageError } from '../../domain/errors.js';
import { settingParsers } from '../../domain/settings.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { reasonFlag } from '../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { keysMeant, typedOrSearched } from '../typed-keys.js';
import { changeSelected } from './change-selected.js';
import { outcomeCode } from './outcome-code.js';

export interface ReviewFlags extends ChangeFlags {
  readonly decision?: ReviewDecision;
  readonly scope?: readonly string[];
  readonly allowIp?: readonly string[];
  readonly reason?: string;
  readonly failOnFound?: boolean;
}

const example =
  'keyctl keys review key_7Q2mK9xZab3d --decision narrow --scope workflow:read --reason "AR-12: writes unused since May"';

export function reviewCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'review')
    .summary('review who may do what: keep, narrow, revoke')
    .description(
      'Without a KEY: the reviews of access that are due. With: what each key may do and what its family used in 90 days; on a ' +
        'terminal it then asks whether to keep, narrow or revoke the access. Off a terminal --decision says so; narrow only takes away.',
    )
    .argument('[key...]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .addOption(new Option('--decision <word>', 'what the review came to').choices([...reviewDecisions]))
    .option('--scope <scope>', 'a scope that is left, with narrow; repeated, or none', settingParsers.scopes)
    .option(
      '--allow-ip <network>',
      'a network that is left, with narrow; repeated',
      settingParsers.allowedIps,
    )
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag)
    .option('--fail-on-found', 'without a KEY: exit 7 when a review is due');
  addChangeFlags(command);
  return command.action(async (typed: string[], flags: ReviewFlags) => {
    refuseMixed(typed, flags);
    if (typed.length === 0) return await listDue(rt, flags);
    if (flags.decision !== undefined) return await review(rt, typed, flags, flags.decision);
    const keys = await typedOrSearched(rt, typed, example);
    if (rt.canAsk && rt.flags.output === 'table' && flags.yes !== true && flags.dryRun !== true) {
      const { reviewByAsking } = await import('./review-asking.js');
      return await reviewByAsking(rt, keys, flags);
    }
    await look(rt, keys);
  });
}

/** Refuses (2) flags that do not go together, before anything is opened. */
function refuseMixed(typed: readonly string[], flags: ReviewFlags): void {
  const { decision, scope, allowIp, failOnFound } = flags;
  const narrows = scope !== undefined || allowIp !== undefined;
  if (typed.length === 0 && (decision !== undefined || narrows))
    throw usageError('KEY', 'which key?', example);
  if (typed.length > 0 && failOnFound === true)
    throw usageError('--fail-on-found', 'goes without a KEY', 'keyctl keys review --fail-on-found');
  if (narrows && decision !== 'narrow')
    throw usageError(scope === undefined ? '--allow-ip' : '--scope', 'goes with --decision narrow', example);
  if (decision === 'narrow' && !narrows)
    throw usageError('--decision', 'narrow needs what is left: --scope or --allow-ip', example);
}

async function listDue(rt: Runtime, flags: ReviewFlags): Promise<void> {
  const { dueReviews } = await import('../../db/reads/due-reviews.js');
  const { reviewList } = await import('../../render/review-list.js');
  await rt.withContext({}, async (ctx) => {
    const reviews = await ctx.db.query(dueReviews);
    await rt.print(reviewList, { reviews, where: targetName(ctx.db.target) });
    if (flags.failOnFound === true && reviews.length > 0) rt.exitWith(exitCodes.check);
  });
}

async function look(rt: Runtime, keys: readonly string[]): Promise<void> {
  const { accessEvidence } = await import('../../actions/review-keys.js');
  const shown = await import('../../render/access-evidence.js');
  await rt.withContext({}, async (ctx) => {
    const found = [];
    for (const { row } of await keysMeant(rt, ctx, keys)) found.push(await accessEvidence(ctx, row));
    await rt.print(shown.accessEvidence, found);
  });
}

async function review(
  rt: Runtime,
  typed: readonly string[],
  flags: ReviewFlags,
  decision: ReviewDecision,
): Promise<void> {
  const narrowed = decision === 'narrow' ? narrowedBy(flags) : null;
  // What changes nobody's access asks nobody.
  const asked = decision === 'keep' ? { ...flags, yes: true } : flags;
  await changeSelected(rt, typed, asked, {
    verb: decision === 'narrow' ? line`narrow` : line`revoke`,
    warning: decision === 'narrow' ? line`It acts at once.` : line`This cannot be undone.`,
    example,
    fits: () => true,
    async about(ctx, rows) {
      const { accessEvidence } = await import('../../actions/review-keys.js');
      const shown = await import('../../render/access-evidence.js');
      const found = [];
      for (const row of rows) found.push(await accessEvidence(ctx, row));
      return shown.accessEvidence.text(found, rt.view('stderr'));
    },
    async look(_ctx, rows) {
      const { reviewPlan } = await import('../../render/access-review.js');
      await rt.print(
        reviewPlan,
        rows.map((row) => ({ row, decision, narrowed })),
      );
    },
    async act(ctx, rows, reason) {
      const { reviewKeys } = await import('../../actions/review-keys.js');
      const { accessReview } = await import('../../render/access-review.js');
      const done = await reviewKeys(
        ctx,
        rows.map((row) => ({ row, decision, narrowed, reason })),
      );
      await rt.print(accessReview, done);
      rt.exitWith(outcomeCode(done));
    },
  });
}

function narrowedBy({ scope, allowIp }: ReviewFlags): NarrowedAccess {
  return {
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(allowIp === undefined ? {} : { allowed_ips: allowIp }),
  };
}
