import {
  type AcknowledgeOutcome,
  acknowledgeFindings,
  type DismissOutcome,
  dismissFindings,
  type EscalateOutcome,
  escalateFindings,
  escalateAnew as escalateTogether,
} from '../../db/kernel-findings.js';
import { findings } from '../../db/reads/findings.js';
import { targetName } from '../../db/settings.js';
import type { KeptFinding } from '../../domain/detect/kept-finding.js';
import { severityRank } from '../../domain/detect/risk.js';
import { notFoundError } from '../../domain/errors.js';
import { type Context, changeOf } from '../context.js';

export type FindingOutcome = AcknowledgeOutcome | DismissOutcome | EscalateOutcome;

/** What became of findings that were to be changed. */
export interface FindingChanges {
  readonly operationId: string;
  readonly results: readonly { readonly findingId: string; readonly outcome: FindingOutcome }[];
  readonly auditSeq: number | null;
  readonly incidentId: string | null;
  readonly suppressedUntil: string | null;
}

/**
 * The findings of these ids, in their order.
 * @throws KeyctlError 3 when one is not there, naming the database
 */
export async function findFindings(ctx: Context, ids: readonly string[]): Promise<readonly KeptFinding[]> {
  const known = await ctx.db.query((db) => findings(db, { ids }));
  return ids.map((id) => {
    const finding = known.find(({ findingId }) => findingId === id);
    if (finding === undefined) {
      throw notFoundError(`finding ${id}`, targetName(ctx.db.target), 'keyctl audit findings list');
    }
    return finding;
  });
}

/** @throws KeyctlError 3 when one is not there; nothing is changed then */
export async function acknowledge(ctx: Context, ids: readonly string[]): Promise<FindingChanges> {
  await findFindings(ctx, ids);
  const answer = await ctx.db.change(ctx.operationId, (db) =>
    acknowledgeFindings(db, changeOf(ctx), { findingIds: ids }),
  );
  return changesOf(ctx, answer);
}

/** @param input.suppressUntil until then nothing is raised for the same key, detector and cause */
export async function dismiss(
  ctx: Context,
  ids: readonly string[],
  input: { readonly reason: string; readonly suppressUntil: Date | null },
): Promise<FindingChanges> {
  await findFindings(ctx, ids);
  const suppressUntil = input.suppressUntil?.toISOString() ?? null;
  const answer = await ctx.db.change(ctx.operationId, (db) =>
    dismissFindings(db, changeOf(ctx), { findingIds: ids, reason: input.reason, suppressUntil }),
  );
  return { ...changesOf(ctx, answer), suppressedUntil: suppressUntil };
}

/** Makes them part of an incident. @throws KeyctlError 3 (no such finding or incident), 4 (it is closed) */
export async function escalate(
  ctx: Context,
  ids: readonly string[],
  incidentId: string,
): Promise<FindingChanges> {
  await findFindings(ctx, ids);
  const answer = await ctx.db.change(ctx.operationId, (db) =>
    escalateFindings(db, changeOf(ctx), { findingIds: ids, incidentId }),
  );
  return { ...changesOf(ctx, answer), incidentId };
}

const longestTitle = 120;

/** Opens an incident about the gravest of them and makes all of them part of it. @throws KeyctlError 3 */
export async function escalateAnew(ctx: Context, ids: readonly string[]): Promise<FindingChanges> {
  const found = await findFindings(ctx, ids);
  const [gravest] = found.toSorted((a, b) => severityRank(a.severity) - severityRank(b.severity));
  if (gravest === undefined) throw new RangeError('an incident is about something');
  const about = gravest.keyName ?? gravest.keyId ?? gravest.ip ?? '';
  const detectedAt = Math.min(...found.map((finding) => finding.detectedAt));
  const answer = await ctx.db.change(ctx.operationId, (db) =>
    escalateTogether(db, changeOf(ctx), {
      findingIds: ids,
      incident: {
        // No word of an attacker's text: a title is read out in a call.
        title: plainLine(`${gravest.detector} of ${about}`).slice(0, longestTitle),
        type: 'abuse',
        severity: gravest.severity === 'info' ? 'low' : gravest.severity,
        detectedAt: new Date(detectedAt).toISOString(),
        lead: null,
        findingId: gravest.findingId,
      },
    }),
  );
  return { ...changesOf(ctx, answer), incidentId: answer.incident_id };
}

/** Names may hold anything; a title is one line. */
function plainLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

interface Answered {
  readonly results: readonly { readonly finding_id: string; readonly outcome: FindingOutcome }[];
  readonly audit_seq: number | null;
}

function changesOf({ operationId }: Context, { results, audit_seq: auditSeq }: Answered): FindingChanges {
  return {
    operationId,
    results: results.map(({ finding_id: findingId, outcome }) => ({ findingId, outcome })),
    ...{ auditSeq, incidentId: null, suppressedUntil: null },
  };
}
