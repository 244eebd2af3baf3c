import type { PlaybookAnswer } from '../../../db/kernel-incident-steps.js';
import { finishStep, setPlaybook } from '../../../db/kernel-incident-steps.js';
import { acknowledgeIncident } from '../../../db/kernel-incidents.js';
import type { IncidentStep } from '../../../db/reads/incident-detail.js';
import { derivedOperation } from '../../../domain/derived-operation.js';
import { exitCodes, KeyctlError, notFoundError } from '../../../domain/errors.js';
import { playbookFor } from '../../../domain/playbooks/built-in.js';
import type { Playbook, PlaybookStep } from '../../../domain/playbooks/playbook.js';
import { stepKinds } from '../../../domain/playbooks/step-kinds.js';
import { isoTime } from '../../../domain/stored-time.js';
import { type Context, changeOf } from '../../context.js';
import { type WholeIncident, wholeIncident } from '../find-incident.js';

/** A step of an incident's walkthrough, and how it stands. `again`: it was done before the incident opened again. */
export interface WalkthroughStep {
  readonly step: PlaybookStep;
  readonly state: 'open' | 'running' | 'done' | 'skipped' | 'again';
  /** What was written down about it; null when nobody touched it. */
  readonly record: IncidentStep | null;
}

/** An incident, its playbook, and how far it came. */
export interface Walkthrough extends WholeIncident {
  readonly playbook: Playbook;
  /** Whether the playbook is kept with the incident; else it is the one that would be. */
  readonly begun: boolean;
  readonly steps: readonly WalkthroughStep[];
  /** The first step that has to be done; null when none is left. */
  readonly next: WalkthroughStep | null;
}

/**
 * How the walkthrough of an incident stands.
 * @param chosen the playbook that it begins with, where none is kept yet; by its type otherwise
 * @throws KeyctlError 3 when there is no such incident; 4 when it follows another playbook already
 */
export async function walkthroughOf(
  ctx: Context,
  incidentId: string,
  chosen: Playbook | null,
): Promise<Walkthrough> {
  const whole = await wholeIncident(ctx, incidentId);
  const kept = whole.detail.playbook as unknown as Playbook | null;
  refuseUnknown(incidentId, kept);
  if (kept !== null && chosen !== null && kept.name !== chosen.name && whole.detail.steps.length > 0)
    throw otherPlaybook(incidentId, kept.name);
  const playbook = (whole.detail.steps.length > 0 ? kept : (chosen ?? kept)) ?? playbookFor(whole.row.type);
  return { ...whole, ...standing(whole, playbook), playbook, begun: kept?.name === playbook.name };
}

function standing({ row, detail }: WholeIncident, playbook: Playbook): Pick<Walkthrough, 'steps' | 'next'> {
  const records = new Map(detail.steps.map((each) => [each.step, each]));
  const steps = playbook.steps.map((step): WalkthroughStep => {
    const record = records.get(step.name) ?? null;
    return { step, record, state: stateOf(step, record, row.reopened_at) };
  });
  const isLeft = ({ state }: WalkthroughStep) => state !== 'done' && state !== 'skipped';
  return { steps, next: row.state === 'closed' ? null : (steps.find(isLeft) ?? null) };
}

/** What has to be true again after a dead key was let in. */
const repeatable: readonly string[] = ['contain', 'prove', 'watch', 'learn', 'close'];

function stateOf(
  { kind }: PlaybookStep,
  record: IncidentStep | null,
  reopenedAt: string | null,
): WalkthroughStep['state'] {
  if (record === null) return 'open';
  const stale =
    reopenedAt !== null && record.finished_at !== null && isoTime(record.finished_at) < isoTime(reopenedAt);
  return stale && repeatable.includes(kind) ? 'again' : record.state;
}

/** Keeps the playbook with the incident and acknowledges it: who walks through it has taken it up. Both may be so already. */
export async function beginWalkthrough(
  ctx: Context,
  incidentId: string,
  chosen: Playbook | null,
): Promise<Walkthrough> {
  const before = await walkthroughOf(ctx, incidentId, chosen);
  if (before.row.state === 'closed') return await finishClosing(ctx, before);
  const change = (part: string) => {
    const operationId = derivedOperation(ctx.operationId, part);
    return { ...changeOf(ctx), operationId };
  };
  if (!before.begun) {
    const set = change(`playbook ${before.playbook.name}`);
    await ctx.db.change(
      set.operationId,
      (db): Promise<PlaybookAnswer> => setPlaybook(db, set, { incidentId, playbook: before.playbook }),
    );
  }
  if (before.row.acknowledged_at === null) {
    const acknowledge = change('acknowledge');
    await ctx.db.change(acknowledge.operationId, (db) => acknowledgeIncident(db, acknowledge, incidentId));
  }
  return await walkthroughOf(ctx, incidentId, null);
}

/** A run that was cut off when it had closed the incident left its last step open. */
async function finishClosing(ctx: Context, walk: Walkthrough): Promise<Walkthrough> {
  const { incident_id: incidentId, closed_at: closedAt } = walk.row;
  const { record = null } =
    walk.steps.find(({ step, state }) => step.kind === 'close' && state === 'running') ?? {};
  if (record === null) return walk;
  const operationId = derivedOperation(record.operation_id, 'finish');
  const result = { closed_at: isoTime(closedAt), override: null, left: [] };
  await ctx.db.change(operationId, (db) =>
    finishStep(db, { ...changeOf(ctx), operationId }, { incidentId, step: record.step, result }),
  );
  return await walkthroughOf(ctx, incidentId, null);
}

/** @throws KeyctlError 3 when the playbook has no such step */
export function stepNamed({ playbook, steps, row }: Walkthrough, name: string): WalkthroughStep {
  const found = steps.find(({ step }) => step.name === name);
  if (found !== undefined) return found;
  const names = playbook.steps.map((step) => step.name).join(', ');
  throw notFoundError(
    `step ${name}`,
    `the playbook ${playbook.name} of ${row.incident_id}`,
    `one of ${names}; keyctl incidents run ${row.incident_id} --plan`,
  );
}

/** What the step of this kind found out, if it is done. */
export function resultOf(
  { steps }: Walkthrough,
  kind: PlaybookStep['kind'],
): Readonly<Record<string, unknown>> | null {
  const done = steps.filter(({ step, state }) => step.kind === kind && state === 'done');
  return done.at(-1)?.record?.result ?? null;
}

/** A newer keyctl may have kept steps that this one cannot do. */
function refuseUnknown(incidentId: string, kept: Playbook | null): void {
  const strange = kept?.steps.find(({ kind }) => !stepKinds.includes(kind));
  if (strange === undefined) return;
  throw new KeyctlError({
    code: 'unknown_step',
    message: `${incidentId} follows a playbook with a step that this keyctl does not know: ${strange.name}`,
    hint: 'install the keyctl that began it, or a newer one',
    exitCode: exitCodes.state,
  });
}

function otherPlaybook(incidentId: string, name: string): KeyctlError {
  return new KeyctlError({
    code: 'other_playbook',
    message: `${incidentId} follows the playbook ${name} already`,
    hint: `keyctl incidents run ${incidentId} --plan`,
    exitCode: exitCodes.state,
  });
}
