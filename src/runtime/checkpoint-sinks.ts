import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { notesOf } from '../domain/checkpoint.js';

/** A file that a checkpoint could not be appended to, and the system's word for why. */
export interface FailedSink {
  readonly path: string;
  readonly code: string;
}

/** How much of a file's end is looked at; some 250 checkpoints. */
const tailBytes = 64 * 1024;

/**
 * Appends a checkpoint to every file and flushes it. One that missed some because it could not be written then gets them
 * now, as far as they stand at the end of the first. Never throws: what was changed is not undone for a full disk.
 */
export function appendToSinks(paths: readonly string[], note: string, makeDirectory: string): FailedSink[] {
  const [first] = paths;
  const earlier = first === undefined ? Buffer.alloc(0) : tailOf(first);
  const failed: FailedSink[] = [];
  for (const path of paths) {
    try {
      if (path === first && dirname(path) === makeDirectory)
        mkdirSync(makeDirectory, { recursive: true, mode: 0o700 });
      append(path, path === first ? note : missedBy(path, earlier) + note);
    } catch (error) {
      failed.push({ path, code: error instanceof Error && 'code' in error ? String(error.code) : 'no code' });
    }
  }
  return failed;
}

/** When the newest checkpoint was appended; null when the file is not there or empty. */
export function lastAppended(path: string): Date | null {
  try {
    const { mtime, size } = statSync(path);
    return size === 0 ? null : mtime;
  } catch {
    return null;
  }
}

/** Whether it could be appended to, without doing it. */
export function sinkProblem(path: string): string | null {
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
    closeSync(file);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    // Made by the first checkpoint, where its directory is there.
    return code === 'ENOENT' && statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() === true
      ? null
      : code;
  }
}

/** One write, so that two programs that append at once do not mix. A pipe that nobody reads is refused, not waited for. */
function append(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
  try {
    const bytes = Buffer.from(isTorn(path) ? `\n${text}` : text);
    if (writeSync(file, bytes) < bytes.length)
      throw Object.assign(new Error('written in part'), { code: 'ENOSPC' });
    if (fstatSync(file).isFile()) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A power cut may have left half a note: the next one begins on a line of its own. */
function isTorn(path: string): boolean {
  const tail = tailOf(path, 1);
  return tail.length > 0 && tail[0] !== 0x0a;
}

/** The notes at the end of the first file that are newer than the last of this one. */
function missedBy(path: string, earlier: Buffer): string {
  const last = sizeOf([...notesOf(tailOf(path))].at(-1)?.bytes);
  const missed = [...notesOf(earlier)].filter(({ bytes }) => sizeOf(bytes) > last);
  return missed.map(({ bytes }) => Buffer.from(bytes).toString()).join('');
}

/** The second line of a note; -1 when that is no number. */
function sizeOf(note: Uint8Array | undefined): number {
  const [, size] = /^[^\n]+\n(\d{1,16})\n/.exec(Buffer.from(note ?? []).toString()) ?? [];
  return size === undefined ? -1 : Number(size);
}

function tailOf(path: string, length = tailBytes): Buffer {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return Buffer.alloc(0);
    const tail = Buffer.alloc(Math.min(length, stats.size));
    return tail.subarray(0, readSync(file, tail, 0, tail.length, stats.size - tail.length));
  } finally {
    closeSync(file);
  }
}
