/** The forms that an export is written in. */
export const exportFormats = ['ndjson', 'csv', 'ocsf', 'cef'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What is exported: rows of the audit log, usage events, the table of keys, or rotations as one line each. */
export type ExportKind = 'audit' | 'usage' | 'lookup' | 'key_rotation';

/** OCSF and CEF say who changed what; requests and a table of keys are no such events. */
export function isWrittenAs(kind: ExportKind, format: ExportFormat): boolean {
  return format === 'ndjson' || format === 'csv' || kind === 'audit' || kind === 'key_rotation';
}
