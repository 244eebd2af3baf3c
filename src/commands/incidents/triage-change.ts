import type { Context } from '../../actions/context.js';
import { enterIncident } from '../../actions/incidents/enter-incident.js';
import type { Change, Executor } from '../../db/kernel.js';
import type { Renderer, View } from '../../render/renderer.js';
import type { Safe } from '../../render/terminal-text.js';
import type { ChangeOutcome } from '../../ui/kit/notice.js';
import type { TriageChange } from '../../ui/triage/triage-port.js';
import { changeFromReview } from '../audit/review-change.js';
import { rowsOf } from '../audit/review-port.js';

/** Carries out what was asked for on the board, by the actions of the commands, and says it in their words. */
export async function changeFromTriage(
  ctx: Context,
  change: TriageChange,
  view: View,
): Promise<ChangeOutcome> {
  switch (change.kind) {
    case 'suspend':
    case 'revoke': {
      const { incidentId, keyIds, reason } = change;
      const code = change.kind === 'revoke' ? change.code : null;
      const choice = { kind: 'id', incidentId } as const;
      const entered = await enterIncident(ctx, choice, { keyIds, title: reason, code: null });
      return await changeFromReview(
        entered.ctx,
        code === null
          ? {
              kind: 'suspend',
              keyIds,
              reason,
              forSeconds: change.kind === 'suspend' ? change.forSeconds : null,
            }
          : { kind: 'revoke', keyIds, reason, code },
        view,
        rowsOf,
      );
    }
    case 'escalate':
      return await changeFromReview(ctx, { ...change, incident: 'new' }, view, rowsOf);
    case 'link':
      return await linked(ctx, change, view);
    default:
      return await changed(ctx, change, view);
  }
}

async function linked(
  ctx: Context,
  { incidentId, key, reason }: Extract<TriageChange, { kind: 'link' }>,
  view: View,
): Promise<ChangeOutcome> {
  const { linkKeys } = await import('../../actions/incidents/link-keys.js');
  const { keysLinked } = await import('../../render/incidents/incident-change.js');
  const keyIds = (await rowsOf(ctx, [key])).map(({ key: { id } }) => id);
  return said(keysLinked.text(await linkKeys(ctx, { incidentId, keyIds, reason }), view));
}

async function changed(
  ctx: Context,
  change: Extract<TriageChange, { kind: 'acknowledge' | 'assign' | 'note' }>,
  view: View,
): Promise<ChangeOutcome> {
  const { changeIncident } = await import('../../actions/incidents/change-incident.js');
  const kernel = await import('../../db/kernel-incidents.js');
  const words = await import('../../render/incidents/incident-change.js');
  const { incidentId } = change;
  const told = async <A>(
    shown: Renderer<{ readonly operationId: string; readonly answer: A }>,
    work: (db: Executor, by: Change) => Promise<A>,
  ) => said(shown.text(await changeIncident(ctx, incidentId, work), view));
  switch (change.kind) {
    case 'acknowledge':
      return await told(words.acknowledged, (db, by) => kernel.acknowledgeIncident(db, by, incidentId));
    case 'assign': {
      const { lead } = change;
      return await told(words.assigned, (db, by) => kernel.assignIncident(db, by, { incidentId, lead }));
    }
    case 'note': {
      const { note } = change;
      return await told(words.noted, (db, by) => kernel.noteIncident(db, by, { incidentId, note }));
    }
  }
}

/** As the command prints it, with its signs and colours. */
function said(text: Safe): ChangeOutcome {
  return { failed: false, notices: text.split('\n').map((each) => ({ tone: null, text: each as Safe })) };
}
