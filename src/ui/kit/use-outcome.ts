import { type Dispatch, useEffect, useRef } from 'react';
import { clean } from '../../render/terminal-text.js';
import { quietLoadMs } from './freshness.js';
import type { Notice } from './notice.js';

interface Asked<What, Event> {
  /** Null: nothing is asked for. A new value is done once. */
  readonly what: What | null;
  readonly work: (what: What) => Promise<Event>;
  readonly failed: (error: unknown) => Event;
}

/** Does what the state asks for, once, and tells the reducer what came of it. */
export function useOutcome<What, Event>(asked: Asked<What, Event>, dispatch: Dispatch<Event>): void {
  const latest = useRef(asked);
  latest.current = asked;
  const { what } = asked;
  useEffect(() => {
    if (what === null) return;
    latest.current.work(what).then(dispatch, (error) => dispatch(latest.current.failed(error)));
  }, [what, dispatch]);
}

/** A load that takes longer is talked about, once it does. */
export function useLoadingWord(
  busySince: number | null,
  now: () => number,
  dispatch: Dispatch<{ readonly type: 'tick'; readonly now: number }>,
): void {
  const clock = useRef(now);
  clock.current = now;
  useEffect(() => {
    if (busySince === null) return;
    const timer = setTimeout(() => dispatch({ type: 'tick', now: clock.current() }), quietLoadMs + 20);
    return () => clearTimeout(timer);
  }, [busySince, dispatch]);
}

export function failureNotice(error: unknown): Notice {
  return { tone: 'danger', text: clean(messageOf(error)) };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'it failed';
}
