import type { Connection } from '../db/connect.js';
import { type DatabaseStatus, databaseStatus } from '../db/database-status.js';
import type { EmbeddedStatus } from '../db/embedded/stop.js';
import { isCurrent, type MigrationPlan, migrationPlan } from '../db/migration-plan.js';
import type { Target } from '../db/settings.js';

/** The program's schema against the database's; `differs`: some function of ours has another text, whoever is newer. */
export type SchemaState = 'current' | 'missing' | 'older' | 'newer' | 'differs' | 'unknown';

/** What `db status` shows. */
export interface DatabaseReport {
  /** Where the database was configured: DATABASE_URL, PGHOST, a file, or the embedded server. */
  readonly source: string;
  /** Null when it is not this machine's embedded server. */
  readonly server: EmbeddedStatus | null;
  /** Null while the embedded server is stopped; looking does not start it. */
  readonly found: {
    readonly target: Target;
    readonly status: DatabaseStatus;
    /** Null when this role may not see what was applied. */
    readonly plan: MigrationPlan | null;
    readonly schema: SchemaState;
  } | null;
  readonly programFingerprint: string;
}

export interface SchemaOfProgram {
  readonly folder: string;
  readonly fingerprint: string;
}

/** Reads the state of a database of any version. */
export async function examineDatabase(
  connection: Connection,
  program: SchemaOfProgram,
): Promise<NonNullable<DatabaseReport['found']>> {
  return await connection.run({ sends: 'read' }, async () => {
    const status = await databaseStatus(connection.sql);
    const plan = await migrationPlan(connection.sql, program.folder);
    return { target: connection.target, status, plan, schema: schemaState(status, plan, program) };
  });
}

function schemaState(
  status: DatabaseStatus,
  plan: MigrationPlan | null,
  program: SchemaOfProgram,
): SchemaState {
  if (!status.hasSchema) return 'missing';
  if (plan?.newer === true) return 'newer';
  if (status.fingerprint === null && plan === null) return 'unknown';
  if (status.fingerprint === program.fingerprint && (plan === null || isCurrent(plan))) return 'current';
  return plan !== null && plan.migrations.length > 0 ? 'older' : 'differs';
}
