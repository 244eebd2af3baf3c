import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';

/** The file of `--out`: it stands under its name whole, or not at all. */
export interface ExportFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes what was written to the disk; it still stands under no name of its own. */
  seal(): Promise<void>;
  /** Gives the file its name, then the manifest beside it. */
  place(manifest: string): Promise<void>;
  /** Takes away what stands under no name yet. */
  discard(): Promise<void>;
}

/** `FILE.manifest.json`. */
export function manifestPath(path: string): string {
  return `${path}.manifest.json`;
}

/**
 * Begins a file beside the one that is meant, readable by its owner alone. What is there already, a symbolic link too, is
 * refused unless `force` says that it may be replaced.
 * @throws KeyctlError 2
 */
export async function createExportFile(
  directory: string,
  path: string,
  { force }: { readonly force: boolean },
): Promise<ExportFile> {
  const file = resolve(directory, path);
  const manifest = manifestPath(file);
  if (!force) for (const taken of [file, manifest]) await refuseExisting(taken, path);
  const drafts = [file, manifest].map(draftOf) as [string, string];
  const handle = await open(drafts[0], 'wx', 0o600).catch((error: unknown) => {
    throw usageError('--out', `${path} cannot be written (${codeOf(error)})`, '--out export.ndjson');
  });
  const told = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw error instanceof KeyctlError ? error : unwritten(path, error);
    });
  return {
    write: (bytes) => told(writeWhole(handle, bytes)),
    seal: () => told(sealed(handle)),
    place: (text) => told(placed({ file, manifest, drafts, force, path }, text)),
    async discard() {
      await handle.close().catch(() => {});
      for (const draft of drafts) await unlink(draft).catch(() => {});
    },
  };
}

async function refuseExisting(taken: string, path: string): Promise<void> {
  const found = await lstat(taken).catch(() => null);
  if (found !== null) throw existing(taken === resolve(taken, path) ? path : basename(taken));
}

function existing(name: string): KeyctlError {
  return usageError('--out', `${name} is there already`, '--out with another name, or --force');
}

/** A name that nobody else has; a run that was killed leaves it behind, and nothing takes it for an export. */
function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += (await handle.write(bytes, at)).bytesWritten;
}

async function sealed(handle: FileHandle): Promise<void> {
  await handle.sync();
  await handle.close();
}

interface Placing {
  readonly file: string;
  readonly manifest: string;
  readonly drafts: readonly [string, string];
  readonly force: boolean;
  readonly path: string;
}

/** The manifest last: where it stands, the file that it describes does. One of an older file goes first. */
async function placed({ file, manifest, drafts, force, path }: Placing, text: string): Promise<void> {
  const handle = await open(drafts[1], 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (force) await unlink(manifest).catch(ifThere);
  await named(drafts[0], file, { force, path });
  await flushed(file);
  await named(drafts[1], manifest, { force, path });
  await flushed(manifest);
}

/** A link never replaces what somebody put there meanwhile; where there are no links, a look has to do. */
async function named(
  draft: string,
  file: string,
  { force, path }: Pick<Placing, 'force' | 'path'>,
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

function ifThere(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'error';
}

function unwritten(path: string, error: unknown): KeyctlError {
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
