import { type DueCursor, type DueFilter, type DueKey, dueKeys, stillDue } from '../../db/reads/due-keys.js';
import { defaultPrefix } from '../../domain/token.js';
import type { Context } from '../context.js';
import { SinkError } from '../delivery/sink.js';
import type { DueLine, DuePart, DueStop } from './due-line.js';
import { resumeUnfinished } from './resume-unfinished.js';
import { rotateBatch } from './rotate-batch.js';
import { batchSize, sinkGone } from './rotate-keys.js';
import type { RotationOrder, RotationResult, RotationTarget } from './rotation-order.js';
import { tidyEnded } from './tidy-ended.js';

export interface DueRequest {
  readonly filter: DueFilter;
  /** At most so many keys are rotated; null: all that are due. */
  readonly max: number | null;
  readonly order: Omit<RotationOrder, 'options'>;
  /** Asked between batches: true ends the run, with nothing under way. */
  readonly stopAsked: () => boolean;
}

/** So many candidates are read at once: the plan is worked out for every key of the database each time. */
const pageSize = 20_000;

/**
 * Rotates every key that is due, in batches; first it writes down what ended by itself and finishes what earlier runs left
 * behind. May run any number of times at once: whether a key is due is decided again under its lock, and what another run
 * holds is looked at once more at the end. Each part is yielded when it is true; between two parts nothing is under way.
 */
export async function* rotateDue(ctx: Context, request: DueRequest): AsyncGenerator<DuePart> {
  const { filter, stopAsked } = request;
  const older = filter.olderThanSeconds;
  const order: RotationOrder = {
    ...request.order,
    options: { due: true, ...(older === null ? {} : { older_than_seconds: older }) },
  };
  for await (const lines of tidyEnded(ctx)) yield { lines };
  for await (const lines of resumeUnfinished(ctx, order, stopAsked)) {
    yield calledOff(lines) ? { lines, stop: 'interrupted' } : { lines };
    if (calledOff(lines)) return;
  }
  const stop = yield* rotateAll(ctx, request, order);
  if (stop === 'interrupted' || stop === 'database_lost') return yield { lines: [], stop };
  for await (const page of pagesOf(ctx, filter, true, null)) {
    yield { lines: page.map((key): DueLine => ({ kind: 'exempt', key })) };
  }
  if (stop !== null) yield { lines: [], stop };
}

interface Progress {
  rotated: number;
  /** Another run is at work: what it has done meanwhile is looked up before each batch, and not minted for. */
  contended: boolean;
  readonly busy: DueKey[];
}

async function* rotateAll(
  ctx: Context,
  request: DueRequest,
  order: RotationOrder,
): AsyncGenerator<DuePart, DueStop | null> {
  const progress: Progress = { rotated: 0, contended: false, busy: [] };
  for await (const page of pagesOf(ctx, request.filter, false, request.max)) {
    const stop = yield* rotatePage(ctx, shuffled(ctx, page), { request, order, progress, last: false });
    if (stop !== null) return stop;
  }
  progress.contended = true;
  return yield* rotatePage(ctx, progress.busy.splice(0), { request, order, progress, last: true });
}

interface Work {
  readonly request: DueRequest;
  readonly order: RotationOrder;
  readonly progress: Progress;
  /** What is busy now is not looked at again. */
  readonly last: boolean;
}

async function* rotatePage(
  ctx: Context,
  page: readonly DueKey[],
  { request, order, progress, last }: Work,
): AsyncGenerator<DuePart, DueStop | null> {
  const { filter, max, stopAsked } = request;
  let at = 0;
  while (at < page.length) {
    if (stopAsked()) return 'interrupted';
    const room = max === null ? batchSize : Math.min(batchSize, max - progress.rotated);
    if (room <= 0) return 'max';
    const wanted = page.slice(at, at + room);
    at += wanted.length;
    const batch = progress.contended ? await left(ctx, filter, wanted) : wanted;
    if (batch.length === 0) continue;
    const results = (await rotateBatch(ctx, batch.map(targetOf), order)).map(byAnother);
    const told = last ? results : results.filter((result) => !isBusy(result));
    const busy = new Set(
      results.filter((result) => !told.includes(result)).map(({ target }) => target.keyId),
    );
    progress.busy.push(...batch.filter((key) => busy.has(key.keyId)));
    progress.rotated += results.filter((result) => result.outcome !== 'skipped').length;
    progress.contended ||= results.some((result) => result.outcome === 'skipped');
    const lines = told.map((result): DueLine => ({ kind: 'rotation', resumed: false, result }));
    yield { lines };
    if (calledOff(lines)) return 'interrupted';
    if (sinkGone(results)) return 'sink_gone';
    if (results.some((result) => result.outcome === 'unknown')) return 'database_lost';
  }
  return null;
}

async function left(ctx: Context, filter: DueFilter, keys: readonly DueKey[]): Promise<readonly DueKey[]> {
  const ids = keys.map((key) => key.keyId);
  const due = await ctx.db.query((db) => stillDue(db, filter, ids));
  return keys.filter((key) => due.has(key.keyId));
}

/** Pages of due keys, the longest due first. With `max` the first page holds no more: it is rotated in an order of chance. */
async function* pagesOf(
  ctx: Context,
  filter: DueFilter,
  leftOut: boolean,
  max: number | null,
): AsyncGenerator<readonly DueKey[]> {
  let after: DueCursor | null = null;
  for (;;) {
    const limit = after === null ? Math.min(pageSize, Math.max(1, max ?? pageSize)) : pageSize;
    const page: readonly DueKey[] = await ctx.db.query((db) =>
      dueKeys(db, { filter, leftOut, after, limit }),
    );
    if (page.length > 0) yield page;
    after = page.at(-1) ?? null;
    if (page.length < limit) return;
  }
}

/** The same keys with their batches in an order of chance, so that two runs at once begin at different ones. */
function shuffled(ctx: Context, page: readonly DueKey[]): readonly DueKey[] {
  const batches = Array.from({ length: Math.ceil(page.length / batchSize) }, (_, at) =>
    page.slice(at * batchSize, (at + 1) * batchSize),
  );
  const chance = Buffer.from(ctx.randomBytes(4 * batches.length));
  const drawn = batches.map((batch, at) => ({ batch, rank: chance.readUInt32LE(4 * at) }));
  return drawn.sort((a, b) => a.rank - b.rank).flatMap(({ batch }) => batch);
}

function targetOf({ keyId, version, name, prefix, ownerEmail }: DueKey): RotationTarget {
  return { keyId, version, name, prefix: prefix ?? defaultPrefix, ownerEmail };
}

/** Held by another run at this moment, or between its PREPARE and ACTIVATE. */
const busyCodes = ['busy', 'rotation_open'];

/** What another run, or somebody, has done meanwhile; and a family that has two usable keys already. */
const doneCodes = ['not_due', 'already_replaced', 'version_changed', 'not_found', 'not_active', 'grace_open'];

function byAnother(result: RotationResult): RotationResult {
  const code = result.error?.code ?? '';
  const refused = result.outcome === 'refused' || result.outcome === 'skipped';
  return refused && [...busyCodes, ...doneCodes].includes(code) ? { ...result, outcome: 'skipped' } : result;
}

function isBusy({ outcome, error }: RotationResult): boolean {
  return outcome === 'skipped' && busyCodes.includes(error?.code ?? '');
}

/** A hook was called off: the signal went to it, and is meant for the whole run. */
function calledOff(lines: readonly DueLine[]): boolean {
  return lines.some((line) => {
    const cause = line.kind === 'rotation' ? line.result.error?.cause : undefined;
    return cause instanceof SinkError && cause.interrupted;
  });
}
