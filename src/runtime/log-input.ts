import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { usageError } from '../domain/errors.js';
import type { Machine } from './machine.js';

/** A log that is about to be read. */
export interface OpenLog {
  /** For people and the audit log: the path as it was typed, or `stdin`. */
  readonly name: string;
  /** The log's bytes, uncompressed. Breaks off with an error where the input does. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The beginning of them, for a look at it; they still come with `chunks`. */
  head(): Promise<Uint8Array>;
  /** Bytes as they lie on disk; null for a pipe. */
  readonly size: number | null;
  /** Of them, how many were read. */
  bytesRead(): number;
  /** Ends the reading, also one that waits for a pipe. */
  stop(): void;
}

/** Whose FILE it is, for hints: the command, and a right way to type it. */
export interface Reader {
  readonly command: string;
  readonly example: string;
}

const ingest: Reader = {
  command: 'keyctl audit ingest',
  example: 'keyctl audit ingest access.log.gz --format combined',
};
const chunkSize = 256 * 1024;
const headSize = 64 * 1024;

/** What is compressed in another way, by its first bytes, and what uncompresses it. */
const otherCompressions: readonly (readonly [magic: string, program: string])[] = [
  ['28b52ffd', 'zstdcat'],
  ['fd377a585a00', 'xzcat'],
  ['425a68', 'bzcat'],
  ['504b0304', 'unzip -p'],
];

/**
 * Opens a log, FILE or `-`; gzip is told by its first bytes, whatever the name.
 * @throws KeyctlError 2 when it cannot be read, or is compressed in a way we do not know
 */
export async function openLog(machine: Machine, path: string, reader = ingest): Promise<OpenLog> {
  const { command, example } = reader;
  const { source, size } =
    path === '-' ? { source: stdinOf(machine, reader), size: null } : await fileOf(machine, path, reader);
  const name = path === '-' ? 'stdin' : path;
  const raw = replay(source[Symbol.asyncIterator]());
  const first = await raw.peek(6);
  if (raw.broken() !== null) throw usageError(name, `cannot be read (${codeOf(raw.broken())})`, example);
  const magic = first.toString('hex', 0, 6);
  const other = otherCompressions.find(([start]) => magic.startsWith(start));
  if (other !== undefined) {
    source.destroy();
    throw usageError(name, 'is compressed, and not with gzip', `${other[1]} ${name} | ${command} -`);
  }
  let bytesRead = 0;
  const counted = raw.all((bytes) => {
    bytesRead += bytes;
  });
  const plain = replay(magic.startsWith('1f8b') ? gunzipped(counted) : counted);
  return {
    name,
    chunks: plain.all(),
    head: () => plain.peek(headSize),
    size,
    bytesRead: () => bytesRead,
    stop: () => source.destroy(),
  };
}

function stdinOf(machine: Machine, { command, example }: Reader): Readable {
  if (machine.terminal.stdin)
    throw usageError('-', 'stdin is a terminal', `${example}, or zcat … | ${command} -`);
  return machine.stdin;
}

async function fileOf(
  machine: Machine,
  path: string,
  { command, example }: Reader,
): Promise<{ source: Readable; size: number | null }> {
  const handle = await open(resolve(machine.workingDirectory, path), 'r').catch((error: unknown) => {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : `cannot be read (${codeOf(error)})`;
    throw usageError(path, why, example);
  });
  const stat = await handle.stat();
  if (stat.isDirectory()) {
    await handle.close();
    throw usageError(path, 'is a directory', `cat ${path}/*.log | ${command} -`);
  }
  const source = createReadStream('', { fd: handle, highWaterMark: chunkSize });
  return { source, size: stat.isFile() ? stat.size : null };
}

/** Chunks whose beginning can be looked at before they are read. */
interface Replay {
  /** The beginning, at least so many bytes unless there are fewer. */
  peek(wanted: number): Promise<Buffer>;
  /** The error that ended the looking; it is thrown again where the chunks are read. */
  broken(): unknown;
  all(count?: (bytes: number) => void): AsyncGenerator<Buffer, void, void>;
}

function replay(chunks: AsyncIterator<Buffer>): Replay {
  const seen: Buffer[] = [];
  let ended = false;
  let broken: unknown = null;
  return {
    async peek(wanted) {
      let size = seen.reduce((sum, chunk) => sum + chunk.length, 0);
      while (size < wanted && !ended && broken === null) {
        try {
          const next = await chunks.next();
          if (next.done === true) ended = true;
          else {
            seen.push(next.value);
            size += next.value.length;
          }
        } catch (error) {
          broken = error;
        }
      }
      return Buffer.concat(seen);
    },
    broken: () => broken,
    async *all(count = () => {}) {
      for (let chunk = seen.shift(); chunk !== undefined; chunk = seen.shift()) {
        count(chunk.length);
        yield chunk;
      }
      try {
        if (broken !== null) throw broken;
        while (!ended) {
          const next = await chunks.next();
          if (next.done === true) return;
          count(next.value.length);
          yield next.value;
        }
      } finally {
        await chunks.return?.();
      }
    },
  };
}

/** Several gzip members in one file, as log rotation writes them, are one text. */
function gunzipped(chunks: AsyncIterable<Buffer>): AsyncIterator<Buffer> {
  const gunzip = createGunzip({ chunkSize });
  // Its error is the reader's to see.
  pipeline(chunks, gunzip, () => {});
  return gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no code';
}
