import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import type { TimelineEntry } from '../../db/reads/incident-timeline.js';
import { isoTime } from '../../domain/stored-time.js';
import { type Cell, type Part, paragraph, type Section, table } from '../report/document.js';
import { minute, number } from '../report/figures.js';
import { entryActor, entryReason, entryWords } from './timeline-entry.js';

/** How many rows a table of a report has at most; what is more stands in the bundle. */
const mostRows = 60;

function cut<T>(all: readonly T[], heading: readonly string[], cells: (each: T) => readonly Cell[]): Part[] {
  const left = all.length - mostRows;
  const rows = all.slice(0, mostRows).map(cells);
  return [table(heading, rows), ...(left > 0 ? [paragraph(`and ${number(left)} more`)] : [])];
}

const usableStates = ['active', 'retiring', 'suspended'];

export function keySection({ detail }: IncidentReport): Section {
  if (detail.keys.length === 0) return { title: 'Keys', parts: [paragraph('No key is linked to it.')] };
  const headings = [
    'Key',
    'Name',
    '>Version',
    'Status',
    'Owner',
    'Dead since',
    '>Refused since',
    '>Let in since',
  ];
  const letIn = (count: number): Cell =>
    count === 0 ? '0' : { verdict: 'critical', text: `▲ ${number(count)}` };
  return {
    title: 'Keys',
    parts: cut(detail.keys, headings, (key) => [
      { whole: key.key_id },
      ...[key.name, String(key.version)],
      { verdict: usableStates.includes(key.status) ? 'warning' : 'muted', text: key.status },
      key.owner ?? '–',
      key.dead_since === null ? 'not dead' : { whole: minute(key.dead_since) },
      number(key.refused),
      letIn(key.accepted),
    ]),
  };
}

export function attemptSection({ detail }: IncidentReport): Section {
  const headings = ['', 'Key', 'Address', '>Requests', 'First', 'Last'];
  return {
    title: 'Attempts with its dead keys',
    parts:
      detail.attempts.length === 0
        ? [paragraph('None were seen in the usage that has been brought in.')]
        : cut(detail.attempts, headings, (each) => [
            each.accepted ? { verdict: 'critical', text: '▲ let in' } : { verdict: 'ok', text: '✓ refused' },
            { whole: each.key_id },
            ...[each.ip === '' ? 'unknown' : each.ip, number(each.requests)],
            ...[{ whole: minute(each.first_at) }, { whole: minute(each.last_at) }],
          ]),
  };
}

export function findingSection({ findings }: IncidentReport): Section {
  const iso = (ms: number) => minute(new Date(ms).toISOString());
  return {
    title: 'What the detectors saw',
    parts:
      findings.length === 0
        ? [paragraph('No finding is about it or its keys in its time.')]
        : [
            paragraph(
              'keyctl audit findings show FINDING prints its numbers, and the SQL that counts them again.',
            ),
            ...cut(
              findings,
              ['Since', 'Severity', 'Detector', 'About', 'What', 'State', 'Finding'],
              (each) => [
                ...[{ whole: iso(each.onsetAt) }, each.severity, { whole: each.detector }],
                each.keyId === null ? (each.ip ?? '–') : { whole: each.keyId },
                ...[each.evidence.summary, each.status],
                { whole: each.findingId },
              ],
            ),
          ],
  };
}

export function timelineSection({ timeline }: IncidentReport): Section {
  const { first, last, between } = timeline;
  const headings = ['Time (UTC)', 'What', 'Key', 'Who', 'Why', '>Audit'];
  return {
    title: 'Timeline',
    parts: [
      paragraph(
        'From the audit log; the last column is its row there. A corrected time is shown with the logged one.',
      ),
      table(headings, first.map(entryCells)),
      ...(between > 0 ? [paragraph(`${number(between)} rows are left out here.`)] : []),
      ...(last.length > 0 ? [table(headings, last.map(entryCells))] : []),
    ],
  };
}

function entryCells(entry: TimelineEntry): Cell[] {
  const { correction } = entry;
  const corrected =
    correction === null
      ? []
      : [`logged ${second(entry.loggedAt)}, corrected by ${correction.by}: ${correction.reason}`];
  const why = [entryReason(entry), ...corrected].filter((text) => text !== null).join('; ');
  return [
    ...[{ whole: second(entry.at) }, entryWords(entry), { whole: entry.keyId ?? '' }, entryActor(entry)],
    ...[why, String(entry.seq)],
  ];
}

/** `2026-08-20 03:12:09Z`. */
function second(stored: string): string {
  const iso = isoTime(stored);
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
}

export function workSections({ detail, row }: IncidentReport): Section[] {
  const steps = cut(detail.steps, ['Step', 'State', 'By', 'Finished', 'Reason'], (step) => [
    ...[step.step, step.state, step.finished_by ?? step.taken_by],
    ...[step.finished_at === null ? '' : minute(step.finished_at), step.reason ?? ''],
  ]);
  const followUps = cut(detail.follow_ups, ['', 'Due', 'Owner', 'What', 'Id'], (each) => [
    each.done_at !== null
      ? { verdict: 'ok', text: '✓ done' }
      : each.overdue
        ? { verdict: 'critical', text: '▲ overdue' }
        : { verdict: 'muted', text: '· open' },
    ...[each.due_on, each.owner, each.title, each.follow_up_id],
  ]);
  const links = cut(detail.links, ['Page', 'Title'], ({ url, title }) => [url, title ?? '']);
  return [
    ...(detail.steps.length === 0
      ? []
      : [{ title: `Walkthrough: ${row.playbook_name ?? ''}`, parts: steps }]),
    ...(detail.follow_ups.length === 0 ? [] : [{ title: 'Follow-ups', parts: followUps }]),
    ...(detail.links.length === 0 ? [] : [{ title: 'Links', parts: links }]),
  ];
}
