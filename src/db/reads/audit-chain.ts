import type { Readable } from 'node:stream';
import type { ChainHead } from '../../domain/audit-chain.js';
import { type BinaryRow, chainColumns, columnAt } from '../../domain/audit-record.js';
import { uuidAt } from '../../domain/binary-values.js';
import { binaryRows } from '../binary-copy.js';
import type { CopyClient } from '../connect.js';
import { DeadlineError, withDeadline } from '../deadline.js';
import { SessionLostError } from '../socket.js';

/** What the chain starts and ends with; null where the row is missing. */
export interface ChainEnds {
  readonly databaseId: string | null;
  readonly head: ChainHead | null;
}

/** Who looks at the chain: its ends first, then row by row. Answers whether more is wanted. */
export interface ChainReader {
  ends(ends: ChainEnds): boolean;
  row(row: BinaryRow): boolean;
}

/**
 * The ends come as a first row, in the same statement, so that all is one snapshot and changes may go on meanwhile.
 * `seq` alone orders both parts: PostgreSQL merges the primary key's index with that one row and sorts nothing.
 * Nothing but tables is read: a function of the schema could be made to lie.
 */
const chainCopy = `
  copy (
    select ${chainColumns.join(', ')}, false as ends from keyctl.audit_log
    union all
    select -9223372036854775808, null::timestamptz, i.database_id, h.seq::text, null, null, null, null, null, null, null,
      null, null, null::bytea, h.hash, true
    from (values (true)) as one (one)
      left join keyctl.audit_head h on true left join keyctl.installation i on true
    order by seq
  ) to stdout (format binary)`;

/**
 * Streams the whole chain past the reader, in constant memory, over a connection of its own, which is gone afterwards (F29).
 * @param stallMs when nothing arrives for this long (up to twice as long), the wait ends with a DeadlineError
 */
export async function readChain(copy: CopyClient, reader: ChainReader, stallMs: number): Promise<void> {
  let sawEnds = false;
  const push = binaryRows(chainColumns.length + 1, (row) => {
    if (sawEnds) return reader.row(row);
    sawEnds = true;
    // Only with a row forged at the smallest seq of all it would not come first.
    return isEnds(row) ? reader.ends(endsOf(row)) : reader.row(row);
  });
  try {
    const opening = copy.sql.unsafe(chainCopy).readable();
    await drained(
      await withDeadline(opening, { timeoutMs: stallMs, onTimeout: copy.destroy }),
      push,
      stallMs,
    );
  } finally {
    copy.destroy();
  }
}

/** Every chunk pushed, until the stream ends or no more is wanted. A stream that only stops is an error, not an end. */
async function drained(stream: Readable, push: (chunk: Buffer) => boolean, stallMs: number): Promise<void> {
  let moved = true;
  const watchdog = setInterval(() => {
    if (!moved) stream.destroy(new DeadlineError(stallMs));
    moved = false;
  }, stallMs);
  try {
    await new Promise<void>((resolve, reject) => {
      stream.on('data', (chunk: Buffer) => {
        moved = true;
        try {
          if (!push(chunk)) resolve();
        } catch (error) {
          reject(error);
        }
      });
      stream.once('end', resolve);
      stream.on('error', reject);
      stream.once('close', () => reject(new SessionLostError()));
    });
  } finally {
    clearInterval(watchdog);
  }
}

function isEnds({ bytes, starts }: BinaryRow): boolean {
  return bytes[starts[chainColumns.length] ?? 0] === 1;
}

function endsOf(row: BinaryRow): ChainEnds {
  const field = (at: number): Buffer | null => {
    const from = row.starts[at] ?? 0;
    const length = row.lengths[at] ?? -1;
    return length < 0 ? null : Buffer.from(row.bytes.subarray(from, from + length));
  };
  const seq = field(columnAt.action)?.toString();
  const hash = field(columnAt.hash);
  const hasId = (row.lengths[columnAt.operation_id] ?? -1) >= 0;
  return {
    databaseId: hasId ? uuidAt(row.bytes, row.starts[columnAt.operation_id] ?? 0) : null,
    head: seq === undefined || hash === null ? null : { seq: Number(seq), hash },
  };
}
