import type { Attachment } from '../actions/keep-partitions.js';
import { isoTime } from '../domain/stored-time.js';
import { byteSize, counted } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, line, type Safe } from './terminal-text.js';

/** `db partitions --attach`. */
export const partitionAttachment: Renderer<Attachment> = {
  text: attachmentText,
  json: (value) => ({
    operation_id: value.operationId,
    outcome: value.outcome,
    ...tableRecord(value),
    audit_seq: value.audit_seq,
  }),
  ids: ({ name }) => [name],
};

/** `db partitions --attach --dry-run`. */
export const plannedAttachment: Renderer<Attachment> = {
  text: attachmentText,
  json: (value) => ({ dry_run: true, outcome: value.outcome, ...tableRecord(value) }),
  ids: ({ name }) => [name],
};

function tableRecord({ name, from, until, rows, bytes }: Attachment): Record<string, Json> {
  const time = (at: string | null) => (at === null ? null : isoTime(at));
  return { name, from: time(from), until: time(until), rows, bytes };
}

function attachmentText(value: Attachment, { style }: View): Safe {
  const { outcome, rows, bytes, where, audit_seq: seq } = value;
  const name = clean(value.name);
  const day = (at: string | null): Safe => clean(at === null ? 'unbounded' : isoTime(at).slice(0, 10));
  const weeks = line`${day(value.from)} until ${day(value.until)}`;
  if (outcome === 'already_attached')
    return style.ok(line`${style.sign.ok} ${name} is attached already, for ${weeks}, in ${clean(where)}`);
  const what = line`for ${weeks}: ${counted(rows ?? 0, 'event')}, ${byteSize(bytes)}`;
  if (outcome === 'fits') return line`${name} fits, and would be attached ${what}`;
  return style.ok(line`${style.sign.ok} ${name} attached ${what} · audit ${seq ?? 0}`);
}
