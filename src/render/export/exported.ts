import type { Exported } from '../../actions/export-rows.js';
import { jsonText } from '../json-text.js';
import { byteSize, counted } from '../numbers.js';
import type { Json, Renderer } from '../renderer.js';
import { clean, joinLines, line, type Safe } from '../terminal-text.js';

/** An export that stands in a file. */
export interface ExportedFile extends Exported {
  /** As it was typed. */
  readonly file: string;
  readonly manifest: string;
}

/** `audit export --out`: what was written, and how its sum is checked. */
export const exportedFile: Renderer<ExportedFile> = {
  text: (value, { style }) =>
    joinLines([
      style.ok(line`${style.sign.ok} ${summary(value)} in ${clean(value.file)}`),
      line`  sha256  ${clean(value.sha256)}`,
      line`  ${style.muted(line`the manifest beside it: ${clean(value.manifest)}; written down as row ${value.auditSeq ?? 0} of the audit log`)}`,
    ]),
  json: (value) => ({ file: value.file, manifest: value.manifest, ...exportRecord(value) }),
};

/** What stands beside the file: enough to check it later, without the database. */
export function manifestText(
  exported: Exported,
  { file, command, version }: { readonly file: string; readonly command: string; readonly version: string },
): string {
  return `${jsonText({ file, ...exportRecord(exported), command, keyctl: version }, 2)}\n`;
}

function exportRecord(value: Exported): Record<string, Json> {
  return {
    what: value.what,
    format: value.format,
    filter: value.filter as Record<string, Json>,
    rows: value.rows,
    bytes: value.bytes,
    sha256: value.sha256,
    first_seq: value.firstSeq,
    last_seq: value.lastSeq,
    head_seq: value.head.seq,
    head: value.head.hash,
    database_id: value.databaseId,
    created_at: value.recordedAt,
    audit_seq: value.auditSeq,
  };
}

/** Said on stderr when the export itself is on stdout. */
export function exportedLine(value: Exported): Safe {
  return line`${summary(value)} written; sha256 ${clean(value.sha256)}; row ${value.auditSeq ?? 0} of the audit log`;
}

const nouns: Readonly<Record<Exported['what'], string>> = {
  audit: 'row',
  usage: 'event',
  lookup: 'key',
  key_rotation: 'rotation',
};

function summary({ what, rows, bytes, format }: Exported): Safe {
  return line`${counted(rows, nouns[what])} as ${clean(format)} (${byteSize(bytes)})`;
}
