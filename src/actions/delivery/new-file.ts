import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SinkError } from './sink.js';

/** What a file keeps of the one it is going to stand for. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Writes a file that was not there, readable by its owner alone from the first byte, whatever the umask, and flushes it.
 * When it cannot be written, it is not there either.
 * @throws SinkError, or a file system's error
 */
export async function writeNewFile(
  path: string,
  content: string | Uint8Array,
  ownership: Ownership | null = null,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await refuseReadable(file, path);
    await file.writeFile(content);
    if (ownership !== null) await takeOver(file, ownership);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

/** A file system that knows no modes (FAT, some shares) shows the secret to everybody: nothing is written then. */
async function refuseReadable(file: FileHandle, path: string): Promise<void> {
  await file.chmod(0o600);
  const { mode } = await file.stat();
  if ((mode & 0o077) === 0) return;
  throw new SinkError(
    'its file system cannot keep the file from others',
    `--deliver file:PATH on another file system than that of ${dirname(path)}`,
  );
}

/** The mode last: who gives a file away may not change it any more. */
async function takeOver(file: FileHandle, { uid, gid, mode }: Ownership): Promise<void> {
  const own = await file.stat();
  if (own.uid !== uid || own.gid !== gid) {
    await file.chown(uid, gid).catch(() => {
      throw new SinkError(
        'it belongs to another user or group, and would not any more',
        `sudo -u '#${uid}' …`,
      );
    });
  }
  if ((own.mode & 0o7777) !== mode) await file.chmod(mode);
}

interface Flushing {
  readonly running: Promise<void>;
  next: Promise<void> | null;
}

/** The directories that are being flushed now, each by one flush at a time. */
const flushing = new Map<string, Flushing>();

/**
 * Flushes the directory of a path: a name is safe on disk only then. Who asks while a flush is running shares the next one
 * with all others who do, since the running one may have begun before their change: of 100 new files in one directory, a
 * dozen flushes.
 */
export async function flushDirectory(path: string): Promise<void> {
  const directory = dirname(path);
  const now = flushing.get(directory);
  if (now === undefined) return await beginFlush(directory);
  now.next ??= now.running.then(
    () => beginFlush(directory),
    () => beginFlush(directory),
  );
  return await now.next;
}

async function beginFlush(directory: string): Promise<void> {
  const state: Flushing = { running: syncDirectory(directory), next: null };
  flushing.set(directory, state);
  try {
    await state.running;
  } finally {
    if (state.next === null) flushing.delete(directory);
  }
}

/** Some file systems cannot flush a directory, and need not. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(codeOf(error))) throw error;
  } finally {
    await directory.close();
  }
}

/** The bytes of a regular file of at most `limit` bytes that is no symbolic link; null otherwise. */
export async function readRegularFile(path: string, limit: number): Promise<Buffer | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > limit) return null;
    return await file.readFile();
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

/** The system's code of an error: `ENOENT`; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is something under that name already, and it is never overwritten',
  ENOENT: 'there is no such directory',
  ENOTDIR: 'a part of the path is no directory',
  EACCES: 'the directory may not be written to',
  EPERM: 'the file system does not let it be put into place (no hard links?)',
  ENOTSUP: 'the file system does not let it be put into place (no hard links?)',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
  EISDIR: 'it is a directory',
  EBUSY: 'it is in use as a mount point, and cannot be replaced',
};

/** A file system's error in words, with what to look at. */
export function fileProblem(error: unknown, path: string): SinkError {
  if (error instanceof SinkError) return error;
  const code = codeOf(error);
  const why = reasons[code] ?? `it could not be written (${code === '' ? 'no code' : code})`;
  const hint =
    code === 'EEXIST' ? `ls -l ${path}, then --deliver with a new name` : `ls -ld ${dirname(path)}`;
  return new SinkError(why, hint);
}
