import type { CopyClient } from '../db/connect.js';
import { copyIntoInbox, type EventBatch } from '../db/ingest-copy.js';
import { type IngestCounts, ingestAdopt, ingestTake, type Lane } from '../db/kernel-ingest.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import { type Context, changeOf } from './context.js';

/** Names that one call of ingest_adopt registers at most. */
const adoptedAtOnce = 500;

interface Filing {
  readonly client: CopyClient;
  /** The name of the run's inboxes, without the lane. */
  readonly inbox: string;
  readonly adopt: boolean;
  readonly timeoutMs: number;
}

/**
 * Files batch after batch while its caller goes on reading: one batch is copied into the one inbox while the batch before it
 * is taken from the other.
 */
export function fileBatches(ctx: Context, filing: Filing) {
  const runId = ctx.operationId;
  let filed: IngestCounts | null = null;
  let copied = 0;
  let next: Lane = 1;
  let copying: Promise<void> = Promise.resolve();
  /** When each inbox is empty again. */
  const taken: Record<Lane, Promise<void>> = { 1: copying, 2: copying };

  async function takeFrom(lane: Lane, batch: EventBatch): Promise<void> {
    await ctx.reached('ingest.copied');
    if (filing.adopt) {
      const adopt = () => ctx.db.change(runId, (db) => ingestAdopt(db, changeOf(ctx), { runId, lane }));
      while ((await adopt()) === adoptedAtOnce);
    }
    filed = await ctx.db.change(runId, (db) => ingestTake(db, { runId, lane }));
    await ctx.reached('ingest.filed');
    copied += batch.rows;
    if (filed.events + filed.stray + filed.duplicates < copied) throw lostOnTheWay(copied);
  }

  return {
    /** Returns when the batch is on its way, and another one may be made meanwhile. */
    async take(batch: EventBatch): Promise<void> {
      const lane = next;
      next = lane === 1 ? 2 : 1;
      await Promise.all([copying, taken[lane]]);
      const inbox = `${filing.inbox}_${lane}`;
      copying = copyIntoInbox(filing.client, { ...filing, inbox, batch, target: ctx.db.target });
      taken[lane] = Promise.all([copying, taken[next]]).then(() => takeFrom(lane, batch));
      // Heard by whoever waits for it next; until then it is no unhandled rejection.
      taken[lane].catch(() => {});
    },
    done: () => Promise.all([taken[1], taken[2]]),
    counts: () => filed,
  };
}

/** Nothing is known that makes it so; if something does, nobody may think that all was filed. */
function lostOnTheWay(copied: number): KeyctlError {
  return new KeyctlError({
    code: 'bug',
    message: `of ${copied} events that were sent, not all arrived`,
    hint: 'run the same command again, and report this',
    exitCode: exitCodes.bug,
    outcome: 'partial',
  });
}
