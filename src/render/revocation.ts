import type { RevocationResult, Revocations } from '../actions/revoke-keys.js';
import { formatDuration } from '../domain/duration.js';
import { programName } from './program-name.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** What came of a revocation, key by key. */
export const revocation: Renderer<Revocations> = {
  text: (value, view) => {
    const several = value.results.length > 1;
    const texts = value.results.map((result) => resultText(result, several, value.incidentId, view));
    return joinLines(several ? [...texts, countsText(value.results)] : texts);
  },
  json: (value) => ({
    operation_id: value.operationId,
    incident_id: value.incidentId,
    results: value.results.map(resultJson),
    ...counts(value.results),
  }),
  records: (value) =>
    value.results.map((result) => ({ operation_id: value.operationId, ...resultJson(result) })),
  columns: ['key_id', 'outcome', 'revoked_at', 'revoked_by', 'reason', 'audit_seq', 'error', 'verification'],
  ids: (value) => value.results.map((result) => result.keyId),
};

export function counts(results: readonly RevocationResult[]) {
  const of = (...outcomes: readonly string[]) =>
    results.filter((each) => outcomes.includes(each.outcome)).length;
  return {
    revoked: of('revoked'),
    already_revoked: of('already_revoked'),
    failed: of('failed', 'unknown', 'not_found', 'already_replaced'),
  };
}

/** What to look at now; null when nothing was revoked. */
export function nextAfter({ results }: Revocations, { demo }: { readonly demo: boolean }): Safe | null {
  const [first, second] = results.filter((result) => result.outcome === 'revoked');
  if (first === undefined) return null;
  const keyctl = programName(demo);
  return second === undefined
    ? line`  next  ${keyctl} audit endpoints ${clean(first.keyId)}   what was done with it`
    : line`  next  ${keyctl} audit log --action key.revoked   the record of it`;
}

function countsText(results: readonly RevocationResult[]): Safe {
  const { revoked, already_revoked: already, failed } = counts(results);
  const parts = [
    line`${revoked} revoked`,
    ...(already > 0 ? [line`${already} already revoked`] : []),
    ...(failed > 0 ? [line`${failed} not revoked`] : []),
  ];
  return joinWith(line`, `, parts);
}

function resultText(result: RevocationResult, several: boolean, incidentId: string | null, view: View): Safe {
  const { style } = view;
  const key = several ? line`${clean(result.keyId)}  ` : line``;
  const first = line`${key}${outcomeText(result, incidentId, view)}`;
  if (result.verification === null) return first;
  return joinLines([first, line`${key}${proofText(result.verification, style)}`]);
}

function outcomeText(result: RevocationResult, incidentId: string | null, { style }: View): Safe {
  const incident = incidentId === null ? line`` : line` ${style.glyph.dot} ${clean(incidentId)}`;
  switch (result.outcome) {
    case 'revoked':
      return style.ok(
        line`${style.sign.ok} revoked ${clean(result.revokedAt ?? '')} ${style.glyph.dot} audit ${result.auditSeq ?? 0}${incident}`,
      );
    case 'already_revoked':
      return line`${style.sign.ok} already revoked ${clean(result.revokedAt ?? '')} by ${clean(result.revokedBy ?? '')}: ${clean(result.reason ?? '')}`;
    case 'already_replaced':
      return style.warning(
        line`${style.sign.warning} already replaced${successor(result)}: it is not usable, and was not revoked`,
      );
    case 'not_found':
      return style.danger(line`${style.sign.danger} ${clean(result.error ?? 'not found')}`);
    case 'failed':
      return style.danger(line`${style.sign.danger} NOT revoked: ${clean(result.error ?? '')}`);
    case 'unknown':
      return style.danger(line`${style.sign.danger} UNKNOWN whether revoked: ${clean(result.error ?? '')}`);
  }
}

function successor(result: RevocationResult): Safe {
  return result.successorId === null ? line`` : line` by ${clean(result.successorId)}`;
}

function proofText(proof: NonNullable<RevocationResult['verification']>, style: View['style']): Safe {
  if (proof.dead === true) {
    const shown = [
      ...(proof.probeStatus === null ? [] : [line`probe answered ${proof.probeStatus}`]),
      proof.eventsAsOf === null
        ? line`the usage log does not reach past the revocation`
        : line`nothing accepted since (log as of ${clean(proof.eventsAsOf)})`,
    ];
    return style.ok(
      line`${style.sign.ok} dead after ${clean(formatDuration(proof.afterSeconds ?? 0))}: ${joinWith(line`, `, shown)}`,
    );
  }
  const word = proof.dead === false ? line`STILL ALIVE` : line`NOT PROVEN dead`;
  return style.danger(line`${style.sign.danger} ${word}: ${clean(proof.doubt ?? '')}`);
}

function resultJson(result: RevocationResult): Record<string, Json> {
  const proof = result.verification;
  return {
    key_id: result.keyId,
    outcome: result.outcome,
    revoked_at: result.revokedAt,
    revoked_by: result.revokedBy,
    reason: result.reason,
    audit_seq: result.auditSeq,
    error: result.error,
    verification:
      proof === null
        ? null
        : {
            dead: proof.dead,
            after_seconds: proof.afterSeconds,
            last_accepted_at: proof.lastAcceptedAt,
            events_as_of: proof.eventsAsOf,
            probe_status: proof.probeStatus,
          },
  };
}
