import { createHash, randomBytes } from 'node:crypto';
import { rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { assignedValue, replaceAssignment } from '../../domain/env-assignment.js';
import { Secret } from '../../domain/secret.js';
import { parseToken } from '../../domain/token.js';
import { type EnvFile, readEnvFile } from './env-file.js';
import { acquireLock, type FileLock } from './file-lock.js';
import { fileProblem, flushDirectory, readRegularFile, writeNewFile } from './new-file.js';
import { stagingName } from './place-file.js';
import { type IssuedKey, type Sink, SinkError } from './sink.js';

interface Target {
  /** Absolute. */
  readonly path: string;
  readonly variable: string;
}

/**
 * One assignment of an env file. Staged is a complete new file beside it; committed, it takes the file's place. If the
 * file changed meanwhile, the new one is made again of what stands there now: a commit never replaces anything but its
 * own assignment, so keys that share a file and are rotated together all arrive. What the file holds is usable at every
 * moment, because it changes by one rename, and only after the key became active.
 */
export function envSink({ path, variable }: Target): Sink {
  const target = { path, variable };
  let keyId: string | null = null;
  return {
    name: `env:${path}#${variable}`,
    inPlace: true,
    async stage(secret, key) {
      await stage(target, key.keyId, secret).catch((error: unknown) => {
        throw fileProblem(error, path);
      });
      keyId = key.keyId;
    },
    async commit() {
      if (keyId === null) throw new SinkError('it was never given this key', 'keyctl rotate status');
      await commit(target, keyId).catch((error: unknown) => {
        throw fileProblem(error, path);
      });
    },
    async discard() {
      if (keyId !== null) await unlink(stagingOf(target, keyId));
    },
    async recall(wanted) {
      const found = await recall(target, wanted);
      if (found !== null) keyId = wanted;
      return found;
    },
    async adopt(key: IssuedKey) {
      keyId = key.keyId;
    },
  };
}

/** The variable belongs to the name: two of one file are staged side by side. */
function stagingOf({ path, variable }: Target, keyId: string): string {
  return stagingName(path, keyId, `#${variable}`);
}

async function stage(target: Target, keyId: string, secret: Secret): Promise<void> {
  const file = await readEnvFile(target.path);
  await writeNewFile(stagingOf(target, keyId), withSecret(target, file, secret), file.ownership);
  await flushDirectory(target.path);
}

function withSecret({ path, variable }: Target, { text }: EnvFile, secret: Secret): Buffer {
  const replaced = replaceAssignment(text, variable, secret.reveal());
  if (!replaced.ok) throw new SinkError(replaced.problem, `grep -n ${variable} ${path}`);
  return Buffer.from(replaced.text, 'latin1');
}

async function commit(target: Target, keyId: string): Promise<void> {
  // By the last part of the path: a directory may be spelled in several ways.
  const which = createHash('sha256').update(basename(target.path)).digest('hex').slice(0, 8);
  const lockName = join(dirname(target.path), `.keyctl-lock-${which}`);
  for (;;) {
    const lock = await acquireLock(lockName, `${lockName}-${randomBytes(6).toString('hex')}`);
    try {
      if (await commitUnder(lock, target, keyId)) return;
    } finally {
      await lock.release();
    }
  }
}

/** False when the lock was lost before anything was changed. */
async function commitUnder(lock: FileLock, target: Target, keyId: string): Promise<boolean> {
  const { path } = target;
  const staging = stagingOf(target, keyId);
  const file = await readEnvFile(path);
  const staged = await readRegularFile(staging, Number.POSITIVE_INFINITY);
  if (tokenIn(Buffer.from(file.text, 'latin1'), target, keyId) !== null) {
    if (staged !== null) await unlink(staging);
    return true;
  }
  const secret = staged === null ? null : tokenIn(staged, target, keyId);
  if (staged === null || secret === null) {
    throw new SinkError('what was staged beside it is gone', `keyctl rotate reissue ${keyId}`);
  }
  const wanted = withSecret(target, file, secret);
  // Written when it was staged, so that a full disk cannot come between; only a changed file needs another one.
  const ready = wanted.equals(staged) ? staging : `${staging}-2`;
  if (ready !== staging) {
    await unlink(ready).catch(() => {});
    await writeNewFile(ready, wanted, file.ownership);
  }
  if (!(await lock.stillOurs())) return false;
  await rename(ready, path);
  if (ready !== staging) await unlink(staging);
  await flushDirectory(path);
  return true;
}

/** From the staged file, or from where it was going; a half-written one is cleared away. */
async function recall(target: Target, keyId: string): Promise<Secret | null> {
  const staging = stagingOf(target, keyId);
  const staged = await readRegularFile(staging, Number.POSITIVE_INFINITY);
  const found = staged === null ? null : tokenIn(staged, target, keyId);
  if (found !== null) return found;
  if (staged !== null) await unlink(staging).catch(() => {});
  const current = await readEnvFile(target.path).catch(() => null);
  return current === null ? null : tokenIn(Buffer.from(current.text, 'latin1'), target, keyId);
}

function tokenIn(bytes: Buffer, { variable }: Target, keyId: string): Secret | null {
  const value = assignedValue(bytes.toString('latin1'), variable) ?? '';
  const parsed = parseToken(value);
  return parsed.kind === 'token' && parsed.id === keyId ? new Secret(value) : null;
}
