import { useEffect, useMemo, useReducer } from 'react';
import type { BoardProps } from '../kit/run-screen.jsx';
import { useScreenView } from '../kit/screen-view.js';
import { useRefresh, useTick } from '../kit/use-refresh.js';
import { roomOf, TriageScreen } from './TriageScreen.jsx';
import type { TriagePort } from './triage-port.js';
import { triageReducer } from './triage-reducer.js';
import { afterWalk, startOfTriage, type TriageState } from './triage-state.js';
import { useTriageWork } from './use-triage-work.js';

/** Two boards on one database tell the same within two seconds. */
const refreshMs = 1000;
const tickMs = 1000;

export interface TriageBoardProps extends BoardProps {
  readonly port: TriagePort;
  /** As the board was before it made way for a walk; null: it opens for the first time. */
  readonly before: TriageState | null;
  /** Told of every state: who opens the board again needs the last one. */
  readonly seen: (state: TriageState) => void;
}

/** The triage board: what burns, who has it, what comes next. */
export function TriageBoard({ port, before, seen, onKey, leave }: TriageBoardProps) {
  const view = useScreenView();
  const { readOnly, me } = port;
  const reducer = useMemo(() => triageReducer({ readOnly, me }), [readOnly, me]);
  const [state, dispatch] = useReducer(reducer, null, () =>
    before === null ? startOfTriage(port.now()) : afterWalk(before, port.now()),
  );
  const room = roomOf(state, view, readOnly);
  const load = useTriageWork({ port, state, dispatch, room, columns: view.columns });
  // Nothing changes by itself under a screen reader: R reads anew.
  const refresh = useRefresh(load, view.isScreenReader ? null : refreshMs);
  useTick(() => dispatch({ type: 'tick', now: port.now() }), view.isScreenReader ? null : tickMs);
  const over = state.left || state.walk !== null;
  useEffect(() => {
    seen(state);
    if (over) leave('left');
  }, [state, over, seen, leave]);
  const { refreshes } = state;
  useEffect(() => {
    if (refreshes > 0) refresh();
  }, [refreshes, refresh]);
  onKey((key) => dispatch({ type: 'key', key, room }));
  return <TriageScreen state={state} port={port} />;
}
