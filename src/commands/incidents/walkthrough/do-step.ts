import { createHash } from 'node:crypto';
import { leaveOut, runStep, type StepReport } from '../../../actions/incidents/walkthrough/run-step.js';
import type { Runtime } from '../../../runtime/runtime.js';
import type { StepAsked, StepWork } from './asked.js';

/** Who takes a step: the same for every run of one person on one machine, who may go on with what was cut off. */
function holderOf({ machine, flags }: Runtime): string {
  const who = JSON.stringify([machine.user.name, machine.hostname, flags.actor]);
  return createHash('sha256').update(who).digest('hex').slice(0, 32);
}

/** Does a step whose answers are all there, in one session. */
export async function doStep(
  { rt, walk, step, flags }: StepAsked,
  work: StepWork,
  { takeOver, again }: { readonly takeOver: boolean; readonly again: boolean },
): Promise<StepReport> {
  const { incident_id: incidentId } = walk.row;
  const order = { incidentId, step: step.name, holder: holderOf(rt), takeOver, again };
  const { walkthroughOf } = await import('../../../actions/incidents/walkthrough/walkthrough.js');
  return await rt.withContext({ operationId: flags.operationId }, (ctx) =>
    runStep(ctx, order, async (inside) => work(inside, await walkthroughOf(inside, incidentId, null))),
  );
}

/** Leaves a step out. */
export async function skipStep({ rt, walk, step, flags }: StepAsked, reason: string): Promise<StepReport> {
  const { incident_id: incidentId } = walk.row;
  const input = { incidentId, step: step.name, holder: holderOf(rt), reason };
  return await rt.withContext({ operationId: flags.operationId }, (ctx) => leaveOut(ctx, input));
}
