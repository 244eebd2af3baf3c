import type { Context } from '../../actions/context.js';
import type { DueLine, DuePart } from '../../actions/rotation/due-line.js';
import { dueCount } from '../../actions/rotation/plan-due.js';
import { rotateDue } from '../../actions/rotation/rotate-due.js';
import type { DueFilter } from '../../db/reads/due-keys.js';
import { targetName } from '../../db/settings.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { dueLines, dueReport } from '../../render/due-line.js';
import { dueSummary } from '../../render/due-summary.js';
import { listenForInterrupt } from '../../runtime/interruption.js';
import { ReaderGone } from '../../runtime/output.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addToTally, type DueTally, newTally, tallyExitCode } from './due-tally.js';
import type { SecretPlaces } from './secret-places.js';

export interface DueRun {
  readonly filter: DueFilter;
  readonly max: number | null;
  readonly reason: string;
  readonly places: SecretPlaces;
}

/**
 * Rotates what is due and tells each key when it is done. The first interrupt ends the run after the batch that is under
 * way; so does a reader that went away, because nobody would hear of the rest.
 */
export async function runDue(rt: Runtime, ctx: Context, run: DueRun): Promise<void> {
  const tally = newTally();
  const interruption = listenForInterrupt(rt.machine);
  const { filter, max, reason, places } = run;
  const order = { reason, sinksFor: places.sinksFor, after: places.after };
  const stopAsked = () => interruption.happened;
  try {
    await tell(rt, ctx, run, counting(tally, rotateDue(ctx, { filter, max, order, stopAsked })), tally);
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw await cutOff(rt, ctx, tally, error);
    tally.stop = 'reader_gone';
  } finally {
    interruption.done();
  }
  if (interruption.happened) tally.stop = 'interrupted';
  const due = await stillDue(ctx, filter, tally);
  rt.exitWith(tallyExitCode(tally, due));
  summarize(rt, ctx, tally, due);
}

/** How many are due still, where the run did not come to its end; null when nobody can tell any more. */
async function stillDue(ctx: Context, filter: DueFilter, { stop }: DueTally): Promise<number | null> {
  return stop === null ? null : await dueCount(ctx, filter).catch(() => null);
}

async function* counting(tally: DueTally, parts: AsyncIterable<DuePart>): AsyncGenerator<readonly DueLine[]> {
  for await (const { lines, stop } of parts) {
    addToTally(tally, lines);
    tally.stop = stop ?? tally.stop;
    yield lines;
  }
}

/** Line by line; a JSON document is whole at the end, also when that is an error. */
async function tell(
  rt: Runtime,
  ctx: Context,
  { places, filter }: DueRun,
  pages: AsyncGenerator<readonly DueLine[]>,
  tally: DueTally,
): Promise<void> {
  const { output } = rt.flags;
  if (output === 'json') {
    const lines: DueLine[] = [];
    try {
      for await (const page of pages) lines.push(...page);
    } finally {
      const { counts, failed, stop: stopped } = tally;
      const due = await stillDue(ctx, filter, tally);
      await rt.print(dueReport, { operationId: ctx.operationId, lines, counts, failed, stopped, due });
    }
    return;
  }
  const renderer = dueLines(ctx.operationId);
  // Secrets stand alone on the lines of stdout then, for a program that reads them.
  if (places.printsRecords && output === 'table') {
    for await (const page of pages) if (page.length > 0) rt.warn(renderer.page(page, rt.view('stderr')));
    return;
  }
  await rt.printPages(renderer, pages);
}

/** An error that ended the run: what was done until then is said first, and nobody may take it for nothing. */
async function cutOff(rt: Runtime, ctx: Context, tally: DueTally, error: unknown): Promise<unknown> {
  if (tally.counts.size > 0) summarize(rt, ctx, tally, null);
  if (!(error instanceof KeyctlError) || error.exitCode !== exitCodes.unreachable || tally.changed === 0)
    return error;
  const { code, message, hint, operationId } = error;
  return new KeyctlError({
    code,
    message: `${message}; what was done until then is said above, and a rerun does the rest`,
    exitCode: exitCodes.partial,
    outcome: 'partial',
    ...(hint === null ? {} : { hint }),
    ...(operationId === null ? {} : { operationId }),
    cause: error,
  });
}

function summarize(rt: Runtime, ctx: Context, tally: DueTally, due: number | null): void {
  const { counts, failed, stop } = tally;
  const summary = dueSummary(
    { counts, failed, stop, due, where: targetName(ctx.db.target) },
    rt.view('stderr'),
  );
  if (failed > 0 || stop !== null) rt.warn(summary);
  else rt.say(summary);
}
