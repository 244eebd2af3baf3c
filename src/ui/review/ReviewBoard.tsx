import { useEffect, useMemo, useReducer } from 'react';
import type { BoardProps } from '../kit/run-screen.jsx';
import { useScreenView } from '../kit/screen-view.js';
import { useRefresh, useTick } from '../kit/use-refresh.js';
import { ReviewScreen, roomOf } from './ReviewScreen.jsx';
import { reviewKeys } from './review-keys.js';
import type { ReviewPort } from './review-port.js';
import { reviewReducer } from './review-reducer.js';
import { startOfReview } from './review-state.js';
import { useReviewWork } from './use-review-work.js';

const refreshMs = 5000;
const tickMs = 1000;

/** The review of anomalies: keys by risk, what stands behind them, and what can be done about them. */
export function ReviewBoard({ port, onKey, leave }: BoardProps & { readonly port: ReviewPort }) {
  const view = useScreenView();
  const keys = useMemo(() => reviewKeys(port.changes), [port]);
  const reducer = useMemo(() => reviewReducer({ readOnly: port.readOnly, keys }), [port, keys]);
  const [state, dispatch] = useReducer(reducer, port.now(), startOfReview);
  const room = roomOf(state, view, keys);
  const load = useReviewWork({ port, state, dispatch, room, columns: view.columns });
  // Nothing changes by itself under a screen reader: R reads anew.
  const refresh = useRefresh(load, view.isScreenReader ? null : refreshMs);
  useTick(() => dispatch({ type: 'tick', now: port.now() }), view.isScreenReader ? null : tickMs);
  useEffect(() => {
    if (state.left) leave('left');
  }, [state.left, leave]);
  const { refreshes } = state;
  useEffect(() => {
    if (refreshes > 0) refresh();
  }, [refreshes, refresh]);
  onKey((key) => dispatch({ type: 'key', key, room }));
  return <ReviewScreen state={state} port={port} keys={keys} />;
}
