import type { Context } from '../../actions/context.js';
import type { FindingChanges } from '../../actions/detect/change-findings.js';
import type { RevocationCode } from '../../db/kernel-keys.js';
import type { KeyRow } from '../../db/reads/keys.js';
import { counted } from '../../render/numbers.js';
import type { View } from '../../render/renderer.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import type { ChangeOutcome, Notice } from '../../ui/kit/notice.js';
import type { ReviewChange } from '../../ui/review/review-port.js';
import { outcomeCode } from '../keys/outcome-code.js';

type RowsOf = (ctx: Context, keyIds: readonly string[]) => Promise<readonly KeyRow[]>;

/** Carries out what was asked for on the screen, by the actions of the commands, and says it in their words. */
export async function changeFromReview(
  ctx: Context,
  change: ReviewChange,
  view: View,
  rowsOf: RowsOf,
): Promise<ChangeOutcome> {
  switch (change.kind) {
    case 'revoke': {
      const { revokeKeys } = await import('../../actions/revoke-keys.js');
      const { revocation } = await import('../../render/revocation.js');
      const keys = await rowsOf(ctx, change.keyIds);
      const done = await revokeKeys(ctx, {
        keys,
        reason: change.reason,
        code: change.code as RevocationCode,
      });
      const failed = done.results.some(
        ({ outcome }) => outcome !== 'revoked' && outcome !== 'already_revoked',
      );
      return { failed, notices: asPrinted(revocation.text(done, view)) };
    }
    case 'suspend': {
      const { suspendKeys } = await import('../../actions/suspend-keys.js');
      const { suspension } = await import('../../render/suspension.js');
      const { reason, forSeconds } = change;
      const done = await suspendKeys(ctx, { keys: await rowsOf(ctx, change.keyIds), reason, forSeconds });
      return { failed: outcomeCode(done) !== 0, notices: asPrinted(suspension.text(done, view)) };
    }
    default:
      return await findingsChanged(ctx, change, view);
  }
}

type FindingsChange = Exclude<ReviewChange, { kind: 'revoke' | 'suspend' }>;

async function findingsChanged(ctx: Context, change: FindingsChange, view: View): Promise<ChangeOutcome> {
  const { findingChanges, isDone } = await import('../../render/findings.js');
  const wanted = change.kind === 'acknowledge' ? 'ack' : change.kind;
  const done = await changeFindings(ctx, change);
  const failed = done.results.some(({ outcome }) => !isDone(outcome, wanted));
  const few = done.results.length <= mostTold;
  return { failed, notices: few ? asPrinted(findingChanges.text(done, view)) : [countedOutcomes(done)] };
}

/** More lines than these push the keys off the screen. */
const mostTold = 3;

function countedOutcomes({ results, auditSeq }: FindingChanges): Notice {
  const outcomes = new Map<string, number>();
  for (const { outcome } of results) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const parts = [...outcomes].map(
    ([outcome, count]) => line`${counted(count, 'finding')} ${clean(outcome.replaceAll('_', ' '))}`,
  );
  const audit = auditSeq === null ? line`` : line`, audit ${auditSeq}`;
  return { tone: 'ok', text: line`${joinWith(line`, `, parts)}${audit}` };
}

async function changeFindings(ctx: Context, change: FindingsChange): Promise<FindingChanges> {
  const { acknowledge, dismiss, escalate, escalateAnew } = await import(
    '../../actions/detect/change-findings.js'
  );
  switch (change.kind) {
    case 'acknowledge':
      return await acknowledge(ctx, change.findingIds);
    case 'dismiss': {
      const suppressUntil = change.suppressUntil === null ? null : new Date(change.suppressUntil);
      return await dismiss(ctx, change.findingIds, { reason: change.reason, suppressUntil });
    }
    case 'escalate':
      return change.incident === 'new'
        ? await escalateAnew(ctx, change.findingIds)
        : await escalate(ctx, change.findingIds, change.incident);
  }
}

/** As the command prints it, with its signs and colours. */
function asPrinted(text: Safe): Notice[] {
  return text.split('\n').map((each) => ({ tone: null, text: each as Safe }));
}
