import type { IncidentChange } from '../../actions/incidents/change-incident.js';
import type { Change, Executor } from '../../db/kernel.js';
import type { Renderer } from '../../render/renderer.js';
import type { Safe } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { ChangeFlags } from '../new-command.js';

export interface OneChange<A> {
  /** `acknowledge it`, for --dry-run. */
  readonly would: Safe;
  readonly work: (db: Executor, change: Change) => Promise<A>;
  readonly shown: Renderer<IncidentChange<A>>;
}

/** A change of one incident that asks nothing: done in one statement, or with `--dry-run` told. */
export async function changeOne<A>(
  rt: Runtime,
  incidentId: string,
  flags: ChangeFlags,
  { would, work, shown }: OneChange<A>,
): Promise<void> {
  const { changeIncident } = await import('../../actions/incidents/change-incident.js');
  if (flags.dryRun === true) return await planOne(rt, incidentId, would);
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    await rt.print(shown, await changeIncident(ctx, incidentId, work));
  });
}

async function planOne(rt: Runtime, incidentId: string, would: Safe): Promise<void> {
  const { findIncident } = await import('../../actions/incidents/find-incident.js');
  const { incidentPlan } = await import('../../render/incidents/incident-change.js');
  await rt.withContext({}, async (ctx) => {
    await rt.print(incidentPlan, { incident: await findIncident(ctx, incidentId), would, obstacles: [] });
  });
}
