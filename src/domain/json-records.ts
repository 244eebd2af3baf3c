export interface RecordSplitter {
  /** The texts of the records that end in what was seen so far. */
  push(chunk: string): string[];
  /** What is left when nothing more comes: null after a whole number of records, else the piece that never ended. */
  end(): string | null;
}

/**
 * Cuts a text of JSON records into the texts of the records: NDJSON, one array of records in any layout, or one record
 * after the other. Memory holds one record. Whether a record parses is for the caller to find out.
 * Throws RangeError when one is longer than `longest` characters.
 */
export function recordSplitter(longest: number): RecordSplitter {
  let waiting = '';
  let read = 0;
  let depth = 0;
  let inText = false;
  /** 1 inside one outer array: its elements are the records. */
  let outer = 0;
  let start = -1;

  function step(at: number): string | null {
    const character = waiting.charCodeAt(at);
    if (inText) {
      // JSON has no raw newline in a text: one quote too many in the noise between records ends with its line.
      if (character === quote || character === newline) inText = false;
      return null;
    }
    if (character === quote) inText = true;
    else if (character === openBrace || character === openBracket) {
      depth++;
      if (character === openBracket && depth === 1 && outer === 0) {
        outer = 1;
        return null;
      }
      if (start < 0) start = at;
    } else if (character === closeBrace || character === closeBracket) {
      depth--;
      if (depth < outer) outer = 0;
      else if (depth === outer && start >= 0) return taken(at + 1);
    }
    return null;
  }

  function taken(end: number): string {
    const record = waiting.slice(start, end);
    start = -1;
    return record;
  }

  return {
    push(chunk) {
      waiting += chunk;
      const records: string[] = [];
      for (; read < waiting.length; read++) {
        // A backslash and what it escapes are read together, in the next chunk if need be.
        if (inText && waiting.charCodeAt(read) === backslash) {
          if (read + 1 === waiting.length) break;
          read++;
          continue;
        }
        const record = step(read);
        if (record !== null) records.push(record);
      }
      const kept = start < 0 ? read : start;
      waiting = waiting.slice(kept);
      read -= kept;
      if (start >= 0) start = 0;
      if (waiting.length > longest) throw new RangeError('a record is too long');
      return records;
    },
    end: () => (start < 0 && depth <= 0 ? null : waiting),
  };
}

const quote = 0x22;
const newline = 0x0a;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
