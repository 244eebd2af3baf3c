/** A place in a text: line and column from 1, the column in Unicode characters, the offset from 0 in bytes of UTF-8. */
export interface Position {
  line: number;
  column: number;
  offset: number;
}

export const startOfText: Readonly<Position> = { line: 1, column: 1, offset: 0 };

/** Moves the position over the bytes in [from, to). */
export function advance(position: Position, bytes: Buffer, from: number, to: number): void {
  let lines = 0;
  for (let at = from; at < to; at++) if (bytes[at] === 0x0a) lines++;
  const lineFrom = lines === 0 ? from : bytes.lastIndexOf(0x0a, to - 1) + 1;
  position.line += lines;
  position.column = (lines === 0 ? position.column : 1) + charactersOf(bytes.subarray(lineFrom, to));
  position.offset += to - from;
}

function charactersOf(bytes: Uint8Array): number {
  let characters = 0;
  // Bytes 10xxxxxx continue a character of UTF-8.
  for (let at = 0; at < bytes.length; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) characters++;
  return characters;
}
