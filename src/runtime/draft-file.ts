import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';

/** A file that stands under its name whole, or not at all. */
export interface DraftFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Over what was written there. */
  overwrite(bytes: Uint8Array, at: number): Promise<void>;
  /** Flushes what was written to the disk; it still stands under no name of its own. */
  seal(): Promise<void>;
  /** What stands on the disk, once it is sealed. */
  contents(): AsyncGenerator<Uint8Array>;
  /** Gives the file its name. */
  place(): Promise<void>;
  /** Takes away what stands under no name yet. */
  discard(): Promise<void>;
}

/** Which file is meant. */
export interface DraftOptions {
  /** Absolute. */
  readonly file: string;
  /** As it was typed: what messages call it. */
  readonly path: string;
  /** What is there already may be replaced. */
  readonly force: boolean;
  /** A right value of `--out`. */
  readonly example: string;
}

/**
 * Begins a file beside the one that is meant, readable by its owner alone.
 * @throws KeyctlError 2
 */
export async function createDraftFile(options: DraftOptions): Promise<DraftFile> {
  const { file, path, example } = options;
  const draft = draftOf(file);
  const handle = await open(draft, 'wx+', 0o600).catch((error: unknown) => {
    throw usageError('--out', `${path} cannot be written (${codeOf(error)})`, `--out ${example}`);
  });
  const told = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw error instanceof KeyctlError ? error : unwritten(path, error);
    });
  let end = 0;
  return {
    async write(bytes) {
      await told(writeWhole(handle, bytes, end));
      end += bytes.length;
    },
    overwrite: (bytes, at) => told(writeWhole(handle, bytes, at)),
    seal: () => told(handle.sync()),
    contents: () => contentsOf(handle, path),
    place: () => told(placed(handle, draft, options)),
    async discard() {
      await handle.close().catch(() => {});
      await unlink(draft).catch(() => {});
    },
  };
}

/**
 * Refuses what is there already, a symbolic link too.
 * @throws KeyctlError 2
 */
export async function refuseExisting(file: string, path: string): Promise<void> {
  if ((await lstat(file).catch(() => null)) !== null) throw existing(path);
}

function existing(path: string): KeyctlError {
  return usageError('--out', `${path} is there already`, '--out with another name, or --force');
}

/** A name that nobody else has; a run that was killed leaves it behind, and nothing takes it for the file that is meant. */
function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < bytes.length)
    at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

async function* contentsOf(handle: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(256 * 1024);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(piece, 0, piece.length, at).catch((error: unknown) => {
      throw unwritten(path, error);
    });
    if (bytesRead === 0) return;
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

async function placed(handle: FileHandle, draft: string, { file, path, force }: DraftOptions): Promise<void> {
  await handle.close();
  await named(draft, file, { force, path });
  await flushed(file);
}

/** A link never replaces what somebody put there meanwhile; where there are no links, a look has to do. */
async function named(
  draft: string,
  file: string,
  { force, path }: Pick<DraftOptions, 'force' | 'path'>,
): Promise<void> {
  if (force) return await rename(draft, file);
  try {
    await link(draft, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw existing(path);
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(error))) throw error;
    await refuseExisting(file, path);
    return await rename(draft, file);
  }
  await unlink(draft);
}

async function flushed(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(codeOf(error))) throw error;
  } finally {
    await directory.close();
  }
}

/** The system's word for what failed. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'error';
}

/** Exit 1: what is on the disk is said, because nobody else knows. */
export function unwritten(path: string, error: unknown): KeyctlError {
  const code = codeOf(error);
  const why = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code) ? `no space is left (${code})` : code;
  return new KeyctlError({
    code: 'output_failed',
    message: `${path} could not be written: ${why}; nothing of it is left`,
    hint: `df -h ${dirname(path)}, then the same command again`,
    exitCode: exitCodes.bug,
    cause: error,
  });
}
