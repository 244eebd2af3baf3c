import type { Connection } from '../db/connect.js';
import { databaseStatus } from '../db/database-status.js';
import type { AuditContext } from '../db/kernel.js';
import { type MigrationReport, migrate, recordMigration } from '../db/migrate.js';
import { isCurrent, type MigrationPlan, migrationPlan } from '../db/migration-plan.js';
import { type Target, targetName } from '../db/settings.js';
import { configError, exitCodes, KeyctlError } from '../domain/errors.js';

export interface PlannedMigration {
  readonly target: Target;
  readonly plan: MigrationPlan;
  readonly nothingToDo: boolean;
}

/**
 * What a migration of this database would do.
 * @throws KeyctlError 78 when a newer keyctl migrated it; 77 when this role may not migrate.
 */
export async function planMigration(connection: Connection, folder: string): Promise<PlannedMigration> {
  const { target } = connection;
  return await connection.run({ sends: 'read' }, async () => {
    const plan = await migrationPlan(connection.sql, folder);
    if (plan?.newer === true) throw newerSchema(target);
    if (plan !== null && isCurrent(plan)) return { target, plan, nothingToDo: true };
    const status = await databaseStatus(connection.sql);
    if (plan === null || !status.mayMigrate) throw notAllowed(target, status.schemaOwner);
    return { target, plan, nothingToDo: false };
  });
}

export interface Migrated extends MigrationReport {
  readonly target: Target;
  readonly auditSeq: number | null;
}

/**
 * Migrates, and writes down what was applied. Both can be repeated: what is applied already is not applied again.
 * @throws KeyctlError 75 when the connection was lost on the way
 */
export async function migrateDatabase(
  connection: Connection,
  request: { readonly folder: string; readonly operationId: string; readonly context: AuditContext },
): Promise<Migrated> {
  const { target } = connection;
  try {
    return await connection.run({ sends: 'change' }, async () => {
      const report = await migrate(connection.sql, request.folder);
      const { migrations, kernelFiles, removedFunctions } = report;
      const changed = migrations.length + kernelFiles.length + removedFunctions.length > 0;
      const auditSeq = changed ? await recordMigration(connection.sql, { ...request, report }) : null;
      return { ...report, target, auditSeq };
    });
  } catch (error) {
    throw error instanceof KeyctlError ? explained(error, target) : error;
  }
}

function newerSchema(target: Target): KeyctlError {
  return configError(
    'schema_newer',
    `${targetName(target)} was migrated by a newer keyctl than this one; nothing was changed`,
    'install the newer keyctl, then run: keyctl db status',
  );
}

function notAllowed(target: Target, owner: string | null): KeyctlError {
  const needed =
    owner === null
      ? 'creating the schema needs CREATE on the database and CREATEROLE'
      : `the schema belongs to ${owner}`;
  return new KeyctlError({
    code: 'permission_denied',
    message: `this role may not migrate ${targetName(target)}: ${needed}; nothing was changed`,
    hint: owner === null ? 'run it as the owner of the database' : `PGUSER=${owner} keyctl db migrate`,
    exitCode: exitCodes.permission,
  });
}

function explained(error: KeyctlError, target: Target): KeyctlError {
  if (error.outcome === 'unknown') {
    return new KeyctlError({
      code: 'outcome_unknown',
      message: `${targetName(target)} was lost during the migration; each step happened whole or not at all`,
      hint: 'run it again, it goes on where it stopped: keyctl db migrate',
      exitCode: exitCodes.unknown,
      outcome: 'unknown',
    });
  }
  return error.code === 'permission_denied' ? notAllowed(target, null) : error;
}
