import type { Writable } from 'node:stream';
import type { LogEvent } from '../domain/ingest/event.js';
import type { CopyClient } from './connect.js';
import { withDeadline } from './deadline.js';
import { asKeyctlError } from './failures.js';
import type { Target } from './settings.js';

/** Events in PostgreSQL's text format of COPY, as many as are filed in one statement. */
export interface EventBatch {
  readonly chunks: readonly Buffer[];
  readonly rows: number;
}

/** Rows of one batch: large enough that its fixed costs do not count, small enough for a short statement and little memory. */
const mostRows = 30_000;
/** Long events make a batch full sooner. */
const mostBytes = 12 * 1024 * 1024;
/** Partitions that one statement may have to make: each takes some ten of the server's locks, and the lock table is shared. */
const mostWeeks = 60;
const chunkSize = 64 * 1024;
const weekMs = 7 * 86_400_000;

const columns =
  'ts, presented, id, key_version, method, endpoint, object, feature, status, ip, ip_text, user_agent, bytes, latency_ms, tokens, cost_usd, model, request_id';

export interface BatchBuilder {
  add(event: LogEvent, id: string): void;
  /** The batches that are full, in order; each once. */
  full(): EventBatch[];
  /** What is left; null when it is nothing. */
  rest(): EventBatch | null;
}

/** Collects events into batches. */
export function batchBuilder(): BatchBuilder {
  const ready: EventBatch[] = [];
  let chunks: Buffer[] = [];
  let text = '';
  let rows = 0;
  let bytes = 0;
  let weeks = new Set<number>();

  function flush(): void {
    if (text === '') return;
    const chunk = Buffer.from(text);
    bytes += chunk.length;
    chunks.push(chunk);
    text = '';
  }

  function seal(): void {
    flush();
    if (rows > 0) ready.push({ chunks, rows });
    chunks = [];
    rows = 0;
    bytes = 0;
    weeks = new Set();
  }

  return {
    add(event, id) {
      const week = Math.floor(event.time.at / weekMs);
      if (!weeks.has(week)) {
        if (weeks.size === mostWeeks) seal();
        weeks.add(week);
      }
      text += copyLine(event, id);
      rows++;
      if (text.length > chunkSize) flush();
      if (rows === mostRows || bytes > mostBytes) seal();
    },
    full: () => ready.splice(0),
    rest() {
      seal();
      return ready.shift() ?? null;
    },
  };
}

/** One row: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format". */
export function copyLine(event: LogEvent, id: string): string {
  return `${event.time.text}\t${escaped(event.presented)}\t${escaped(id)}\t${event.keyVersion ?? '\\N'}\t${field(event.method)}\t${field(event.endpoint)}\t${field(event.object)}\t${field(event.feature)}\t${event.status ?? '\\N'}\t${event.ip ?? '\\N'}\t${field(event.ipText)}\t${field(event.userAgent)}\t${event.bytes ?? '\\N'}\t${event.latencyMs ?? '\\N'}\t${event.tokens ?? '\\N'}\t${event.costUsd ?? '\\N'}\t${field(event.model)}\t${field(event.requestId)}\n`;
}

const special = /[\\\t\n\r]/;
const everySpecial = /[\\\t\n\r]/g;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function field(text: string | null): string {
  return text === null ? '\\N' : escaped(text);
}

function escaped(text: string): string {
  return special.test(text) ? text.replace(everySpecial, (found) => escapes[found] ?? found) : text;
}

/**
 * Copies a batch into an inbox of `ingest_open`; all of it arrives or nothing. A batch over a slow line may take its time:
 * the limit is for each piece of it.
 * @throws KeyctlError 69 when the server is gone or too slow; nothing of the batch was filed then
 */
export async function copyIntoInbox(
  client: CopyClient,
  input: {
    readonly inbox: string;
    readonly batch: EventBatch;
    readonly timeoutMs: number;
    readonly target: Target;
  },
): Promise<void> {
  const { inbox, batch, timeoutMs, target } = input;
  // The name comes from the server; it becomes part of a statement all the same.
  if (!/^inbox_[0-9a-f]{32}_[12]$/.test(inbox)) throw new RangeError('not an inbox');
  const limit = { timeoutMs, onTimeout: () => client.destroy() };
  try {
    const copying = client.sql.unsafe(`copy keyctl.${inbox} (${columns}) from stdin`).writable();
    const stream = await withDeadline(copying, limit);
    const failed = new Promise<never>((_resolve, reject) => stream.once('error', reject));
    failed.catch(() => {});
    for (const chunk of batch.chunks)
      await withDeadline(Promise.race([written(stream, chunk), failed]), limit);
    await withDeadline(Promise.race([ended(stream), failed, refusedAtTheEnd(client)]), limit);
  } catch (error) {
    throw asKeyctlError(error, { sent: 'nothing', target });
  }
}

/**
 * The driver forgets its stream with the last byte: an error that comes then reaches nobody, and the stream ends well with
 * the next statement that completes. An empty one completes nothing; it is answered when the COPY has ended, and after
 * the COPY's success was told.
 */
async function refusedAtTheEnd(client: CopyClient): Promise<never> {
  await client.sql.unsafe('');
  throw new Error('COPY failed at its end');
}

function written(stream: Writable, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

function ended(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.end((error?: Error | null) => (error ? reject(error) : resolve()));
  });
}
