import { useCallback, useEffect, useRef } from 'react';

/**
 * Loads when the screen opens, and again some time after each load ended: a slow database is never asked twice at once.
 * @param load never rejects: it tells the board what came of it
 * @param everyMs null: only when it is asked for
 * @returns asks for a load now; while one is under way, another follows it
 */
export function useRefresh(load: () => Promise<void>, everyMs: number | null): () => void {
  const latest = useRef(load);
  latest.current = load;
  const state = useRef<{ busy: boolean; again: boolean; over: boolean; timer: NodeJS.Timeout | null }>({
    busy: false,
    again: false,
    over: false,
    timer: null,
  });
  const run = useCallback(async (): Promise<void> => {
    const now = state.current;
    if (now.timer !== null) clearTimeout(now.timer);
    if (now.busy) {
      now.again = true;
      return;
    }
    now.busy = true;
    await latest.current();
    now.busy = false;
    if (now.over) return;
    const { again } = now;
    now.again = false;
    if (again) void run();
    else if (everyMs !== null) now.timer = setTimeout(() => void run(), everyMs);
  }, [everyMs]);
  useEffect(() => {
    const now = state.current;
    now.over = false;
    void run();
    return () => {
      now.over = true;
      if (now.timer !== null) clearTimeout(now.timer);
    };
  }, [run]);
  return useCallback(() => void run(), [run]);
}

/** The screen's clock, for ages: another value each second, or the one of the beginning where nothing may change by itself. */
export function useTick(tick: () => void, everyMs: number | null): void {
  const latest = useRef(tick);
  latest.current = tick;
  useEffect(() => {
    if (everyMs === null) return;
    const timer = setInterval(() => latest.current(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
