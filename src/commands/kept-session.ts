import type { Context } from '../actions/context.js';
import type { Safe } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';

/**
 * The database for a screen that stays open for hours: one session for what it reads, opened anew after it was lost, and one
 * of its own for each change, so that a change is recorded, remembered and signed as if it had been typed.
 */
export interface ScreenSession {
  read<T>(work: (ctx: Context) => Promise<T>): Promise<T>;
  change<T>(work: (ctx: Context) => Promise<T>): Promise<T>;
  /** Warnings that came up meanwhile; on stderr they would be written across the screen. */
  takeWarnings(): readonly Safe[];
  close(): Promise<void>;
}

interface Kept {
  readonly ctx: Context;
  readonly close: () => Promise<void>;
}

export function screenSession(rt: Runtime): ScreenSession {
  const heard: Safe[] = [];
  const hear = (text: Safe): void => void heard.push(text);
  const silent: Runtime = Object.create(rt, { warn: { value: hear }, say: { value: hear } });
  let kept: Promise<Kept> | null = null;
  const drop = async (session: Promise<Kept>): Promise<void> => {
    if (kept === session) kept = null;
    await session.then(({ close }) => close()).catch(() => {});
  };
  return {
    async read(work) {
      kept ??= opened(silent);
      const session = kept;
      try {
        return await work((await session).ctx);
      } catch (error) {
        // Lost or not: a new one costs some milliseconds, and an old one that is lost would fail for ever.
        await drop(session);
        throw error;
      }
    },
    async change(work) {
      const { withContext } = await import('../runtime/session.js');
      return await withContext(silent, {}, work);
    },
    takeWarnings: () => heard.splice(0),
    close: async () => (kept === null ? undefined : await drop(kept)),
  };
}

/** A context that stays open until it is closed. */
async function opened(rt: Runtime): Promise<Kept> {
  const { withContext } = await import('../runtime/session.js');
  return await new Promise<Kept>((resolve, reject) => {
    const ended = withContext(
      rt,
      {},
      (ctx) =>
        new Promise<void>((done) => {
          const close = async (): Promise<void> => {
            done();
            await ended;
          };
          resolve({ ctx, close });
        }),
    );
    ended.catch(reject);
  });
}
