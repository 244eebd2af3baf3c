import { createHash, hash } from 'node:crypto';
import { type BinaryRow, type ChainColumn, columnAt, columnNotRecorded } from './audit-record.js';
import { integerAt } from './binary-values.js';

/** Where the chain is broken first, and in which way. */
export type ChainFault =
  /** Rows `seq` to `to` are not there. */
  | { readonly problem: 'gap'; readonly seq: number; readonly to: number }
  /** A row stands where the chain has none: before the first, or a second time. */
  | { readonly problem: 'extra'; readonly seq: number }
  /** The row does not name the hash of the row before it; the first row: that of this database's id. */
  | { readonly problem: 'link'; readonly seq: number }
  /** The row's hash is not that of its record. */
  | { readonly problem: 'hash'; readonly seq: number }
  /** A column says something else than the record that was hashed. */
  | { readonly problem: 'column'; readonly seq: number; readonly column: ChainColumn }
  /** Rows `seq` to `to`, which the head counts, are missing at the end. */
  | { readonly problem: 'truncated'; readonly seq: number; readonly to: number }
  /** Rows from `seq` on, which the head does not count. */
  | { readonly problem: 'uncounted'; readonly seq: number; readonly to: number }
  /** The head row counts the rows, but its hash is not that of the last (`seq`). */
  | { readonly problem: 'head'; readonly seq: number }
  /** There is no head row, or no database id to start at. */
  | { readonly problem: 'no_head'; readonly seq: 0 };

/** What `audit_head` says. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: Uint8Array;
}

export interface ChainWalk {
  /** Looks at the next row; a fault ends the walk. */
  take(row: BinaryRow): ChainFault | null;
  /** After the last row: whether the head agrees. */
  end(head: ChainHead): ChainFault | null;
  /** Rows found good so far; also the seq of the last of them. */
  readonly rows: number;
  /** Hash of the last good row; of the database's id before the first. */
  readonly hash: Uint8Array;
}

const hashLength = 32;

/** What the first row names as the hash before it (drizzle/0002_guards.sql). */
function genesisHash(databaseId: string): Buffer {
  return createHash('sha256').update(`keyctl audit v1\n${databaseId}`).digest();
}

/**
 * Walks a chain from its start: gapless seq, each row linked to the one before, each hash that of the record
 * (sha256(prev_hash || record)), each column as recorded. Constant memory; rows come in the order of seq.
 */
export function walkChain(databaseId: string): ChainWalk {
  let rows = 0;
  let last = genesisHash(databaseId);
  // sha256 over one stretch of bytes costs half of createHash with two updates, so the two are laid side by side.
  let hashed = Buffer.alloc(64 * 1024);

  const hashOf = ({ bytes, starts, lengths }: BinaryRow): Buffer => {
    const from = starts[columnAt.record] ?? 0;
    const length = Math.max(0, lengths[columnAt.record] ?? 0);
    if (hashLength + length > hashed.length) hashed = Buffer.alloc(2 * (hashLength + length));
    hashed.set(last);
    hashed.set(bytes.subarray(from, from + length), hashLength);
    return hash('sha256', hashed.subarray(0, hashLength + length), 'buffer');
  };

  return {
    take(row) {
      const expected = rows + 1;
      // Null, when somebody dropped the primary key.
      if ((row.lengths[columnAt.seq] ?? -1) < 0) return { problem: 'column', seq: expected, column: 'seq' };
      const seq = integerAt(row.bytes, row.starts[columnAt.seq] ?? 0);
      if (seq > expected) return { problem: 'gap', seq: expected, to: seq - 1 };
      if (seq < expected) return { problem: 'extra', seq };
      if (!isHash(row, columnAt.prev_hash, last)) return { problem: 'link', seq };
      const own = hashOf(row);
      if (!isHash(row, columnAt.hash, own)) return { problem: 'hash', seq };
      const column = columnNotRecorded(row);
      if (column !== null) return { problem: 'column', seq, column };
      rows = seq;
      last = own;
      return null;
    },
    end(head) {
      if (head.seq > rows) return { problem: 'truncated', seq: rows + 1, to: head.seq };
      if (head.seq < rows) return { problem: 'uncounted', seq: head.seq + 1, to: rows };
      return last.equals(head.hash) ? null : { problem: 'head', seq: rows };
    },
    get rows() {
      return rows;
    },
    get hash() {
      return last;
    },
  };
}

function isHash({ bytes, starts, lengths }: BinaryRow, column: number, expected: Buffer): boolean {
  const from = starts[column] ?? 0;
  return lengths[column] === hashLength && expected.compare(bytes, from, from + hashLength) === 0;
}
