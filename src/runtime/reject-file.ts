import { type FileHandle, open, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { usageError } from '../domain/errors.js';
import type { Machine } from './machine.js';

/** The file of `--rejects`. */
export interface RejectFile {
  keep(line: Buffer): void;
  written(): Promise<void>;
  /** Closes it; without a line in it, it goes. */
  close(): Promise<void>;
}

/**
 * Creates the file for rejected lines, readable by its owner alone. What is there already, a symbolic link too, is refused:
 * a log's lines must not go where somebody else points, nor over the rejects of another run.
 * @throws KeyctlError 2
 */
export async function createRejectFile(machine: Machine, path: string): Promise<RejectFile> {
  const file = resolve(machine.workingDirectory, path);
  const handle = await open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'exists already' : `cannot be created (${error.code ?? 'error'})`;
    throw usageError('--rejects', `${path} ${why}`, '--rejects rejects-2.ndjson');
  });
  let waiting: Buffer[] = [];
  let size = 0;
  return {
    keep(line) {
      waiting.push(line, newline);
    },
    async written() {
      if (waiting.length === 0) return;
      const bytes = Buffer.concat(waiting);
      waiting = [];
      size += bytes.length;
      await writeAll(handle, bytes, path);
    },
    async close() {
      await handle.close();
      if (size === 0) await unlink(file);
    },
  };
}

const newline = Buffer.from('\n');

async function writeAll(handle: FileHandle, bytes: Buffer, path: string): Promise<void> {
  try {
    await handle.writeFile(bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw usageError('--rejects', `${path} cannot be written (${code})`, '--rejects /var/tmp/rejects.ndjson');
  }
}
