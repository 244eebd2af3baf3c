import { withDeadline } from '../db/deadline.js';
import { executorOn } from '../db/executor.js';
import { rollUpHours } from '../db/kernel-rollup.js';
import type { Context } from './context.js';

/** Remakes queued hours until some so many events were dealt with; answers how many hours of keys, 0 when none is left to it. */
type Lane = (events: number) => Promise<number>;

const fewestEvents = 1000;
const usualEvents = 50_000;
const mostEvents = 200_000;
/** An hour of a hundred million events, on a slow server. */
const longestMs = 600_000;

/**
 * Remakes all hours that are queued, each from its events; answers how many hours of keys. Where more than two batches are
 * queued, in a second session at the same time: each takes hours that the other does not hold.
 * @param events of the first batches
 */
export async function remakeHours(ctx: Context, events = usualEvents): Promise<number> {
  const lane: Lane = async (most) => {
    const remade = await ctx.db.change(ctx.operationId, (db) => rollUpHours(db, most));
    await ctx.reached('rollup.rolled');
    return remade;
  };
  const first = await lane(events);
  const second = first === 0 ? 0 : await lane(events);
  if (second === 0) return first;
  const beside = remakeBeside(ctx, events);
  const here = await remakeAll(ctx, lane, events);
  const there = await beside;
  // What a second session held when it broke off is free again.
  return first + second + here + there + (await remakeAll(ctx, lane, events));
}

/** The second session's part. It is a help, no need: without it, or when it breaks off, the first one does the rest. */
async function remakeBeside(ctx: Context, events: number): Promise<number> {
  const client = await ctx.db.copyClient().catch(() => null);
  if (client === null) return 0;
  const db = executorOn(client.sql);
  const limit = { timeoutMs: longestMs, onTimeout: () => client.destroy() };
  let hours = 0;
  try {
    const lane: Lane = async (most) => {
      const remade = await withDeadline(rollUpHours(db, most), limit);
      hours += remade;
      return remade;
    };
    await remakeAll(ctx, lane, events);
    await client.close();
  } catch {
    client.destroy();
  }
  return hours;
}

/** Statements of half a second to two, however fast the server is, and however long the documents of an hour. */
async function remakeAll(ctx: Context, lane: Lane, usual: number): Promise<number> {
  let hours = 0;
  let events = usual;
  for (;;) {
    const startedAt = ctx.now().getTime();
    const remade = await lane(events);
    if (remade === 0) return hours;
    hours += remade;
    const tookMs = ctx.now().getTime() - startedAt;
    if (tookMs < 500) events = Math.min(mostEvents, events * 2);
    else if (tookMs > 2000) events = Math.max(fewestEvents, Math.floor(events / 2));
  }
}
