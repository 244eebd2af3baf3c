import { type Ending, runScreen, type ScreenTerminal } from '../kit/run-screen.jsx';
import { ReviewBoard } from './ReviewBoard.jsx';
import type { ReviewPort } from './review-port.js';

/** Shows the review until it is left. */
export function reviewScreen(terminal: ScreenTerminal, port: ReviewPort): Promise<Ending> {
  return runScreen(terminal, (props) => <ReviewBoard {...props} port={port} />);
}
