import type { RejectCause } from './reject.js';

/** Where records go when a stream of bytes is cut into them. */
export interface RecordSink {
  record(text: string): void;
  /** What is no record; of a very long one only the beginning. */
  broken(cause: RejectCause, bytes: Buffer): void;
}

export interface RecordCutter {
  push(chunk: Uint8Array): void;
  end(): void;
}

/** Longer records are refused unread; CloudTrail's own limit is a quarter of it. */
export const longestRecord = 1024 * 1024;
/** What is kept of a record that is too long. */
export const keptOfLong = 64 * 1024;

const newline = 0x0a;

/** Cuts bytes into lines; blank ones are passed over. Memory holds a chunk and one line, however long the input's is. */
export function lineCutter(sink: RecordSink): RecordCutter {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let waiting: Buffer = Buffer.alloc(0);
  let skipping = false;
  let first = true;

  function lines(block: Buffer): void {
    const text = decode(block);
    if (text === null) {
      for (let from = 0; from <= block.length; ) {
        const at = block.indexOf(newline, from);
        const to = at < 0 ? block.length : at;
        brokenLine(block.subarray(from, to));
        from = to + 1;
      }
      return;
    }
    for (let from = 0; from <= text.length; ) {
      const at = text.indexOf('\n', from);
      const to = at < 0 ? text.length : at;
      line(text, from, to);
      from = to + 1;
    }
  }

  function decode(bytes: Buffer): string | null {
    try {
      return decoder.decode(bytes);
    } catch {
      return null;
    }
  }

  function line(block: string, from: number, to: number): void {
    // A byte order mark, of Windows' making, stands before the first line only.
    const start = first && block.charCodeAt(from) === 0xfeff ? from + 1 : from;
    first = false;
    const end = block.charCodeAt(to - 1) === 0x0d ? to - 1 : to;
    if (end <= start) return;
    const text = block.slice(start, end);
    if (text.length > longestRecord) sink.broken('too_long', Buffer.from(text.slice(0, keptOfLong)));
    else if (text.length > 1000 || text.trim() !== '') sink.record(text);
  }

  /** One line of a block in which something is not UTF-8. */
  function brokenLine(bytes: Buffer): void {
    const text = decode(bytes);
    if (text !== null) line(text, 0, text.length);
    else if (bytes.length > longestRecord) sink.broken('too_long', bytes.subarray(0, keptOfLong));
    else sink.broken('bad_utf8', bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes);
  }

  return {
    push(chunk) {
      let data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (skipping) {
        const at = data.indexOf(newline);
        if (at < 0) return;
        skipping = false;
        data = data.subarray(at + 1);
      }
      if (waiting.length > 0) data = Buffer.concat([waiting, data]);
      const last = data.lastIndexOf(newline);
      if (last >= 0) lines(data.subarray(0, last));
      waiting = data.subarray(last + 1);
      if (waiting.length > longestRecord) {
        sink.broken('too_long', waiting.subarray(0, keptOfLong));
        skipping = true;
        waiting = Buffer.alloc(0);
      }
    },
    end() {
      if (waiting.length > 0) lines(waiting);
      waiting = Buffer.alloc(0);
    },
  };
}
