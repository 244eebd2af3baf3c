import type { ChangeAnswer } from '../db/kernel.js';
import {
  type ImportCounts,
  type ImportFinding,
  type ImportReport,
  importClose,
  importDiscard,
  importFindings,
  importKeys as importInKernel,
  importOpen,
  importPlan,
  importStage,
} from '../db/kernel-import.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import type { RowProblem } from '../domain/import/columns.js';
import { type ImportFormat, importReader } from '../domain/import/reader.js';
import type { ImportRow } from '../domain/import/row.js';
import { type Context, changeOf } from './context.js';
import { importedBefore, nothingImported } from './import-errors.js';
import { type Importation, type ImportProblem, importation } from './import-outcome.js';

/** A file of keys that is about to be read. */
export interface ImportInput {
  /** Its bytes, uncompressed. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** As the person named it; goes into the audit log. */
  readonly source: string;
  readonly format: ImportFormat;
  readonly ignoreUnknown: boolean;
  /** Before the first row with a plaintext token; may refuse the file. */
  readonly onTokens: () => void;
  /** Told of every row that is not taken, in the order in which that is found. */
  readonly onProblem: (problem: ImportProblem) => Promise<void>;
}

/** An import whose rows wait in the database, decided but not made. */
export interface PlannedImport {
  /** What it is going to come to; of an operation that ran before, what it came to. */
  readonly expected: Importation;
  readonly report: ImportReport;
  /** This operation ran before: there is nothing left to do. */
  readonly done: boolean;
}

/** Rows sent in one statement. */
const batchSize = 1000;
const mostProblems = 100;

/**
 * Reads a file of keys to its end and lets the kernel decide about every row; makes no key. Constant memory: rows wait in
 * an unlogged table of the database, because a chain may name keys that stand further down.
 * @throws KeyctlError 2 when the file cannot be read to its end: then nothing of it is imported
 */
export async function planImport(ctx: Context, input: ImportInput): Promise<PlannedImport> {
  const runId = ctx.operationId;
  try {
    if (!(await ctx.db.change(runId, (db) => importOpen(db, runId))))
      return await doneBefore(ctx, input.source);
    const read = await stageRows(ctx, input);
    const plan = { runId, staged: read.staged };
    const counts = await ctx.db.change(runId, (db) => importPlan(db, plan));
    await eachFinding(ctx, async (finding) => {
      await read.tell({ ...finding, column: null });
    });
    const report = { source: input.source, unread: Object.fromEntries(read.unread) };
    return { expected: importation(ctx, counts, report, read.problems), report, done: false };
  } catch (error) {
    await discardImport(ctx).catch(() => {});
    throw nothingImported(error);
  }
}

/**
 * Makes the keys of a planned import, 500 families a statement. Whatever ends it in the middle, running it again does what
 * is missing.
 */
export async function importKeys(
  ctx: Context,
  planned: PlannedImport,
  onProgress: (imported: number) => void = () => {},
): Promise<Importation> {
  if (planned.done) return planned.expected;
  const runId = ctx.operationId;
  let imported = 0;
  try {
    for (let done = false; !done; ) {
      ({ imported, done } = await ctx.db.change(runId, (db) => importInKernel(db, changeOf(ctx), runId)));
      onProgress(imported);
    }
    const { report } = planned;
    const closed = await ctx.db.change(runId, (db) => importClose(db, changeOf(ctx), { runId, report }));
    const { problems } = planned.expected;
    return { ...importation(ctx, closed, closed, problems), auditSeq: closed.audit_seq };
  } catch (error) {
    throw importedBefore(error, imported);
  }
}

/** Forgets what waits of an import that is not going to be made. */
export async function discardImport(ctx: Context): Promise<void> {
  const runId = ctx.operationId;
  await ctx.db.change(runId, (db) => importDiscard(db, runId));
}

async function stageRows(ctx: Context, input: ImportInput) {
  const unread = new Map<string, number>();
  const problems: ImportProblem[] = [];
  const untold: RowProblem[] = [];
  let rows: ImportRow[] = [];
  let staged = 0;
  const reader = importReader(
    { ...input, now: ctx.now(), randomBytes: ctx.randomBytes },
    { row: (row) => rows.push(row), rejected: (problem) => untold.push(problem), tokens: input.onTokens },
  );
  async function tell(problem: ImportProblem): Promise<void> {
    if (problems.length < mostProblems) problems.push(problem);
    await input.onProblem(problem);
  }
  async function handOver(least: number): Promise<void> {
    for (const problem of untold.splice(0)) {
      unread.set(problem.cause, (unread.get(problem.cause) ?? 0) + 1);
      await tell({ ...problem, outcome: 'rejected', externalId: null, keyId: null });
    }
    while (rows.length >= least) {
      const batch = rows.slice(0, batchSize);
      rows = rows.slice(batchSize);
      const { operationId: runId } = ctx;
      await ctx.db.change(runId, (db) => importStage(db, { runId, rows: batch }));
      staged += batch.length;
    }
  }
  for await (const chunk of chunksOf(input)) {
    reader.push(chunk);
    await handOver(batchSize);
  }
  reader.end();
  await handOver(1);
  return { staged, unread, problems, tell };
}

/** An input that breaks off is half of a file, and half of a chain may be worse than none of it. */
async function* chunksOf({ chunks, source }: ImportInput): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* chunks;
  } catch {
    throw new KeyctlError({
      code: 'broken_input',
      message: `${source} breaks off; nothing was imported`,
      hint: 'bring the whole file: keyctl keys import FILE',
      exitCode: exitCodes.usage,
    });
  }
}

async function eachFinding(ctx: Context, work: (finding: ImportFinding) => Promise<void>): Promise<void> {
  for (let after = 0; ; ) {
    const input = { runId: ctx.operationId, after };
    const findings = await ctx.db.query((db) => importFindings(db, input));
    for (const finding of findings) await work(finding);
    const last = findings.at(-1);
    if (last === undefined) return;
    after = last.line;
  }
}

/** This operation was closed before: its audit row holds the answer. */
async function doneBefore(ctx: Context, source: string): Promise<PlannedImport> {
  const runId = ctx.operationId;
  const report = { source, unread: {} };
  const first: ImportCounts & ImportReport & ChangeAnswer = await ctx.db.change(runId, (db) =>
    importClose(db, changeOf(ctx), { runId, report }),
  );
  const expected = { ...importation(ctx, first, first, []), auditSeq: first.audit_seq };
  return { expected, report: first, done: true };
}
