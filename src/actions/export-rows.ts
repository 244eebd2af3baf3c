import type { SQL } from 'drizzle-orm';
import { type ExportAnswer, type ExportRecord, recordExport } from '../db/kernel-export.js';
import type { AuditFilter } from '../db/reads/audit-log.js';
import {
  auditExport,
  type ExportGround,
  exportGround,
  lookupExport,
  usageExport,
} from '../db/reads/export-rows.js';
import { targetName } from '../db/settings.js';
import { exitCodes, interruptedError, KeyctlError } from '../domain/errors.js';
import type { ExportFormat, ExportKind } from '../domain/export-kind.js';
import { type Context, changeOf } from './context.js';
import { toldRows } from './copied-rows.js';
import {
  type ChosenEncoder,
  type ExportEncoder,
  type ExportMeter,
  exportMeter,
  rowEncoder,
} from './export-meter.js';

/** What is asked for: rows of a query, in a form, narrowed by what. */
export interface ExportRequest {
  readonly what: ExportKind;
  readonly format: ExportFormat;
  /** What is written down of it. */
  readonly filter: ExportRecord['filter'];
  readonly rows: ExportFilter;
  encoderFor(ground: ExportGround): ChosenEncoder;
}

/** Narrows the audit log, a table of keys, or with `keyIds` (null: all) the usage log. */
interface ExportFilter extends AuditFilter {
  readonly keyIds: readonly string[] | null;
}

/** Where an export goes. `write` resolves when the bytes are no longer needed. */
export interface ExportSink {
  write(bytes: Uint8Array): Promise<void>;
  /** Everything is written: makes it durable. It still stands under no name. */
  seal(): Promise<void>;
  /** Written down in the audit log: now it may be seen. */
  place(exported: Exported): Promise<void>;
  /** Nothing is left of it. False where what was written has left already. */
  discard(): Promise<boolean>;
}

/** An export that was written whole, and written down. */
export interface Exported extends Omit<ExportRecord, 'complete' | 'first_seq' | 'last_seq'> {
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  readonly databaseId: string;
  /** The head of the audit log when the export began; rows of the log reach exactly as far. */
  readonly head: ExportGround['head'];
  readonly recordedAt: string;
  readonly auditSeq: number | null;
}

/**
 * Streams an export out of the database, in constant memory, and writes it down in the audit log: after the bytes are safe and
 * before a file stands under its name, so that no file is there which the log does not know.
 * @param stallMs longest wait for the next rows; the reader of the export may take as long as it likes
 * @throws KeyctlError 77 when the role may not export, before anything is written; 69, 75 when the database is lost; 130
 */
export async function exportRows(
  ctx: Context,
  request: ExportRequest,
  run: { readonly sink: ExportSink; readonly stallMs: number; readonly interrupted: AbortSignal },
): Promise<Exported> {
  const meter = exportMeter();
  let ground: ExportGround;
  try {
    ground = await ctx.db.query(exportGround);
    if (!ground.mayRecord) throw mayNotExport(ctx);
    const plan = { query: queryOf(request, ground), encoder: rowEncoder(request.encoderFor(ground)) };
    await stream(ctx, plan, { ...run, meter });
    await run.sink.seal();
  } catch (error) {
    return await endEarly(ctx, request, { ...run, meter, error });
  }
  try {
    const recorded = await writeDown(ctx, request, meter, true);
    await ctx.reached('export.recorded');
    const exported = exportedOf(request, ground, { meter, recorded });
    await run.sink.place(exported);
    return exported;
  } catch (error) {
    await run.sink.discard();
    throw error;
  }
}

function queryOf({ what, rows }: ExportRequest, { head }: ExportGround): SQL {
  if (what === 'usage') return usageExport({ ...rows, keyVersion: null });
  return what === 'lookup' ? lookupExport(rows) : auditExport(rows, head.seq);
}

interface Run {
  readonly sink: ExportSink;
  readonly interrupted: AbortSignal;
  readonly meter: ExportMeter;
}

async function stream(
  ctx: Context,
  { query, encoder }: { readonly query: SQL; readonly encoder: ExportEncoder<Uint8Array> },
  { sink, stallMs, interrupted, meter }: Run & { readonly stallMs: number },
): Promise<void> {
  const put = async (bytes: Uint8Array, rows: number) => {
    if (bytes.length === 0) return;
    // Counted before: of a write that fails, nobody knows how much has left.
    meter.take(bytes, rows);
    await sink.write(bytes);
  };
  const copy = await ctx.db.copyClient();
  interrupted.addEventListener('abort', copy.destroy);
  try {
    await put(new TextEncoder().encode(encoder.heading), 0);
    for await (const piece of toldRows(ctx, copy, query, stallMs)) {
      if (interrupted.aborted) break;
      const { bytes, rows, firstSeq = null, lastSeq = null } = encoder.encode(piece);
      meter.reached(firstSeq, lastSeq);
      await put(bytes, rows);
      await ctx.reached('export.written');
    }
    if (interrupted.aborted) throw interruptedError('the export is not whole');
  } finally {
    interrupted.removeEventListener('abort', copy.destroy);
    copy.destroy();
  }
}

/** What has left is written down also when it is not the whole; what can be taken back is, and then nothing happened. */
async function endEarly(
  ctx: Context,
  request: ExportRequest,
  { sink, interrupted, meter, error }: Run & { readonly error: unknown },
): Promise<never> {
  const gone = await sink.discard();
  if (gone || meter.bytes === 0)
    throw interrupted.aborted ? interruptedError('nothing is kept of the export') : error;
  // The database may be what was lost; then the first failure is the one to tell.
  const recorded = await writeDown(ctx, request, meter, false).catch(() => null);
  if (!interrupted.aborted) throw error;
  const said = recorded === null ? '' : `, and the audit log says so (row ${recorded.audit_seq})`;
  throw interruptedError(`${meter.rows} rows at most had been written${said}`, { outcome: 'partial' });
}

function writeDown(
  ctx: Context,
  request: ExportRequest,
  meter: ExportMeter,
  complete: boolean,
): Promise<ExportAnswer> {
  const { what, format, filter } = request;
  const { rows, bytes, sha256, firstSeq, lastSeq } = meter.written();
  const record = {
    what,
    format,
    filter,
    rows,
    bytes,
    sha256,
    complete,
    first_seq: firstSeq,
    last_seq: lastSeq,
  };
  return ctx.db.change(ctx.operationId, (db) => recordExport(db, changeOf(ctx), record));
}

function exportedOf(
  { what, format, filter }: ExportRequest,
  { databaseId, head }: ExportGround,
  { meter, recorded }: { readonly meter: ExportMeter; readonly recorded: ExportAnswer },
): Exported {
  const told = { databaseId, head, recordedAt: recorded.recorded_at, auditSeq: recorded.audit_seq };
  return { what, format, filter, ...meter.written(), ...told };
}

function mayNotExport({ db: { target } }: Context): KeyctlError {
  return new KeyctlError({
    code: 'permission_denied',
    message: `permission denied in ${targetName(target)}; an export needs keyctl_auditor or keyctl_operator`,
    hint: `keyctl db roles grant ${target.role} auditor (or read with: keyctl audit log -o ndjson)`,
    exitCode: exitCodes.permission,
  });
}
