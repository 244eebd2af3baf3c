import { usageError } from '../../domain/errors.js';
import { type ExportFormat, type ExportKind, isWrittenAs } from '../../domain/export-kind.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { WindowFlags } from './window-flags.js';

export interface ExportFlags extends WindowFlags {
  readonly format?: ExportFormat;
  readonly usage?: boolean;
  readonly lookup?: boolean;
  readonly type?: 'key_rotation';
  readonly action?: readonly string[];
  readonly key?: string;
  readonly family?: string;
  readonly actor?: string;
  readonly out?: string;
  readonly force?: boolean;
}

export function exportKind({
  usage,
  lookup,
  type,
}: Pick<ExportFlags, 'usage' | 'lookup' | 'type'>): ExportKind {
  if (usage === true) return 'usage';
  return lookup === true ? 'lookup' : (type ?? 'audit');
}

/** What narrows the audit log alone. */
const logFlags = ['type', 'action', 'actor'] as const;

/**
 * The form that is asked for, when the flags go together; nothing is opened before.
 * @throws KeyctlError 2
 */
export function checkExport(rt: Runtime, flags: ExportFlags): ExportFormat {
  const what = exportKind(flags);
  const { format } = flags;
  if (format === undefined)
    throw usageError('--format', 'in which form?', '--format ndjson (or csv, ocsf, cef)');
  if (flags.usage === true && flags.lookup === true)
    throw usageError(
      '--lookup',
      'is the table of keys, --usage the events: one of them',
      '--lookup --format csv',
    );
  const stray = logFlags.find((name) => flags[name] !== undefined);
  if ((what === 'usage' || what === 'lookup') && stray !== undefined)
    throw usageError(`--${stray}`, `narrows the audit log, not --${what}`, `--${what} --key alice-prod`);
  if (what === 'key_rotation' && flags.action !== undefined)
    throw usageError(
      '--action',
      '--type key_rotation is an action already',
      '--type key_rotation --since 90d',
    );
  if (what === 'lookup' && (flags.since !== undefined || flags.until !== undefined))
    throw usageError('--since', '--lookup says what is true now', '--lookup --format csv');
  if (!isWrittenAs(what, format))
    throw usageError(
      '--format',
      `${format} is for the audit log; --${what} is written as ndjson or csv`,
      '--format ndjson',
    );
  checkPlace(rt, flags);
  return format;
}

/** Without a file the export is what stands on stdout, and nothing else may. */
function checkPlace(rt: Runtime, { out, force }: ExportFlags): void {
  if (out !== undefined) return;
  if (force === true) throw usageError('--force', 'replaces the file of --out', '--out audit.ndjson --force');
  if (rt.flags.output !== 'table')
    throw usageError(
      '--output',
      'is the form of the record about the export; --format is that of the export, which stdout is taken by',
      '--out audit.ndjson -o json',
    );
}
