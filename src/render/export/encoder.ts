import type { ChosenEncoder } from '../../actions/export-meter.js';
import type { ExportedEntry } from '../../db/reads/export-rows.js';
import { type ExportColumn, lookupColumns, usageColumns } from '../../domain/export-columns.js';
import type { ExportFormat, ExportKind } from '../../domain/export-kind.js';
import { ndjsonLine } from '../json-text.js';
import type { Json } from '../renderer.js';
import { cefLine } from './cef.js';
import { fieldsCsv, recordsCsv } from './csv.js';
import { entryColumns, entryRecord, rotationColumns, rotationRecord } from './entry-record.js';
import { fieldsNdjson } from './fields-ndjson.js';
import { type ExportOrigin, ocsfLine } from './ocsf.js';
import { textBytes } from './text-bytes.js';

/** The encoder of one kind in one form. */
export function encoderOf(what: ExportKind, format: ExportFormat, origin: ExportOrigin): ChosenEncoder {
  if (what === 'usage') return fieldsOf(usageColumns, format);
  if (what === 'lookup') return fieldsOf(lookupColumns, format);
  if (format === 'ocsf') return linesOf((entry) => ocsfLine(entry, origin));
  if (format === 'cef') return linesOf((entry) => cefLine(entry, origin));
  return what === 'audit'
    ? recordsOf(entryColumns, entryRecord, format)
    : recordsOf(rotationColumns, rotationRecord, format);
}

function fieldsOf(columns: readonly ExportColumn[], format: ExportFormat): ChosenEncoder {
  return { of: 'fields', encoder: format === 'csv' ? fieldsCsv(columns) : fieldsNdjson(columns) };
}

function recordsOf(
  columns: readonly string[],
  recordOf: (entry: ExportedEntry) => Readonly<Record<string, Json>>,
  format: ExportFormat,
): ChosenEncoder {
  return format === 'csv'
    ? { of: 'entries', encoder: recordsCsv(columns, recordOf) }
    : linesOf((entry) => ndjsonLine(recordOf(entry)));
}

function linesOf(lineOf: (entry: ExportedEntry) => string): ChosenEncoder {
  const bytesOf = textBytes(lineOf);
  const encode = (entries: readonly ExportedEntry[]) => ({
    bytes: bytesOf(entries),
    rows: entries.length,
  });
  return { of: 'entries', encoder: { heading: '', encode } };
}
