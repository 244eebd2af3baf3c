import { batchBuilder, type EventBatch } from '../db/ingest-copy.js';
import type { LogFormat } from '../domain/ingest/formats.js';
import type { KeyField } from '../domain/ingest/key-field.js';
import { type ExposedToken, logReader } from '../domain/ingest/log-reader.js';
import type { RejectCause } from '../domain/ingest/reject.js';

/** A log to be read, and what is done with what it holds beside its events. */
export interface LogInput {
  /** The log's bytes, uncompressed. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How the person named it; goes into the audit log. */
  readonly source: string;
  readonly format: LogFormat;
  readonly keyField: KeyField;
  /** Where rejected lines are kept, if anywhere. */
  readonly rejects: RejectKeeper | null;
  /** True when the person wants it to end: what is read until then is filed. */
  readonly isStopped: () => boolean;
  readonly onProgress: (progress: LogProgress) => void;
}

interface RejectKeeper {
  keep(line: Buffer): void;
  /** Waits until what was kept is written, so that memory stays flat. */
  written(): Promise<void>;
}

export interface LogProgress {
  readonly events: number;
  readonly rejected: number;
}

/** What was read, as the reader saw it. */
export interface LogTally {
  events: number;
  rejected: number;
  readonly rejectedByCause: Partial<Record<RejectCause, number>>;
  firstAt: number | null;
  lastAt: number | null;
  /** False when it was stopped, or the input broke off. */
  complete: boolean;
}

/** What happens with the batches and the tokens of ours, while the log is read. */
export interface LogTaker {
  take(batch: EventBatch): Promise<void>;
  exposed(token: ExposedToken): void;
  /** Called after each chunk. */
  settle(): Promise<void>;
}

/** Reads a log from its beginning to its end, in constant memory: no more than a chunk and a batch are held. */
export async function readLog(input: LogInput, now: Date, taker: LogTaker): Promise<LogTally> {
  const tally: LogTally = {
    events: 0,
    rejected: 0,
    rejectedByCause: {},
    firstAt: null,
    lastAt: null,
    complete: true,
  };
  const batches = batchBuilder();
  const reject = (cause: RejectCause) => {
    tally.rejected++;
    tally.rejectedByCause[cause] = (tally.rejectedByCause[cause] ?? 0) + 1;
  };
  const reader = logReader(
    { format: input.format, keyField: input.keyField, now },
    {
      event(event, id) {
        batches.add(event, id);
        tally.events++;
        const { at } = event.time;
        if (tally.firstAt === null || at < tally.firstAt) tally.firstAt = at;
        if (tally.lastAt === null || at > tally.lastAt) tally.lastAt = at;
      },
      rejected(cause, line) {
        reject(cause);
        input.rejects?.keep(line);
      },
      exposed: taker.exposed,
    },
  );
  const handOver = async () => {
    for (const batch of batches.full()) await taker.take(batch);
    await taker.settle();
    await input.rejects?.written();
    input.onProgress(tally);
  };

  const outcome = await eachChunk(input, async (chunk) => {
    reader.push(chunk);
    await handOver();
  });
  // A line that was cut off by no will of its writer may read as another one: it is no event.
  if (outcome === 'ended') reader.end();
  else tally.complete = false;
  if (outcome === 'broken') reject('broken_input');
  await handOver();
  const rest = batches.rest();
  if (rest !== null) await taker.take(rest);
  return tally;
}

/** Errors of `work` are thrown; an input that breaks off is an outcome. */
async function eachChunk(
  input: LogInput,
  work: (chunk: Uint8Array) => Promise<void>,
): Promise<'ended' | 'stopped' | 'broken'> {
  const chunks = input.chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      if (input.isStopped()) return 'stopped';
      let next: IteratorResult<Uint8Array>;
      try {
        next = await chunks.next();
      } catch {
        return input.isStopped() ? 'stopped' : 'broken';
      }
      if (next.done === true) return input.isStopped() ? 'stopped' : 'ended';
      await work(next.value);
    }
  } finally {
    await chunks.return?.();
  }
}
