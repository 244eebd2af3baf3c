import { createHash } from 'node:crypto';

/**
 * The id of a part of an operation, the same whenever the operation is repeated. The audit log holds one row of an action
 * for a key and operation: a part that does to a key what another part may do to it again needs an id of its own.
 * A UUID of version 8 (RFC 9562).
 */
export function derivedOperation(operationId: string, part: string): string {
  const digest = createHash('sha256').update(`${operationId} ${part}`).digest();
  const bytes = digest.subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
