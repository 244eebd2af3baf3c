import type { Migrated, PlannedMigration } from '../actions/migrate-database.js';
import type { MigrationReport } from '../db/migrate.js';
import type { Target } from '../db/settings.js';
import { labelled } from './labelled.js';
import type { Json, Renderer, View } from './renderer.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** What `db migrate` did, or would do. */
export interface Migration {
  readonly target: Target;
  readonly dryRun: boolean;
  readonly nothingToDo: boolean;
  readonly changes: MigrationReport;
  readonly auditSeq: number | null;
}

export function plannedMigration({ target, plan, nothingToDo }: PlannedMigration): Migration {
  return { target, dryRun: true, nothingToDo, changes: plan, auditSeq: null };
}

export function doneMigration({ target, auditSeq, ...changes }: Migrated): Migration {
  return { target, dryRun: false, nothingToDo: auditSeq === null, changes, auditSeq };
}

export const migration: Renderer<Migration> = {
  text(value, view) {
    const { style } = view;
    const where = targetLine(value.target);
    if (value.nothingToDo)
      return line`${style.ok(style.sign.ok)} the schema of ${where} is as this program expects it; nothing to do`;
    if (value.dryRun) return joinLines([line`would apply to ${where}`, ...changeLines(value.changes, view)]);
    const seq = value.auditSeq === null ? line`` : line` · audit ${value.auditSeq}`;
    return joinLines([
      style.ok(line`${style.sign.ok} migrated ${where}${seq}`),
      ...changeLines(value.changes, view),
    ]);
  },
  json: ({ target, dryRun, changes, auditSeq }): Record<string, Json> => ({
    host: target.host,
    port: target.port,
    database: target.database,
    role: target.role,
    dry_run: dryRun,
    migrations: changes.migrations,
    kernel_files: changes.kernelFiles,
    removed_functions: changes.removedFunctions,
    audit_seq: auditSeq,
  }),
};

/** What is going to happen to which database, for who is asked. */
export function migrationQuestion(planned: PlannedMigration, view: View): Safe {
  const { target, plan } = planned;
  const where = line`${view.style.strong(targetLine(target))}, PostgreSQL ${clean(target.serverVersion)}`;
  return joinLines([line`to be applied to ${where}`, ...changeLines(plan, view)]);
}

function changeLines({ migrations, kernelFiles, removedFunctions }: MigrationReport, view: View): Safe[] {
  const parts: [Safe, readonly string[]][] = [
    [line`tables`, migrations],
    [line`kernel`, kernelFiles],
    [line`removed`, removedFunctions],
  ];
  return parts
    .filter(([, names]) => names.length > 0)
    .map(([label, names]) => labelled(label, namesText(names), view));
}

/** A first migration applies everything there is: the number says as much as forty names. */
function namesText(names: readonly string[]): Safe {
  return names.length > 12 ? line`${names.length} files` : clean(names.join(', '));
}
