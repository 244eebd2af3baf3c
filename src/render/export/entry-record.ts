import type { ExportedEntry } from '../../db/reads/export-rows.js';
import { isoMicros } from '../../domain/stored-time.js';
import type { Json } from '../renderer.js';
import { keyChangeOf } from './key-change.js';

/** The columns of a row of the audit log, as `audit log` prints them, and the text that was hashed. */
export const entryColumns = [
  ...['seq', 'at', 'operation_id', 'action', 'key_id', 'key_name', 'key_version', 'family_id', 'incident_id'],
  ...['actor_db', 'actor_os', 'actor_claimed', 'host', 'reason', 'ticket', 'details', 'answer', 'record'],
  ...['prev_hash', 'hash'],
] as const;

/** `hash` is the SHA-256 of `prev_hash` and `record`: an export can be checked without the database. */
export function entryRecord(entry: ExportedEntry): Record<string, Json> {
  return {
    seq: entry.seq,
    at: isoMicros(entry.at),
    operation_id: entry.operationId,
    action: entry.action,
    key_id: entry.keyId,
    key_name: entry.keyName,
    key_version: entry.keyVersion,
    family_id: entry.familyId,
    incident_id: entry.incidentId,
    actor_db: entry.actorDb,
    actor_os: entry.actorOs,
    actor_claimed: entry.actorClaimed,
    host: entry.host,
    reason: entry.reason,
    ticket: entry.ticket,
    details: entry.details as Json,
    answer: entry.answer as Json,
    record: entry.record,
    prev_hash: entry.prevHash,
    hash: entry.hash,
  };
}

/** What is asked of a rotation: when, which key by which, who, why. */
export const rotationColumns = [
  ...[
    'timestamp',
    'rotation_id',
    'old_key_id',
    'old_fingerprint',
    'new_key_id',
    'new_fingerprint',
    'actor_db',
  ],
  ...[
    'actor_os',
    'actor_claimed',
    'host',
    'reason',
    'ticket',
    'kind',
    'compromised',
    'key_name',
    'seq',
    'hash',
  ],
] as const;

export function rotationRecord(entry: ExportedEntry): Record<string, Json> {
  const change = keyChangeOf(entry);
  const { kind = null, compromised = null } = entry.details as Record<string, Json>;
  return {
    timestamp: isoMicros(entry.at),
    rotation_id: change.rotationId,
    old_key_id: entry.keyId,
    old_fingerprint: change.oldFingerprint ?? entry.fingerprint,
    new_key_id: change.newKeyId,
    new_fingerprint: change.newFingerprint,
    actor_db: entry.actorDb,
    actor_os: entry.actorOs,
    actor_claimed: entry.actorClaimed,
    host: entry.host,
    reason: entry.reason,
    ticket: entry.ticket,
    kind,
    compromised,
    key_name: entry.keyName,
    seq: entry.seq,
    hash: entry.hash,
  };
}
