import { lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { usageError } from '../domain/errors.js';
import type { Machine } from './machine.js';

/**
 * Writes a whole file at once: under another name in the same folder, flushed, then renamed, so that a reader sees the old
 * text or the new one and never a part. A regular file there is replaced; anything else (a link, a device) is refused.
 * @throws KeyctlError 2
 */
export async function writeWholeFile(
  machine: Pick<Machine, 'workingDirectory' | 'randomUuid'>,
  file: { readonly flag: string; readonly path: string; readonly text: string; readonly mode: number },
): Promise<void> {
  const path = resolve(machine.workingDirectory, file.path);
  const found = await lstat(path).catch(() => null);
  if (found !== null && !found.isFile())
    throw usageError(file.flag, `${file.path} is no regular file`, `${file.flag} /var/tmp/keyctl-report`);
  const draft = join(dirname(path), `.${basename(path)}.${machine.randomUuid()}`);
  try {
    await writeFlushed(draft, file.text, file.mode);
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw usageError(
      file.flag,
      `${file.path} cannot be written (${code})`,
      `${file.flag} /var/tmp/keyctl-report`,
    );
  }
}

async function writeFlushed(path: string, text: string, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
