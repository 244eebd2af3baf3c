import { createElement, type ReactElement, useEffect, useState } from 'react';
import { styleFor } from '../../../src/render/style.js';
import { line } from '../../../src/render/terminal-text.js';
import { systemMachine } from '../../../src/runtime/system.js';
import { Frame } from '../../../src/ui/kit/Frame.jsx';
import { Lines } from '../../../src/ui/kit/Lines.jsx';
import { type BoardProps, runScreen } from '../../../src/ui/kit/run-screen.jsx';
import { useScreenView } from '../../../src/ui/kit/screen-view.js';

/** A screen of its own process, for tests of how it ends: `c` throws while drawing, `t` in a timer, `q` leaves. */
function Board({ onKey, leave }: BoardProps): ReactElement {
  const { columns, rows } = useScreenView();
  const [broken, setBroken] = useState(false);
  onKey(({ name }) => {
    if (name === 'c') setBroken(true);
    if (name === 't') {
      setTimeout(() => {
        throw new Error('thrown in a timer');
      });
    }
    if (name === 'q') leave('left');
  });
  useEffect(() => {
    if (broken) throw new Error('thrown while drawing');
  }, [broken]);
  return createElement(
    Frame,
    null,
    createElement(Lines, { lines: [line`BOARD of ${columns} by ${rows}`, line`process ${process.pid}`] }),
  );
}

const machine = systemMachine();
try {
  const ending = await runScreen(
    {
      input: machine.stdin,
      output: machine.stdout,
      style: styleFor({ colorLevel: 0, unicode: true }),
      isScreenReader: machine.env.INK_SCREEN_READER === 'true',
      onInterrupt: machine.onInterrupt,
      atExit: machine.atExit,
    },
    Board,
  );
  machine.stdout.write(`ended: ${ending}\n`);
} catch (error) {
  machine.stdout.write(`failed: ${error instanceof Error ? error.message : ''}\n`);
}
