import type { BinaryRow } from '../../src/domain/audit-record.js';

/** A row of binary COPY made of its fields; null is null. */
export function binaryRow(fields: readonly (Uint8Array | null)[]): BinaryRow {
  const starts = new Int32Array(fields.length);
  const lengths = new Int32Array(fields.length);
  let length = 0;
  for (const [at, field] of fields.entries()) {
    starts[at] = length;
    lengths[at] = field === null ? -1 : field.length;
    length += field?.length ?? 0;
  }
  const bytes = Buffer.concat(fields.map((field) => field ?? new Uint8Array()));
  return { bytes, starts, lengths };
}

/** The same as the server would send it: the number of fields, then each with its length before it. */
export function copiedRow(fields: readonly (Uint8Array | null)[]): Buffer {
  const parts: Uint8Array[] = [int(fields.length, 2)];
  for (const field of fields)
    parts.push(int(field === null ? -1 : field.length, 4), field ?? new Uint8Array());
  return Buffer.concat(parts);
}

/** What a whole binary COPY begins and ends with. */
export const copyHeader = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
export const copyTrailer = int(-1, 2);

function int(value: number, size: 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeIntBE(value, 0, size);
  return bytes;
}

export function bigint(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
