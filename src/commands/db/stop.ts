import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export function stopCommand(rt: Runtime): Command {
  return newCommand(rt, 'stop')
    .summary('stop the embedded server')
    .description(
      'Stop the embedded PostgreSQL. What other commands are doing there is rolled back; the next command starts it again.',
    )
    .option('--dry-run', 'say how it stands; change nothing')
    .action(async (flags: { dryRun?: boolean }) => {
      const { embeddedSettings } = await import('../../runtime/embedded-settings.js');
      const { embeddedStatus, stopEmbedded } = await import('../../db/embedded/stop.js');
      const { serverState } = await import('../../render/server-state.js');

      const { dataHome } = embeddedSettings(rt, 'keyctl');
      const dryRun = flags.dryRun === true;
      const before = await embeddedStatus(dataHome);
      if (!dryRun) await stopEmbedded(dataHome, rt.flags.timeoutMs);
      const after = dryRun ? before : await embeddedStatus(dataHome);
      await rt.print(serverState, { before, after, dryRun, database: null });
    });
}
