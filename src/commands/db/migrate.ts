import type { Command } from 'commander';
import type { PlannedMigration } from '../../actions/migrate-database.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { requireConsent } from '../consent.js';
import { newCommand } from '../new-command.js';

interface MigrateFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Building an index on a large table takes as long as it takes; nobody should have to guess `--timeout` for it. */
const longestMs = 3_600_000;
const lockMs = 60_000;

export function migrateCommand(rt: Runtime): Command {
  return newCommand(rt, 'migrate')
    .summary('bring the schema up to this program')
    .description(
      'Create the schema of keyctl in the configured database, or bring it up to this program. Needs the owner of the ' +
        'schema, the first time CREATE on the database and CREATEROLE. One at a time; may be repeated.',
    )
    .option('-y, --yes', 'do it without asking')
    .option('--dry-run', 'show what would be applied; change nothing')
    .action(async (flags: MigrateFlags) => {
      const { databaseSettings, drizzleFolder } = await import('../../runtime/session.js');
      const { withUnchecked } = await import('../../runtime/unchecked.js');
      const { planMigration } = await import('../../actions/migrate-database.js');
      const { migration, plannedMigration } = await import('../../render/migration.js');

      // The embedded database belongs to whoever runs this, and migrates by itself anyway: nobody is asked.
      const asks = databaseSettings(rt).kind === 'server';
      if (asks) requireConsent(rt, flags);
      const folder = drizzleFolder(rt);
      const planned = await withUnchecked(rt, { asOwner: true }, (connection) =>
        planMigration(connection, folder),
      );
      if (flags.dryRun === true || planned.nothingToDo) {
        await rt.print(migration, { ...plannedMigration(planned), dryRun: flags.dryRun === true });
        return;
      }
      if (asks && flags.yes !== true) await askToMigrate(rt, planned);
      await apply(rt, folder);
    });
}

async function apply(rt: Runtime, folder: string): Promise<void> {
  const { withUnchecked } = await import('../../runtime/unchecked.js');
  const { migrateDatabase } = await import('../../actions/migrate-database.js');
  const { migration, doneMigration } = await import('../../render/migration.js');
  const { machine } = rt;
  const limits = { asOwner: true, timeoutMs: longestMs, lockTimeoutMs: lockMs };
  const done = await withUnchecked(rt, limits, async (connection) => {
    const migrated = await migrateDatabase(connection, {
      folder,
      operationId: machine.randomUuid(),
      context: { actor_os: machine.user.name, actor_claimed: rt.flags.actor, host: machine.hostname },
    });
    if (connection.target.embedded) {
      const { grantEmbeddedMemberships } = await import('../../db/embedded/roles.js');
      await grantEmbeddedMemberships(connection.sql);
    }
    return migrated;
  });
  await rt.print(migration, doneMigration(done));
  if (!done.target.embedded)
    rt.say(line`  next  keyctl db roles grant USER keyctl_operator   (keyctl help roles says who may what)`);
}

/** The name of the database has to be typed: a migration of the wrong one cannot be taken back. */
async function askToMigrate(rt: Runtime, planned: PlannedMigration): Promise<void> {
  const { migrationQuestion } = await import('../../render/migration.js');
  const { database } = planned.target;
  rt.warn(migrationQuestion(planned, rt.view('stderr')));
  const answer = await rt.prompts.text(line`Type ${clean(database)} to migrate it:`);
  if (answer.trim() === database) return;
  throw new KeyctlError({
    code: 'not_confirmed',
    message: 'not confirmed; nothing was done',
    hint: 'run it again, or add --yes',
    exitCode: exitCodes.confirmation,
  });
}
