import { readCloudTrail } from './cloudtrail.js';
import { cloudTrailCutter } from './cloudtrail-records.js';
import { combinedReader } from './combined.js';
import type { RawEvent } from './event.js';
import type { KeyField } from './key-field.js';
import { lineCutter, type RecordCutter, type RecordSink } from './lines.js';
import { readNdjson } from './ndjson.js';
import { isReject, type Reject } from './reject.js';

export const logFormats = ['ndjson', 'combined', 'cloudtrail'] as const;

export type LogFormat = (typeof logFormats)[number];

/** How a format is read: bytes cut into records, records into what they say. */
export interface FormatReader {
  readonly cutter: (sink: RecordSink) => RecordCutter;
  readonly read: (record: string) => RawEvent | Reject;
}

export function formatReader(format: LogFormat, keyField: KeyField): FormatReader {
  switch (format) {
    case 'ndjson':
      return { cutter: lineCutter, read: readNdjson };
    case 'combined':
      return { cutter: lineCutter, read: combinedReader(keyField) };
    case 'cloudtrail':
      return { cutter: cloudTrailCutter, read: readCloudTrail };
  }
}

/**
 * The format that the beginning of a log is in; null when that is not certain. CloudTrail is looked for first: its records
 * may stand one a line.
 * @param head the first bytes, at best some whole lines
 */
export function formatOf(head: Uint8Array): LogFormat | null {
  const text = Buffer.from(head)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (/^[[{]/.test(text) && /"eventSource"\s*:/.test(text) && /"eventName"\s*:/.test(text))
    return 'cloudtrail';
  const line = text.split('\n', 1)[0] ?? '';
  const saysSomething = (raw: RawEvent | Reject) =>
    !isReject(raw) && raw.time !== undefined && raw.key !== undefined;
  if (saysSomething(readNdjson(line))) return 'ndjson';
  return saysSomething(combinedReader({ kind: 'client' })(line)) ? 'combined' : null;
}
