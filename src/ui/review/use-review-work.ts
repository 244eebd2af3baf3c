import { type Dispatch, useEffect, useRef } from 'react';
import { clean } from '../../render/terminal-text.js';
import { quietLoadMs } from '../kit/freshness.js';
import { windowOf } from '../kit/list-position.js';
import type { Notice } from '../kit/notice.js';
import type { ReviewPort } from './review-port.js';
import type { ReviewEvent } from './review-reducer.js';
import { type ReviewState, type Room, selectedSubject } from './review-state.js';

interface Work {
  readonly port: ReviewPort;
  readonly state: ReviewState;
  readonly dispatch: Dispatch<ReviewEvent>;
  readonly room: Room;
  readonly columns: number;
}

/** While somebody holds a key down, nothing is read for the rows that fly past. */
const settleMs = 60;

/** Does what the state asks for: reads, changes, judges, and tells the reducer what came of it. Answers how to load anew. */
export function useReviewWork(work: Work): () => Promise<void> {
  const { port, dispatch } = work;
  const latest = useRef(work);
  latest.current = work;
  useShownRows(work);
  useCard(work);
  useChange(work);
  useJudgement(work);
  useLoadingWord(work);
  return async () => {
    dispatch({ type: 'load-began', now: port.now() });
    try {
      const picture = await port.load();
      dispatch({ type: 'loaded', picture, now: port.now(), room: latest.current.room });
    } catch (error) {
      dispatch({ type: 'load-failed', message: messageOf(error) });
    }
  };
}

/** Reads the last day of the rows in sight and what stands behind the selected one: all of it with each new picture. */
function useShownRows({ port, state, dispatch, room }: Work): void {
  const { picture, listed, position } = state;
  const selected = selectedSubject(state);
  const { from, to } = windowOf(position, listed.length, room.list);
  const shown = useRef({
    picture,
    selected,
    inSight: listed.slice(from, to),
    days: state.days,
    detail: state.detail,
  });
  shown.current = {
    picture,
    selected,
    inSight: listed.slice(from, to),
    days: state.days,
    detail: state.detail,
  };
  const read = useRef(picture);
  const what = `${selected?.id} ${from} ${to}`;
  useEffect(() => {
    if (what === '' || picture === null) return;
    const anew = read.current !== picture;
    read.current = picture;
    const timer = setTimeout(
      async () => {
        const { selected: subject, inSight, days, detail } = shown.current;
        const missing = anew ? inSight : inSight.filter(({ id }) => !days.has(id));
        try {
          if (subject !== null && (anew || detail?.id !== subject.id)) {
            dispatch({ type: 'detail-loaded', detail: await port.detail(subject) });
          }
          if (missing.length > 0) dispatch({ type: 'days-loaded', days: await port.days(missing) });
        } catch (error) {
          dispatch({ type: 'load-failed', message: messageOf(error) });
        }
      },
      anew ? 0 : settleMs,
    );
    return () => clearTimeout(timer);
  }, [what, picture, port, dispatch]);
}

/** What would break, for a question about stopping keys. */
function useCard({ port, state, dispatch, columns }: Work): void {
  const { mode } = state;
  const keyIds = mode.kind === 'form' && mode.card === null ? mode.asked.keyIds : null;
  useEffect(() => {
    if (keyIds === null) return;
    port.card(keyIds, columns).then(
      (card) => dispatch({ type: 'card-loaded', card }),
      (error) => dispatch({ type: 'card-failed', message: messageOf(error) }),
    );
  }, [keyIds, port, dispatch, columns]);
}

function useChange({ port, state, dispatch }: Work): void {
  const change = state.mode.kind === 'changing' ? state.mode.change : null;
  useEffect(() => {
    if (change === null) return;
    port.change(change).then(
      (outcome) => dispatch({ type: 'changed', outcome }),
      (error) => dispatch({ type: 'changed', outcome: { failed: true, notices: [failure(error)] } }),
    );
  }, [change, port, dispatch]);
}

function useJudgement({ port, state: { judging }, dispatch }: Work): void {
  useEffect(() => {
    if (!judging) return;
    port.judge().then(
      (notice) => dispatch({ type: 'judged', notice }),
      (error) => dispatch({ type: 'judged', notice: failure(error) }),
    );
  }, [judging, port, dispatch]);
}

/** A load that takes longer is talked about, once it does. */
function useLoadingWord({ port, state, dispatch }: Work): void {
  const { busySince } = state.freshness;
  useEffect(() => {
    if (busySince === null) return;
    const timer = setTimeout(() => dispatch({ type: 'tick', now: port.now() }), quietLoadMs + 20);
    return () => clearTimeout(timer);
  }, [busySince, port, dispatch]);
}

function failure(error: unknown): Notice {
  return { tone: 'danger', text: clean(messageOf(error)) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'it failed';
}
