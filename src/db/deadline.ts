/** Thrown by `withDeadline`; `src/db/failures.ts` gives it words and an exit code. */
export class DeadlineError extends Error {
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = 'DeadlineError';
    this.timeoutMs = timeoutMs;
  }
}

export interface DeadlineOptions {
  readonly timeoutMs: number;
  /** Ends what is being waited for: destroys the connection, kills the child. Called at most once. */
  readonly onTimeout: () => void;
}

/**
 * Waits for `work`, but not past `timeoutMs`: a black-holed socket never answers, the driver's `connect_timeout` does not
 * bound its reconnecting, and `statement_timeout` is the server's, out of reach when the line is dead (F3).
 * When `work` settles after the deadline, its outcome is dropped without an unhandled rejection.
 * @throws DeadlineError after `timeoutMs`; otherwise whatever `work` throws.
 */
export async function withDeadline<T>(work: Promise<T>, options: DeadlineOptions): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // Rejected first: destroying a connection rejects `work` too, and this error is the one that says why.
      reject(new DeadlineError(options.timeoutMs));
      options.onTimeout();
    }, options.timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One point in time for several waits in a row, so that retries share a limit instead of multiplying it. */
export interface Deadline {
  readonly totalMs: number;
  /** Milliseconds left; 0 when it has passed. */
  remainingMs(): number;
}

/** Starts a deadline on a monotonic clock: a wall clock set back at 3 a.m. must not lengthen a wait. */
export function startDeadline(totalMs: number, now: () => number = () => performance.now()): Deadline {
  const end = now() + totalMs;
  return { totalMs, remainingMs: () => Math.max(0, end - now()) };
}
