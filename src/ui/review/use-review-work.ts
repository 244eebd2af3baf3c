import { type Dispatch, useEffect, useRef } from 'react';
import { windowOf } from '../kit/list-position.js';
import { failureNotice, messageOf, useLoadingWord, useOutcome } from '../kit/use-outcome.js';
import type { ReviewChange, ReviewPort } from './review-port.js';
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
  useLoadingWord(work.state.freshness.busySince, port.now, dispatch);
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
function useCard({ port, state: { mode }, dispatch, columns }: Work): void {
  const keyIds = mode.kind === 'form' && mode.card === null ? mode.asked.keyIds : null;
  useOutcome<readonly string[], ReviewEvent>(
    {
      what: keyIds,
      work: async (ids) => ({ type: 'card-loaded', card: await port.card(ids, columns) }),
      failed: (error) => ({ type: 'card-failed', message: messageOf(error) }),
    },
    dispatch,
  );
}

function useChange({ port, state: { mode }, dispatch }: Work): void {
  useOutcome<ReviewChange, ReviewEvent>(
    {
      what: mode.kind === 'changing' ? mode.change : null,
      work: async (change) => ({ type: 'changed', outcome: await port.change(change) }),
      failed: (error) => ({ type: 'changed', outcome: { failed: true, notices: [failureNotice(error)] } }),
    },
    dispatch,
  );
}

function useJudgement({ port, state: { judging }, dispatch }: Work): void {
  useOutcome<true, ReviewEvent>(
    {
      what: judging ? true : null,
      work: async () => ({ type: 'judged', notice: await port.judge() }),
      failed: (error) => ({ type: 'judged', notice: failureNotice(error) }),
    },
    dispatch,
  );
}
