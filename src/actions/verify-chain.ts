import { asKeyctlError } from '../db/failures.js';
import { type ChainEnds, readChain } from '../db/reads/audit-chain.js';
import type { Target } from '../db/settings.js';
import { type ChainFault, type ChainWalk, walkChain } from '../domain/audit-chain.js';
import { type Anchor, type AnchorFault, type AnchorWatch, watchAnchors } from '../domain/chain-anchors.js';
import type { Context } from './context.js';

/** What was proven of the audit log, and what was not. */
export interface ChainVerdict {
  readonly target: Target;
  /** The first fault; null when the chain is consistent, and has passed every anchor. */
  readonly fault: ChainFault | AnchorFault | null;
  /** Rows that were found good, from seq 1 on. */
  readonly rows: number;
  /** Hash of the last good row, in hex; with `rows` it is what a checkpoint would keep. */
  readonly head: string | null;
  readonly databaseId: string | null;
  /** The newest checkpoint that the chain has passed: up to it nothing is missing. Null when there is none. */
  readonly completeUpTo: number | null;
  /** Checkpoints that fit. */
  readonly checkpoints: number;
}

export interface ChainWanted {
  /** Longest wait for the next row. */
  readonly stallMs: number;
  /** What the chain must have passed. */
  readonly anchors: readonly Anchor[];
}

/** Only a row forged at this seq can come before the ends of the chain are known. */
const smallestSeq = -(2 ** 63);

/**
 * Walks the whole chain here, in this process: the database's own functions are not asked. Proves that the rows agree with each
 * other, with their hashes and with the head; that none was cut off together with the head, only an anchor can show (F14).
 * @throws KeyctlError 69 when the database is lost on the way, 77 without the right to read the log
 */
export async function verifyChain(ctx: Context, { stallMs, anchors }: ChainWanted): Promise<ChainVerdict> {
  const { target } = ctx.db;
  const watch = watchAnchors(anchors);
  let ends: ChainEnds = { databaseId: null, head: null };
  let walk: ChainWalk | null = null;
  let fault: ChainVerdict['fault'] = null;
  try {
    await readChain(
      await ctx.db.copyClient(),
      {
        ends(found) {
          ends = found;
          walk = found.databaseId === null ? null : walkChain(found.databaseId);
          fault =
            walk === null || found.head === null
              ? { problem: 'no_head', seq: 0 }
              : watch.passed(0, walk.hash);
          return fault === null;
        },
        row(row) {
          if (walk === null) fault = { problem: 'extra', seq: smallestSeq };
          else fault = walk.take(row) ?? watch.passed(walk.rows, walk.hash);
          return fault === null;
        },
      },
      stallMs,
    );
  } catch (error) {
    throw asKeyctlError(error, { sent: 'read', target });
  }
  return verdictOf(target, ends, { walk, watch, fault });
}

interface Walked {
  readonly walk: ChainWalk | null;
  readonly watch: AnchorWatch;
  readonly fault: ChainVerdict['fault'];
}

function verdictOf(target: Target, ends: ChainEnds, { walk, watch, fault }: Walked): ChainVerdict {
  const { databaseId, head } = ends;
  const missing = walk === null || head === null;
  const found =
    fault ??
    (missing ? { problem: 'no_head' as const, seq: 0 as const } : (walk.end(head) ?? watch.end(walk.rows)));
  return {
    target,
    fault: found,
    rows: walk?.rows ?? 0,
    head: walk === null ? null : Buffer.from(walk.hash).toString('hex'),
    databaseId,
    completeUpTo: watch.newest()?.size ?? null,
    checkpoints: watch.fitting,
  };
}
