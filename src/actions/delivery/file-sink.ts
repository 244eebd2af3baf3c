import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Secret } from '../../domain/secret.js';
import { bodyLength, maxPrefixLength, parseToken } from '../../domain/token.js';
import { type IssuedKey, type Sink, SinkError } from './sink.js';

const longestToken = maxPrefixLength + 1 + bodyLength;

/**
 * A new file with exactly the token in it (no newline: `sha256sum FILE` begins with the fingerprint), readable by its
 * owner alone from the first byte. It is written under another name, flushed, and then linked into place: a link never
 * replaces a file or follows a symlink, and whoever looks sees all of it or nothing. It is in place before the key is
 * active, so that nothing that could fail is left for afterwards.
 * @param path absolute
 */
export function fileSink(path: string): Sink {
  let keyId: string | null = null;
  return {
    name: `file:${path}`,
    async stage(secret, key) {
      try {
        await place(path, secret, key);
        keyId = key.keyId;
      } catch (error) {
        throw explained(error, path);
      }
    },
    async commit() {},
    async discard() {
      // By what is in it: somebody else's file there may even have got the inode of ours.
      if (keyId === null || (await readBack(path, keyId)) === null) return;
      await unlink(path);
      await flushDirectory(path);
    },
    async recall(wanted) {
      const found = await readBack(path, wanted);
      // A run that was killed between linking and unlinking left its other name behind.
      await unlink(stagingName(path, wanted)).catch(() => {});
      if (found !== null) keyId = wanted;
      return found;
    },
  };
}

async function place(path: string, secret: Secret, key: IssuedKey): Promise<void> {
  const staging = stagingName(path, key.keyId);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(staging, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  let linked = false;
  try {
    await refuseReadable(file, path);
    await file.writeFile(secret.reveal());
    await file.sync();
    await link(staging, path);
    linked = true;
    await unlink(staging);
    await flushDirectory(path);
  } catch (error) {
    await unlink(staging).catch(() => {});
    if (linked) await unlink(path).catch(() => {});
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

/** Beside the file, so that it can be linked; told apart by key and path. */
function stagingName(path: string, keyId: string): string {
  const which = createHash('sha256').update(path).digest('hex').slice(0, 8);
  return join(dirname(path), `.keyctl-${keyId}-${which}`);
}

/** The name is safe on disk only when its directory is; some file systems cannot flush a directory, and need not. */
async function flushDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(codeOf(error))) throw error;
  } finally {
    await directory.close();
  }
}

/** The token of that key, when it is all that stands in the file. */
async function readBack(path: string, keyId: string): Promise<Secret | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > longestToken) return null;
    const text = await file.readFile('utf8');
    const parsed = parseToken(text);
    return parsed.kind === 'token' && parsed.id === keyId ? new Secret(text) : null;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string {
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
};

function explained(error: unknown, path: string): SinkError {
  if (error instanceof SinkError) return error;
  const code = codeOf(error);
  const why = reasons[code] ?? `it could not be written (${code === '' ? 'no code' : code})`;
  const hint =
    code === 'EEXIST' ? `ls -l ${path}, then --deliver file:… with a new name` : `ls -ld ${dirname(path)}`;
  return new SinkError(why, hint);
}
