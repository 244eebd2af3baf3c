import { asKeyctlError } from '../db/failures.js';
import { type ChainEnds, readChain } from '../db/reads/audit-chain.js';
import type { Target } from '../db/settings.js';
import { type ChainFault, type ChainWalk, walkChain } from '../domain/audit-chain.js';
import type { Context } from './context.js';

/** What was proven of the audit log, and what was not. */
export interface ChainVerdict {
  readonly target: Target;
  /** The first fault; null when the chain is consistent. */
  readonly fault: ChainFault | null;
  /** Rows that were found good, from seq 1 on. */
  readonly rows: number;
  /** Hash of the last good row, in hex; with `rows` it is what a checkpoint would keep. */
  readonly head: string | null;
  readonly databaseId: string | null;
}

/** Only a row forged at this seq can come before the ends of the chain are known. */
const smallestSeq = -(2 ** 63);

/**
 * Walks the whole chain here, in this process: the database's own functions are not asked. Proves that the rows agree with each
 * other, with their hashes and with the head; not that none was cut off together with the head.
 * @param stallMs longest wait for the next row
 * @throws KeyctlError 69 when the database is lost on the way, 77 without the right to read the log
 */
export async function verifyChain(ctx: Context, stallMs: number): Promise<ChainVerdict> {
  const { target } = ctx.db;
  let ends: ChainEnds = { databaseId: null, head: null };
  let walk: ChainWalk | null = null;
  let fault: ChainFault | null = null;
  try {
    await readChain(
      await ctx.db.copyClient(),
      {
        ends(found) {
          ends = found;
          walk = found.databaseId === null ? null : walkChain(found.databaseId);
          if (walk === null || found.head === null) fault = { problem: 'no_head', seq: 0 };
          return fault === null;
        },
        row(row) {
          fault = walk === null ? { problem: 'extra', seq: smallestSeq } : walk.take(row);
          return fault === null;
        },
      },
      stallMs,
    );
  } catch (error) {
    throw asKeyctlError(error, { sent: 'read', target });
  }
  return verdictOf(target, ends, walk, fault);
}

function verdictOf(
  target: Target,
  ends: ChainEnds,
  walk: ChainWalk | null,
  fault: ChainFault | null,
): ChainVerdict {
  const { databaseId, head } = ends;
  const found = fault ?? (walk === null || head === null ? { problem: 'no_head', seq: 0 } : walk.end(head));
  return {
    target,
    fault: found,
    rows: walk?.rows ?? 0,
    head: walk === null ? null : Buffer.from(walk.hash).toString('hex'),
    databaseId,
  };
}
