/** How a column's text of the database becomes a value: a time is written as RFC 3339 in UTC with microseconds. */
export interface ExportColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'time';
}

const text = (name: string): ExportColumn => ({ name, kind: 'text' });
const number = (name: string): ExportColumn => ({ name, kind: 'number' });
const time = (name: string): ExportColumn => ({ name, kind: 'time' });

/** A usage event, in the order in which the database is asked for it (src/db/reads/export-rows.ts). */
export const usageColumns: readonly ExportColumn[] = [
  time('ts'),
  text('key_id'),
  text('id'),
  number('key_version'),
  ...['method', 'endpoint', 'object', 'feature'].map(text),
  number('status'),
  ...['ip', 'user_agent'].map(text),
  ...['bytes', 'latency_ms', 'tokens', 'cost_usd'].map(number),
  ...['model', 'request_id'].map(text),
];

/** One key of the table that a SIEM joins with its logs. */
export const lookupColumns: readonly ExportColumn[] = [
  ...['key_id', 'fingerprint', 'name'].map(text),
  number('version'),
  ...['user_id', 'email', 'friendly_name', 'status', 'replaced_by'].map(text),
  time('revoked_at'),
];
