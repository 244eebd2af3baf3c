import { type Ending, runScreen, type ScreenTerminal } from '../kit/run-screen.jsx';
import { TriageBoard } from './TriageBoard.jsx';
import type { TriagePort, Walk } from './triage-port.js';
import type { TriageState } from './triage-state.js';

/** How the board ended. */
export interface TriageEnd {
  readonly ending: Ending;
  /** It made way for this: whoever shows it opens it again afterwards, with `state`. */
  readonly walk: Walk | null;
  readonly state: TriageState | null;
}

/** Shows the triage board until it is left, or makes way for a walkthrough. */
export async function triageScreen(
  terminal: ScreenTerminal,
  port: TriagePort,
  before: TriageState | null,
): Promise<TriageEnd> {
  let state: TriageState | null = null;
  const seen = (latest: TriageState): void => {
    state = latest;
  };
  const ending = await runScreen(terminal, (props) => (
    <TriageBoard {...props} port={port} before={before} seen={seen} />
  ));
  const last = state as TriageState | null;
  return { ending, walk: ending === 'left' ? (last?.walk ?? null) : null, state: last };
}
