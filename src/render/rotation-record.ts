import type { OldKeyUse } from '../db/reads/old-key-use.js';
import type { RotationRow } from '../db/reads/rotations.js';
import { isoTime } from '../domain/stored-time.js';
import type { Json } from './renderer.js';

const times = new Set([
  'prepared_at',
  'activated_at',
  'finalized_at',
  'aborted_at',
  'grace_ends_at',
  'ended_at',
  'successor_last_used_at',
  'old_last_used_at',
  'as_of',
]);

/** The names in a rotation's record, in order. */
export const rotationFields = [
  ...['rotation_id', 'state', 'kind', 'dead', 'commit_pending', 'compromised', 'operation_id', 'family_id'],
  ...['old_key_id', 'old_name', 'old_version', 'old_fingerprint', 'old_status'],
  ...['new_key_id', 'new_name', 'new_version', 'new_fingerprint', 'new_status', 'deliver_to'],
  ...[
    'reason',
    'prepared_at',
    'prepared_by',
    'age_seconds',
    'activated_at',
    'grace_seconds',
    'grace_ends_at',
  ],
  ...['ended_at', 'finalized_at', 'aborted_at'],
  ...[
    'successor_last_used_at',
    'old_last_used_at',
    'as_of',
    'quiet_seconds',
    'straggler_count',
    'refused_requests',
  ],
] as const satisfies readonly (keyof RotationRow)[];

/** A rotation as programs read it (`keyctl help json`): the same in lists, `status ID` and plans. */
export function rotationRecord(row: RotationRow): Record<string, Json> {
  return Object.fromEntries(
    rotationFields.map((name) => [name, times.has(name) ? isoTime(row[name] as string | null) : row[name]]),
  );
}

export function useRecord({ ip, userAgent, endpoint, requests, firstAt, lastAt }: OldKeyUse): Json {
  return { ip, user_agent: userAgent, endpoint, requests, first_at: firstAt, last_at: lastAt };
}
