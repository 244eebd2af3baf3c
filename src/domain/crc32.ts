import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 (IEEE 802.3, reflected polynomial EDB88320) of the UTF-8 bytes, as an unsigned number. Node 20.15 and newer have it in zlib. */
export function crc32(text: string): number {
  return zlibCrc32(text);
}

/** The register before the first byte; the checksum is the register after the last one, inverted. */
export const crc32Start = 0xffffffff;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) register = register & 1 ? (register >>> 1) ^ 0xedb88320 : register >>> 1;
  return register;
});

// The top bytes of the table's 256 entries all differ, which is what makes a step reversible.
const indexByTopByte = new Uint8Array(256);
for (const [index, entry] of table.entries()) indexByTopByte[entry >>> 24] = index;

/**
 * The register as it was before `byte` went in. Running backwards from a wanted checksum finds where a text of that
 * checksum may begin, for all beginnings in one pass: the scanner's answer to "where does the prefix start?".
 */
export function crc32Rewind(register: number, byte: number): number {
  const index = indexByTopByte[register >>> 24] ?? 0;
  return (((register ^ (table[index] ?? 0)) << 8) | (index ^ byte)) >>> 0;
}
