import { line } from '../../render/terminal-text.js';
import { Lines } from '../kit/Lines.jsx';
import { windowOf } from '../kit/list-position.js';
import { useScreenView } from '../kit/screen-view.js';
import { queueHeading, queueRow } from './queue-lines.js';
import { type ReviewState, selectedSubject } from './review-state.js';

export interface QueuePaneProps {
  readonly state: ReviewState;
  readonly columns: number;
  readonly rows: number;
}

/** The keys by risk: only the rows of the window are drawn, however many there are. */
export function QueuePane({ state, columns, rows }: QueuePaneProps) {
  const { style } = useScreenView();
  const { listed, position, marked, now, days, sort } = state;
  const view = { columns, style, now, days };
  const { from, to, below } = windowOf(position, listed.length, rows);
  const selected = selectedSubject(state)?.id;
  const drawn = listed
    .slice(from, to)
    .map((subject) =>
      queueRow(subject, { selected: subject.id === selected, marked: marked.has(subject.id) }, view),
    );
  const rest = below > 0 ? style.muted(line`  ${style.sign.muted} ${below} more below`) : line``;
  return (
    <Lines lines={[queueHeading(view, sort), ...drawn, ...Array(rows - drawn.length).fill(line``), rest]} />
  );
}
