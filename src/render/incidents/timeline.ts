import type { TimelineEntry } from '../../db/reads/incident-timeline.js';
import { isoTime } from '../../domain/stored-time.js';
import { wrap } from '../layout.js';
import type { Json, RowRenderer, View } from '../renderer.js';
import { escapeMarkdown, joinMarkdown, type MarkdownText, markdown } from '../report/markdown-text.js';
import { clean, joinLines, line, type Safe } from '../terminal-text.js';
import { entryActor, entryReason, entryWords } from './timeline-entry.js';

/** Of which incident, for the heading and the JSON around the rows. */
export interface TimelineOf {
  readonly incidentId: string;
  readonly title: string;
}

/** `incidents timeline`: in the order of the log; a time that was corrected is shown beside the logged one. */
export function timeline({ incidentId, title }: TimelineOf): RowRenderer<TimelineEntry> {
  return {
    plural: 'entries',
    about: { incident_id: incidentId, title },
    columns: [
      ...['seq', 'at', 'logged_at', 'action', 'what', 'key_id', 'key_name', 'reason', 'actor_db', 'actor_os'],
      ...[
        'actor_claimed',
        'host',
        'operation_id',
        'correction_reason',
        'corrected_by',
        'corrected_at',
        'details',
      ],
    ],
    page: (entries, view) => joinLines(entries.flatMap((entry) => entryLines(entry, view))),
    json: entryJson,
    id: (entry) => String(entry.seq),
    nothing: line`nothing happened in ${clean(incidentId)}`,
  };
}

/** `--format md`: one table. The heading is written with the first page. */
export function timelineMarkdown(of: TimelineOf): RowRenderer<TimelineEntry> {
  let first = true;
  return {
    ...timeline(of),
    page(entries) {
      const heading = first ? [headingMarkdown(of)] : [];
      first = false;
      // Markdown is Safe: whatever it is made of went through `clean`.
      return joinMarkdown('\n' as MarkdownText, [...heading, ...entries.map(rowMarkdown)]) as string as Safe;
    },
  };
}

function entryLines(entry: TimelineEntry, view: View): Safe[] {
  const { style } = view;
  const key = entry.keyId === null ? line`` : line`  ${clean(entry.keyId)} ${clean(entry.keyName ?? '')}`;
  const loud = entry.action === 'incident.reopened';
  const words = clean(entryWords(entry));
  const what = loud ? style.danger(line`${style.sign.danger} ${words}`) : style.strong(words);
  const first = line`${clean(moment(entry.at))}  ${what}${key}  ${style.muted(line`by ${clean(entryActor(entry))} · ${entry.seq}`)}`;
  const below = [entryReason(entry), correctionOf(entry)].filter((text) => text !== null);
  const room =
    view.unbounded === true ? Number.POSITIVE_INFINITY : Math.max(20, view.columns - indent.length);
  const lines = [first, ...below.map((text) => line`${clean(text)}`)];
  if (room === Number.POSITIVE_INFINITY)
    return lines.map((each, at) => (at === 0 ? each : line`${clean(indent)}${each}`));
  return lines
    .flatMap((each) => wrap(each, room))
    .map((each, at) => (at === 0 ? each : line`${clean(indent)}${each}`));
}

const indent = '    ';

function correctionOf({ correction, loggedAt }: TimelineEntry): string | null {
  return correction === null
    ? null
    : `logged ${moment(loggedAt)}, corrected by ${correction.by}: ${correction.reason}`;
}

/** `2026-08-20 03:12:09Z`. */
function moment(stored: string): string {
  const iso = isoTime(stored);
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
}

function headingMarkdown({ incidentId, title }: TimelineOf): MarkdownText {
  return markdown`# ${escapeMarkdown(incidentId)}: ${escapeMarkdown(title)}

| Time (UTC) | What | Key | Who | Why | Audit |
|---|---|---|---|---|---|`;
}

function rowMarkdown(entry: TimelineEntry): MarkdownText {
  const why = [entryReason(entry), correctionOf(entry)].filter((text) => text !== null).join('; ');
  const cells = [
    moment(entry.at),
    entryWords(entry),
    entry.keyId ?? '',
    entryActor(entry),
    why,
    String(entry.seq),
  ];
  return markdown`| ${joinMarkdown(' | ' as MarkdownText, cells.map(escapeMarkdown))} |`;
}

function entryJson(entry: TimelineEntry): Record<string, Json> {
  return {
    seq: entry.seq,
    at: isoTime(entry.at),
    logged_at: isoTime(entry.loggedAt),
    action: entry.action,
    what: entryWords(entry),
    key_id: entry.keyId,
    key_name: entry.keyName,
    reason: entry.reason,
    actor_db: entry.actorDb,
    actor_os: entry.actorOs,
    actor_claimed: entry.actorClaimed,
    host: entry.host,
    operation_id: entry.operationId,
    correction_reason: entry.correction?.reason ?? null,
    corrected_by: entry.correction?.by ?? null,
    corrected_at: entry.correction === null ? null : isoTime(entry.correction.at),
    details: entry.details as Record<string, Json>,
  };
}
