import { Box } from 'ink';
import { line, type Safe } from '../../render/terminal-text.js';
import { Lines } from './Lines.jsx';
import { windowOf } from './list-position.js';
import { useScreenView } from './screen-view.js';

export interface ScrolledProps {
  readonly lines: readonly Safe[];
  readonly top: number;
  readonly height: number;
}

/** A text that may be longer than its place: the last row says how much is below. */
export function Scrolled({ lines, top, height }: ScrolledProps) {
  const { style, isScreenReader } = useScreenView();
  if (isScreenReader || lines.length <= height) return <Lines lines={lines} />;
  const { from, to, below } = windowOf({ selectedId: null, top }, lines.length, height - 1);
  const rest =
    below === 0 ? line` ${style.sign.muted} end` : line` ${style.sign.muted} ${below} more lines below`;
  return (
    <Box flexDirection="column">
      <Lines lines={lines.slice(from, to)} />
      <Lines lines={[style.muted(rest)]} />
    </Box>
  );
}

/** The first line that may stand on top, so that the last one is not scrolled away. */
export function lastTop(lines: number, height: number): number {
  return lines <= height ? 0 : lines - (height - 1);
}
