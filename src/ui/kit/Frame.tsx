import { Box } from 'ink';
import type { ReactNode } from 'react';
import { wrap } from '../../render/layout.js';
import { line } from '../../render/terminal-text.js';
import { Lines } from './Lines.jsx';
import { useScreenView } from './screen-view.js';

const leastColumns = 60;
const leastRows = 15;

/** The whole screen, exactly as high as the terminal; below 60x15 a sentence asks for more room. */
export function Frame({ children }: { readonly children: ReactNode }) {
  const { columns, rows, style, isScreenReader } = useScreenView();
  if (isScreenReader) return <Box flexDirection="column">{children}</Box>;
  if (columns < leastColumns || rows < leastRows) {
    const sentence = line`This screen needs ${leastColumns} columns and ${leastRows} rows; here are ${columns} and ${rows}. Make the window larger, or q to leave.`;
    return <Lines lines={wrap(style.warning(sentence), Math.max(10, columns)).slice(0, Math.max(1, rows))} />;
  }
  return (
    <Box flexDirection="column" height={rows} overflow="hidden">
      {children}
    </Box>
  );
}
