import { type BigIntStats, constants } from 'node:fs';
import { link, lstat, open, rename, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './new-file.js';
import { SinkError } from './sink.js';

/** A lock that is held. */
export interface FileLock {
  /** False once another process took it for left behind; what is under way then starts anew. */
  stillOurs(): Promise<boolean>;
  release(): Promise<void>;
}

const lookEveryMs = 20;

/** Work under the lock takes milliseconds; what stands this long was left by a process that died. */
const leftBehindMs = 5000;

/** With many waiting, each finishes long before. */
const givenUpMs = 60_000;

/**
 * Waits for the lock: a file that only one process can create. Which one is told by inode and time, so that no clocks and
 * no process ids are compared (containers have their own); one that stood unchanged for 5 s is taken away.
 * @throws SinkError after a minute
 */
export async function acquireLock(path: string, uniqueName: string): Promise<FileLock> {
  let watched = '';
  let watchedForMs = 0;
  for (let waitedMs = 0; waitedMs < givenUpMs; waitedMs += lookEveryMs) {
    const own = await create(path);
    if (own !== null) return held(path, own);
    const seen = await identity(path);
    watchedForMs = seen === watched ? watchedForMs + lookEveryMs : 0;
    watched = seen;
    if (seen !== '' && watchedForMs >= leftBehindMs) await takeAway(path, seen, uniqueName);
    await sleep(lookEveryMs);
  }
  throw new SinkError('other processes are at it all the time', `ls -l ${path}`);
}

async function create(path: string): Promise<string | null> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const own = identityOf(await file.stat({ bigint: true }));
    await file.close();
    return own;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    throw error;
  }
}

function held(path: string, own: string): FileLock {
  const stillOurs = async () => (await identity(path)) === own;
  return {
    stillOurs,
    async release() {
      if (await stillOurs()) await unlink(path).catch(() => {});
    },
  };
}

/** By another name first: of two who find the same left-over, the second must not throw away the lock of the first. */
async function takeAway(path: string, seen: string, uniqueName: string): Promise<void> {
  try {
    await rename(path, uniqueName);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await identity(uniqueName)) !== seen) await link(uniqueName, path).catch(() => {});
  await unlink(uniqueName);
}

async function identity(path: string): Promise<string> {
  const found = await lstat(path, { bigint: true }).catch(() => null);
  return found === null ? '' : identityOf(found);
}

/** The time of its birth and last change of content: renaming and linking leave them alone. */
function identityOf({ ino, mtimeNs }: BigIntStats): string {
  return `${ino} ${mtimeNs}`;
}
