import { type RevocationCode, revokeKey } from '../db/kernel-keys.js';
import type { KeyRow } from '../db/reads/keys.js';
import { KeyctlError } from '../domain/errors.js';
import { isoTime } from '../domain/stored-time.js';
import { type Context, changeOf } from './context.js';
import type { MissingKey } from './find-keys.js';
import type { Verification } from './prove-dead.js';

export interface RevocationResult {
  readonly keyId: string;
  readonly name: string | null;
  readonly outcome: 'revoked' | 'already_revoked' | 'already_replaced' | 'not_found' | 'failed' | 'unknown';
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
  readonly reason: string | null;
  readonly successorId: string | null;
  readonly auditSeq: number | null;
  readonly error: string | null;
  readonly verification: Verification | null;
}

export interface Revocations {
  readonly operationId: string;
  /** The incident that it belongs to. */
  readonly incidentId: string | null;
  readonly results: readonly RevocationResult[];
}

/**
 * Revokes the keys one by one, each in one statement of its own; a failure of one does not keep the others alive.
 * A single key's error is thrown, several keys' errors stand in their results.
 */
export async function revokeKeys(
  ctx: Context,
  input: { readonly keys: readonly KeyRow[]; readonly reason: string; readonly code: RevocationCode },
): Promise<Revocations> {
  const results: RevocationResult[] = [];
  for (const { key } of input.keys) {
    try {
      const answer = await ctx.db.change(ctx.operationId, (orm) =>
        revokeKey(orm, changeOf(ctx), { keyId: key.id, reason: input.reason, code: input.code }),
      );
      results.push({
        keyId: key.id,
        name: key.name,
        outcome: answer.outcome,
        revokedAt: isoTime(answer.revoked_at),
        revokedBy: answer.revoked_by,
        reason: answer.reason,
        successorId: answer.successor_id,
        auditSeq: answer.audit_seq,
        error: null,
        verification: null,
      });
    } catch (error) {
      if (input.keys.length === 1 || !(error instanceof KeyctlError)) throw error;
      results.push(failed(key.id, key.name, error));
    }
  }
  return { operationId: ctx.operationId, incidentId: ctx.actor.incident_id ?? null, results };
}

/** For a KEY that fits none, beside others that were revoked; `keyId` is then what was given. */
export function notFoundResult({ shown, error }: MissingKey): RevocationResult {
  return { ...failed(shown, null, error), outcome: 'not_found' };
}

function failed(keyId: string, name: string | null, error: KeyctlError): RevocationResult {
  return {
    keyId,
    name,
    outcome: error.outcome === 'unknown' ? 'unknown' : 'failed',
    revokedAt: null,
    revokedBy: null,
    reason: null,
    successorId: null,
    auditSeq: null,
    error: error.message,
    verification: null,
  };
}
