import type { Command } from 'commander';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export function startCommand(rt: Runtime): Command {
  return newCommand(rt, 'start')
    .summary('start the embedded server, creating it if there is none')
    .description(
      'Start the embedded PostgreSQL of this user, creating it and its database if there is none. It goes on running ' +
        'until keyctl db stop. Commands use it when no other database is configured.',
    )
    .option('--dry-run', 'say how it stands; change nothing')
    .action(async (flags: { dryRun?: boolean }) => {
      const { embeddedSettings } = await import('../../runtime/embedded-settings.js');
      const { databaseSettings, migrateEmbedded } = await import('../../runtime/session.js');
      const { embeddedStatus } = await import('../../db/embedded/stop.js');
      const { serverState } = await import('../../render/server-state.js');

      const settings = embeddedSettings(rt, rt.flags.demo ? 'keyctl_demo' : 'keyctl');
      const before = await embeddedStatus(settings.dataHome);
      if (flags.dryRun === true) {
        await rt.print(serverState, { before, after: before, dryRun: true, database: null });
        return;
      }
      await migrateEmbedded(rt, settings);
      const after = await embeddedStatus(settings.dataHome);
      await rt.print(serverState, { before, after, dryRun: false, database: settings.database });
      if (databaseSettings(rt).kind === 'server')
        rt.warn(line`another database is configured, and commands go there: see keyctl db status`);
    });
}
