import { Box, Text } from 'ink';
import type { Safe } from '../../render/terminal-text.js';
import { useScreenView } from './screen-view.js';

/** Lines of text, each on a row of its own, cut at the right edge (read aloud, whole); an empty one stays a row. */
export function Lines({ lines }: { readonly lines: readonly Safe[] }) {
  const { isScreenReader } = useScreenView();
  return (
    <Box flexDirection="column" flexShrink={0}>
      {lines.map((text, at) => (
        <Text key={String(at)} wrap={isScreenReader ? 'wrap' : 'truncate-end'}>
          {text === '' ? ' ' : text}
        </Text>
      ))}
    </Box>
  );
}
