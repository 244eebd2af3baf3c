import type { ExportedEntry } from '../../db/reads/export-rows.js';

/** Which key a row of a rotation replaces by which; null where the row does not say. */
export interface KeyChange {
  readonly rotationId: string | null;
  readonly oldFingerprint: string | null;
  readonly newKeyId: string | null;
  readonly newFingerprint: string | null;
}

/** Each step of a rotation names the successor in its own place of the record (drizzle/kernel/rotate_*.sql). */
export function keyChangeOf({ details, answer }: Pick<ExportedEntry, 'details' | 'answer'>): KeyChange {
  const successor = recordAt(details, 'successor');
  return {
    rotationId: textAt(details, 'rotation_id') ?? textAt(answer, 'rotation_id'),
    oldFingerprint: textAt(details, 'old_fingerprint'),
    newKeyId: textAt(details, 'new_key_id') ?? textAt(successor, 'id'),
    newFingerprint: textAt(details, 'new_fingerprint') ?? textAt(successor, 'fingerprint'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function textAt(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' ? value : null;
}

function recordAt(fields: Fields, name: string): Fields {
  const value = fields[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
