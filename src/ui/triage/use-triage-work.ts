import { type Dispatch, useEffect, useRef } from 'react';
import { clean } from '../../render/terminal-text.js';
import { quietLoadMs } from '../kit/freshness.js';
import type { Notice } from '../kit/notice.js';
import type { TriagePort } from './triage-port.js';
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
