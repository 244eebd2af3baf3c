import type { Command } from 'commander';
import { exitCodes } from '../../domain/errors.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { TriageState } from '../../ui/triage/triage-state.js';
import { screenSession } from '../kept-session.js';
import { newCommand } from '../new-command.js';
import { requireScreen, screenTerminal } from '../screen-terminal.js';

interface TriageFlags {
  readonly readonly?: boolean;
}

export function triageCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'triage')
    .summary('the board: what burns, who has it, what comes next')
    .description(
      'Open incidents by severity and clock, their keys and what is tried with them as it happens, and what should be an incident. ' +
        '`?` lists the keys. Every action shows the command line that does the same.',
    )
    .option('--readonly', 'look only: nothing can be changed');
  return command.action(async (flags: TriageFlags) => {
    requireScreen(rt, 'keyctl incidents list --json');
    await triage(rt, flags.readonly === true);
  });
}

async function triage(rt: Runtime, readOnly: boolean): Promise<void> {
  const session = screenSession(rt);
  try {
    const { triagePort } = await import('./triage-port.js');
    // Opened before the screen is, so that a database that is not there is an error as everywhere else.
    const [{ port, unsaid }, { triageScreen }] = await Promise.all([
      triagePort(rt, session, readOnly),
      import('../../ui/triage/triage-screen.jsx'),
    ]);
    let before: TriageState | null = null;
    for (;;) {
      const { ending, walk, state } = await triageScreen(screenTerminal(rt), port, before);
      for (const text of await unsaid()) rt.warn(text);
      if (walk === null) {
        if (ending === 'interrupted') rt.exitWith(exitCodes.interrupted);
        return;
      }
      const { walkInPlace } = await import('./walk-in-place.js');
      await walkInPlace(rt, walk, port.program);
      before = state;
    }
  } finally {
    await session.close();
    for (const text of session.takeWarnings()) rt.warn(text);
  }
}
