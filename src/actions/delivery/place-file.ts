import { createHash } from 'node:crypto';
import { link, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileProblem, flushDirectory, readRegularFile, writeNewFile } from './new-file.js';

export interface Placed {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
  /** Whose file it is: the name it is written under tells it to a later run. */
  readonly keyId: string;
}

/**
 * Puts a new file into place: written under another name, flushed, and then linked. A link never replaces a file or
 * follows a symlink, and whoever looks sees all of it or nothing.
 * @throws SinkError
 */
export async function placeFile({ path, content, keyId }: Placed): Promise<void> {
  const staging = stagingName(path, keyId);
  let linked = false;
  try {
    await writeNewFile(staging, content);
    try {
      await link(staging, path);
      linked = true;
    } finally {
      await unlink(staging);
    }
    await flushDirectory(path);
  } catch (error) {
    if (linked) await unlink(path).catch(() => {});
    throw fileProblem(error, path);
  }
}

/** Takes the file away when it still is what was placed: somebody else's may even have got its inode. */
export async function removePlaced({ path, content }: Placed): Promise<void> {
  const found = await readRegularFile(path, Buffer.byteLength(content));
  if (found === null || !found.equals(Buffer.from(content))) return;
  await unlink(path);
  await flushDirectory(path);
}

/** The name that a file of this key is written under: beside it, so that it can be linked or renamed. */
export function stagingName(path: string, keyId: string, part = ''): string {
  const which = createHash('sha256')
    .update(path + part)
    .digest('hex')
    .slice(0, 8);
  return join(dirname(path), `.keyctl-${keyId}-${which}`);
}
