import type { Command } from 'commander';
import { exitCodes } from '../../domain/errors.js';
import { parseInstant } from '../../domain/instant.js';
import { wholeNumber } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';
import { screenSession } from '../kept-session.js';
import { newCommand } from '../new-command.js';
import { requireScreen, screenTerminal } from '../screen-terminal.js';

interface ReviewFlags {
  readonly readonly?: boolean;
  readonly alertBudget?: number;
  readonly since?: Date;
}

const presetDays = 7;
const dayMs = 86_400_000;

export function reviewCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'review')
    .summary('the dashboard of anomalies: keys by risk, why, and what to do')
    .description(
      'Review what was found: keys by risk, what stands behind it, and what to do about it. `?` lists the keys. Every action shows ' +
        'the command line that does the same.',
    )
    .option('--readonly', 'look only: nothing can be changed')
    .option(
      '--alert-budget <n>',
      'alarms a day that are asked for (5 for 1,000 keys)',
      wholeNumber('--alert-budget', { min: 1, max: 100_000, example: '5' }),
    )
    .option('--since <when>', `findings seen from then on (${presetDays}d)`, (text) =>
      parseInstant('--since', text, rt.machine.now()),
    );
  return command.action(async (flags: ReviewFlags) => {
    requireScreen(rt, 'keyctl audit anomalies --json');
    const session = screenSession(rt);
    try {
      const { reviewPort } = await import('./review-port.js');
      // Opened before the screen is, so that a database that is not there is an error as everywhere else.
      const [port, { reviewScreen }] = await Promise.all([
        reviewPort(rt, session, {
          readOnly: flags.readonly === true,
          alertBudget: flags.alertBudget ?? null,
          since: () => flags.since ?? new Date(rt.machine.now().getTime() - presetDays * dayMs),
        }),
        import('../../ui/review/review-screen.jsx'),
      ]);
      const ending = await reviewScreen(screenTerminal(rt), port.port);
      for (const text of await port.unsaid()) rt.warn(text);
      if (ending === 'interrupted') rt.exitWith(exitCodes.interrupted);
    } finally {
      await session.close();
      for (const text of session.takeWarnings()) rt.warn(text);
    }
  });
}
