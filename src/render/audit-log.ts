import type { AuditEntry } from '../db/reads/audit-log.js';
import { isoTime } from '../domain/stored-time.js';
import { fit, padStart, width, wrap } from './layout.js';
import type { Json, RowRenderer, View } from './renderer.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** `audit log`: a few lines a row, because who, what and why have to be read whole. `where`: the database that was looked in. */
export function auditLog(where: string): RowRenderer<AuditEntry> {
  return {
    plural: 'entries',
    columns: [
      ...[
        'seq',
        'at',
        'action',
        'key_id',
        'key_name',
        'key_version',
        'actor_db',
        'actor_os',
        'actor_claimed',
      ],
      ...[
        'host',
        'reason',
        'ticket',
        'incident_id',
        'details',
        'operation_id',
        'family_id',
        'prev_hash',
        'hash',
      ],
    ],
    page: (entries, view) => {
      const indent = Math.max(...entries.map((entry) => String(entry.seq).length));
      return joinLines(entries.map((entry) => entryText(entry, indent, view)));
    },
    json: entryJson,
    id: (entry) => String(entry.seq),
    nothing: line`no row of the audit log fits in ${clean(where)}`,
  };
}

function entryJson(entry: AuditEntry): Record<string, Json> {
  return {
    seq: entry.seq,
    at: isoTime(entry.at),
    operation_id: entry.operationId,
    action: entry.action,
    key_id: entry.keyId,
    key_name: entry.keyName,
    key_version: entry.keyVersion,
    family_id: entry.familyId,
    incident_id: entry.incidentId,
    actor_db: entry.actorDb,
    actor_os: entry.actorOs,
    actor_claimed: entry.actorClaimed,
    host: entry.host,
    reason: entry.reason,
    ticket: entry.ticket,
    details: entry.details as Record<string, Json>,
    answer: entry.answer as Record<string, Json>,
    prev_hash: entry.prevHash,
    hash: entry.hash,
  };
}

function entryText(entry: AuditEntry, seqColumns: number, view: View): Safe {
  const { style } = view;
  const seq = style.muted(padStart(clean(String(entry.seq)), seqColumns));
  const time = clean(`${isoTime(entry.at).slice(0, 19)}Z`);
  const first = line`${seq}  ${time}  ${style.strong(clean(entry.action))}${keyPart(entry)}`;
  const indent = clean(' '.repeat(seqColumns + 2));
  const extras = joinWith(line` · `, extrasOf(entry));
  const below = [actorText(entry, view), ...(entry.reason === null ? [] : [clean(entry.reason)])];
  // In a pipe one line each and whole, for grep; on a terminal as many as they need, the extras two.
  if (view.unbounded === true) {
    const lines = [...below, ...(extras === '' ? [] : [extras])];
    return joinLines([first, ...lines.map((part) => line`${indent}${part}`)]);
  }
  const room = Math.max(20, view.columns - width(indent));
  if (extras !== '') below.push(style.muted(fit(extras, 2 * room, style.glyph.ellipsis)));
  return joinLines([
    fit(first, view.columns, style.glyph.ellipsis),
    ...below.flatMap((part) => wrap(part, room)).map((part) => line`${indent}${part}`),
  ]);
}

function keyPart(entry: AuditEntry): Safe {
  if (entry.keyId === null) return line``;
  const version = entry.keyVersion === null ? line`` : line` v${entry.keyVersion}`;
  return line`  ${clean(entry.keyId)}${version}  ${clean(entry.keyName ?? '')}`;
}

/** The database role is known for sure; the machine's user is what the machine said; the rest is a claim. */
function actorText({ actorDb, actorOs, actorClaimed, host }: AuditEntry, { style }: View): Safe {
  const parts: Safe[] = [];
  if (actorOs !== null || host !== null) {
    const place = host === null ? line`` : line` on ${clean(host)}`;
    parts.push(line`${clean(actorOs ?? 'unknown user')}${place}`);
  }
  if (actorClaimed !== null) parts.push(line`claims to be ${clean(actorClaimed)}`);
  const said = parts.length === 0 ? line`` : style.muted(line` (${joinWith(line`; `, parts)})`);
  return line`by ${clean(actorDb)}${said}`;
}

/** What else the record holds and fits on a line: what changed, ticket, incident. Whole settings are left to JSON. */
function extrasOf({ ticket, incidentId, details, answer }: AuditEntry): Safe[] {
  // Where nothing of ours was changed (db.ingested), the answer is what happened.
  const { before, after, ...rest } = Object.keys(details).length > 0 ? details : answer;
  const parts = [...changes(before, after)];
  for (const [name, value] of Object.entries(rest)) {
    const text = valueText(value);
    if (text !== null) parts.push(line`${label(name)} ${text}`);
  }
  if (ticket !== null) parts.push(line`ticket ${clean(ticket)}`);
  if (incidentId !== null) parts.push(clean(incidentId));
  return parts;
}

function changes(before: unknown, after: unknown): Safe[] {
  if (!isRecord(before) || !isRecord(after)) return [];
  return Object.keys(after).map((name) => {
    const [was, is] = [valueText(before[name]), valueText(after[name])];
    return line`${label(name)} ${was ?? clean('none')} → ${is ?? clean('none')}`;
  });
}

function label(name: string): Safe {
  return clean(name.replaceAll('_', ' '));
}

/** Null for what is absent, empty or a whole record of its own. */
function valueText(value: unknown): Safe | null {
  if (Array.isArray(value)) return value.length === 0 ? null : clean(value.map(String).join(', '));
  if (value === null || value === undefined || value === '' || isRecord(value)) return null;
  return clean(String(value));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
