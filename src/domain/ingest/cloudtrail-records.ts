import { keptOfLong, longestRecord, type RecordCutter, type RecordSink } from './lines.js';

const quote = 0x22;
const backslash = 0x5c;
const newline = 0x0a;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const byteOrderMark = [0xef, 0xbb, 0xbf];

/**
 * Cuts CloudTrail's JSON into its records, in any layout: `{"Records":[…]}` as it lies in S3, a bare array, or one record
 * after the other. Memory holds a chunk and one record, however large the array is. What is broken costs the records it
 * stands in: a raw newline inside a text, or a brace where JSON allows none, ends the record and begins the next one.
 */
export function cloudTrailCutter(sink: RecordSink): RecordCutter {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Open braces and brackets of the record; 0 between records. */
  let depth = 0;
  let inText = false;
  let escaped = false;
  /** The last byte that was no blank and stood in no text: says whether JSON allows a brace here. */
  let last = 0;
  let inArray = false;
  /** Inside `{"Records":[…], …}`: what stands behind the array belongs to no record. */
  let wrapped = false;
  let passing = false;
  let junk = false;
  let start = 0;
  let parts: Buffer[] = [];
  let size = 0;
  /** Bytes of the chunks before. */
  let before = 0;

  function keep(bytes: Buffer): void {
    size += bytes.length;
    if (passing) return;
    parts.push(bytes);
    if (size > longestRecord && parts.length > 1) parts = [Buffer.concat(parts).subarray(0, keptOfLong)];
  }

  function taken(): Buffer {
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts = [];
    return bytes;
  }

  function finish(chunk: Buffer, end: number, whole: boolean): void {
    keep(chunk.subarray(start, end));
    const bytes = taken();
    const long = size > longestRecord;
    size = 0;
    depth = 0;
    inText = false;
    escaped = false;
    junk = false;
    if (passing) {
      passing = false;
    } else if (long) sink.broken('too_long', bytes.subarray(0, keptOfLong));
    else if (!whole) sink.broken('bad_json', bytes);
    else {
      const text = decoded(bytes);
      if (text === null) sink.broken('bad_utf8', bytes);
      else sink.record(text);
    }
  }

  function decoded(bytes: Buffer): string | null {
    try {
      return decoder.decode(bytes);
    } catch {
      return null;
    }
  }

  /** Whether the array that opens at `at` is the value of "Records" in an object of the outermost level. */
  function opensRecords(chunk: Buffer, at: number): boolean {
    if (inArray || depth !== 1 || last !== colon) return false;
    const head = Buffer.concat([...parts, chunk.subarray(start, at)]);
    return /"Records"\s*:\s*$/.test(head.toString('latin1', Math.max(0, head.length - 256)));
  }

  /** A byte between records. */
  function between(chunk: Buffer, at: number, byte: number): void {
    if (byte === openBrace) {
      if (junk) finish(chunk, at, false);
      start = at;
      depth = 1;
      last = openBrace;
    } else if (byte === openBracket && !junk) inArray = true;
    else if (byte === closeBracket && inArray) {
      if (junk) finish(chunk, at, false);
      inArray = false;
      if (!wrapped) return;
      wrapped = false;
      passing = true;
      depth = 1;
      start = at;
      last = closeBracket;
    } else if (junk && (byte === newline || byte === comma)) finish(chunk, at, false);
    else if (byte > 0x20 && byte !== comma && !junk && byte !== byteOrderMark[before + at]) {
      junk = true;
      start = at;
    }
  }

  /** A byte of a record outside of its texts. Answers true when it has to be looked at again, as one between records. */
  function within(chunk: Buffer, at: number, byte: number): boolean {
    if (byte <= 0x20) return false;
    if (byte === quote) inText = true;
    else if (byte === openBrace || byte === openBracket) {
      if (last !== colon && last !== comma && last !== openBracket) {
        finish(chunk, at, false);
        return true;
      }
      if (byte === openBracket && opensRecords(chunk, at)) {
        parts = [];
        size = 0;
        depth = 0;
        inArray = true;
        wrapped = true;
        return false;
      }
      depth++;
    } else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) finish(chunk, at + 1, true);
    last = byte;
    return false;
  }

  function step(chunk: Buffer, at: number): void {
    const byte = chunk[at] ?? 0;
    if (depth === 0) between(chunk, at, byte);
    else if (!inText) {
      if (within(chunk, at, byte)) between(chunk, at, byte);
    } else if (escaped) escaped = false;
    else if (byte === backslash) escaped = true;
    else if (byte === quote) inText = false;
    else if (byte === newline) finish(chunk, at, false);
  }

  return {
    push(bytes) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      start = 0;
      for (let at = 0; at < chunk.length; at++) step(chunk, at);
      if (depth > 0 || junk) keep(chunk.subarray(start));
      before += chunk.length;
    },
    end() {
      start = 0;
      // Behind the array of a wrapper nothing is missed.
      if (depth > 0 || junk) finish(Buffer.alloc(0), 0, false);
    },
  };
}
