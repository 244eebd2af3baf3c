import type { ExportEncoder } from '../actions/export-meter.js';
import { usageColumns } from '../domain/export-columns.js';
import { fieldsNdjson } from './export/fields-ndjson.js';

/** Events as COPY writes them, as the lines that `usageEvents` makes of them: the same columns, times in milliseconds. */
export function usageEventLines(): ExportEncoder<Uint8Array> {
  return fieldsNdjson(usageColumns, 3);
}
