import type { ImportCounts, ImportReport } from '../db/kernel-import.js';
import { conflictCauses, type ImportColumn } from '../domain/import/columns.js';
import type { Context } from './context.js';

/** A row that is not taken. Nothing of its content but the external id, which is no secret. */
export interface ImportProblem {
  readonly line: number;
  readonly outcome: 'conflict' | 'rejected';
  readonly cause: string;
  readonly column: ImportColumn | null;
  readonly externalId: string | null;
  /** The key that is in its way. */
  readonly keyId: string | null;
}

/** What an import comes to. Before it is done: what it would come to. */
export interface Importation {
  readonly operationId: string;
  readonly source: string;
  readonly dryRun: boolean;
  readonly rows: number;
  readonly imported: number;
  readonly unchanged: number;
  readonly conflicts: number;
  readonly rejected: number;
  readonly rejectedByCause: Readonly<Record<string, number>>;
  readonly conflictsByCause: Readonly<Record<string, number>>;
  /** Of the imported: proven by a digest alone; without any proof; dead already; with a link to a key that is not here. */
  readonly weak: number;
  readonly trackedOnly: number;
  readonly revoked: number;
  readonly replaced: number;
  readonly unlinked: number;
  /** The first hundred. */
  readonly problems: readonly ImportProblem[];
  readonly auditSeq: number | null;
}

/** The kernel's counts and the reader's, as one. */
export function importation(
  ctx: Context,
  counts: ImportCounts,
  report: ImportReport,
  problems: readonly ImportProblem[],
): Importation {
  const causes = Object.entries(counts.causes);
  const isConflict = ([cause]: readonly [string, number]) => cause in conflictCauses;
  const rejectedByCause: Record<string, number> = { ...report.unread };
  for (const [cause, times] of causes.filter((each) => !isConflict(each))) {
    rejectedByCause[cause] = (rejectedByCause[cause] ?? 0) + times;
  }
  const unread = Object.values(report.unread).reduce((sum, each) => sum + each, 0);
  return {
    operationId: ctx.operationId,
    source: report.source,
    dryRun: false,
    rows: counts.rows + unread,
    imported: counts.imported,
    unchanged: counts.unchanged,
    conflicts: counts.conflicts,
    rejected: counts.rejected + unread,
    rejectedByCause,
    conflictsByCause: Object.fromEntries(causes.filter(isConflict)),
    weak: counts.weak,
    trackedOnly: counts.tracked_only,
    revoked: counts.revoked,
    replaced: counts.replaced,
    unlinked: counts.unlinked,
    problems,
    auditSeq: null,
  };
}
