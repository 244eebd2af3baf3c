import { mkdir, mkdtemp, rename, rm, stat, utimes } from 'node:fs/promises';
import type { Layout } from './layout.js';

const beatMs = 500;
const abandonedMs = 5000;

/** Gives the lock back; a lock that was taken over meanwhile stays the other's. */
export type Release = () => Promise<void>;

/**
 * Takes the right to create and start the server, or answers null while somebody else has it. The holder touches the lock
 * twice a second, so that one who was killed is found without asking whose pid it was (pids are used again, and mean
 * nothing between containers that share a volume). It keeps twelve first commands from running twelve `initdb` (F33);
 * that only one server ever runs on a cluster is PostgreSQL's own doing, not this lock's.
 */
export async function takeStartLock(layout: Layout): Promise<Release | null> {
  await setAsideIfAbandoned(layout.lock);
  try {
    await mkdir(layout.lock, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return null;
    throw error;
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(layout.lock, now, now).catch(() => {});
  }, beatMs);
  beat.unref();
  return async () => {
    clearInterval(beat);
    await rm(layout.lock, { recursive: true, force: true });
  };
}

/** Of several who see a dead holder, `rename` lets one through; the others take part in the next round. */
async function setAsideIfAbandoned(lock: string): Promise<void> {
  if ((await ageMs(lock)) < abandonedMs) return;
  const aside = await mkdtemp(`${lock}.`);
  const moved = await rename(lock, aside).then(
    () => true,
    () => false,
  );
  // Between the look and the rename another may have cleared it and taken it: then it is his again.
  if (moved && (await ageMs(aside)) < abandonedMs) await rename(aside, lock).catch(() => {});
  await rm(aside, { recursive: true, force: true });
}

/** By the file system's clock against ours; 0 when there is no such directory. */
async function ageMs(path: string): Promise<number> {
  return stat(path).then(
    (found) => Date.now() - found.mtimeMs,
    () => 0,
  );
}
