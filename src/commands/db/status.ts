import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export function statusCommand(rt: Runtime): Command {
  return newCommand(rt, 'status')
    .summary('where the database is, its schema, role and size')
    .description(
      'Show the database: where it is, as whom, its schema against this program, what it holds. Changes nothing.',
    )
    .action(async () => {
      const { databaseSettings, drizzleFolder, programSchema } = await import('../../runtime/session.js');
      const { embeddedStatus } = await import('../../db/embedded/stop.js');
      const { noDatabase } = await import('../../db/embedded/layout.js');
      const { withUnchecked } = await import('../../runtime/unchecked.js');
      const { examineDatabase } = await import('../../actions/database-report.js');
      const { databaseReport } = await import('../../render/database-status.js');

      const settings = databaseSettings(rt);
      const server = settings.kind === 'embedded' ? await embeddedStatus(settings.dataHome) : null;
      if (server?.state === 'absent') throw noDatabase();
      const program = { folder: drizzleFolder(rt), fingerprint: await programSchema(rt) };
      const source = settings.kind === 'embedded' ? 'embedded' : settings.source;
      const found =
        server?.state === 'stopped'
          ? null
          : await withUnchecked(rt, {}, (connection) => examineDatabase(connection, program));
      await rt.print(databaseReport, { source, server, found, programFingerprint: program.fingerprint });
    });
}
