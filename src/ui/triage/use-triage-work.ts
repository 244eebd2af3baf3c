import { type Dispatch, useEffect, useRef } from 'react';
import { failureNotice, messageOf, useLoadingWord, useOutcome } from '../kit/use-outcome.js';
import type { TriageChange, TriagePort } from './triage-port.js';
import type { TriageEvent } from './triage-reducer.js';
import { type Room, selectedIncident, type TriageState } from './triage-state.js';

interface Work {
  readonly port: TriagePort;
  readonly state: TriageState;
  readonly dispatch: Dispatch<TriageEvent>;
  readonly room: Room;
  readonly columns: number;
}

/** While somebody holds a key down, nothing is read for the rows that fly past. */
const settleMs = 60;
/** Counting events costs more than the rest of the board. */
const useEveryMs = 5000;

/** Does what the state asks for: reads, changes, and tells the reducer what came of it. Answers how to load anew. */
export function useTriageWork(work: Work): () => Promise<void> {
  const { port, dispatch } = work;
  const latest = useRef(work);
  latest.current = work;
  useSelected(work);
  useCard(work);
  useChange(work);
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

/** What hangs on the selected incident: with each new picture, but never twice at once; its use less often. */
function useSelected({ port, state, dispatch }: Work): void {
  const incidentId = selectedIncident(state)?.id ?? null;
  const { picture } = state;
  const wanted = useRef(incidentId);
  wanted.current = incidentId;
  const reading = useRef<string | null>(null);
  const counted = useRef<{ readonly id: string; readonly at: number } | null>(null);
  const read = useRef(picture);
  useEffect(() => {
    if (incidentId === null || picture === null) return;
    const anew = read.current !== picture;
    read.current = picture;
    const timer = setTimeout(
      async () => {
        if (reading.current === incidentId) return;
        reading.current = incidentId;
        try {
          const detail = await port.detail(incidentId);
          dispatch({ type: 'detail-loaded', detail });
          const last = counted.current;
          const due = last?.id !== incidentId || port.now() - last.at >= useEveryMs;
          if (due && wanted.current === incidentId) {
            counted.current = { id: incidentId, at: port.now() };
            const use = await port.use(
              incidentId,
              detail.keys.map(({ keyId }) => keyId),
            );
            dispatch({ type: 'use-loaded', use });
          }
        } catch (error) {
          dispatch({ type: 'load-failed', message: messageOf(error) });
        }
        if (reading.current === incidentId) reading.current = null;
      },
      anew ? 0 : settleMs,
    );
    return () => clearTimeout(timer);
  }, [incidentId, picture, port, dispatch]);
}

/** What would break, for a question about stopping keys. */
function useCard({ port, state: { mode }, dispatch, columns }: Work): void {
  const keyIds = mode.kind === 'form' && mode.card === null ? mode.asked.keyIds : null;
  useOutcome<readonly string[], TriageEvent>(
    {
      what: keyIds,
      work: async (ids) => ({ type: 'card-loaded', card: await port.card(ids, columns) }),
      failed: (error) => ({ type: 'card-failed', message: messageOf(error) }),
    },
    dispatch,
  );
}

function useChange({ port, state: { mode }, dispatch }: Work): void {
  useOutcome<TriageChange, TriageEvent>(
    {
      what: mode.kind === 'changing' ? mode.change : null,
      work: async (change) => ({ type: 'changed', outcome: await port.change(change) }),
      failed: (error) => ({ type: 'changed', outcome: { failed: true, notices: [failureNotice(error)] } }),
    },
    dispatch,
  );
}
