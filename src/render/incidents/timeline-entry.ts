import type { TimelineEntry } from '../../db/reads/incident-timeline.js';
import { isoTime } from '../../domain/stored-time.js';

/**
 * What happened, in words, as raw text: names, notes and addresses in it come from outside, and whoever shows it cleans it for
 * where it is shown. The reason is not in it, but where the row is nothing else.
 */
export function entryWords(entry: TimelineEntry): string {
  const { action, details } = entry;
  const words = incidentWords[action]?.(entry, (name) => textOf(details[name]));
  if (words !== undefined) return words;
  const [noun = '', verb = ''] = action.split('.');
  const what = verb.replaceAll('_', ' ');
  if (noun === 'ip') return `${textOf(details.cidr)} ${what}`;
  if (noun === 'key') return `key ${what}`;
  return `${noun} ${what}`;
}

/** By whom: the login is known for sure, the rest was said by the machine or claimed. */
export function entryActor({ actorDb, actorOs, actorClaimed }: TimelineEntry): string {
  const said = [
    ...(actorOs === null ? [] : [actorOs]),
    ...(actorClaimed === null ? [] : [`claims to be ${actorClaimed}`]),
  ];
  return said.length === 0 ? actorDb : `${actorDb} (${said.join('; ')})`;
}

/** What else there is to read: the note, the reason, the title of a page. */
export function entryReason({ action, reason, details }: TimelineEntry): string | null {
  return silent.includes(action) || details.by_itself === true ? null : reason;
}

/** Their words say what their reason column holds. */
const silent = [
  ...['incident.opened', 'incident.step_taken', 'incident.step_taken_over', 'incident.step_finished'],
  ...['incident.playbook_set', 'incident.follow_up_added', 'incident.follow_up_done'],
];

type Words = (entry: TimelineEntry, detail: (name: string) => string) => string;

const incidentWords: Readonly<Record<string, Words>> = {
  'incident.opened': (_entry, detail) =>
    `opened: ${detail('title')} (${detail('severity')} ${detail('type')})`,
  'incident.acknowledged': () => 'acknowledged',
  'incident.assigned': (_entry, detail) => `led by ${detail('lead') || 'nobody'}`,
  'incident.noted': () => 'noted',
  'incident.key_linked': ({ details }) =>
    details.containment_undone === true
      ? 'key linked: usable, so it is not contained any more'
      : 'key linked',
  'incident.url_linked': (_entry, detail) => `linked to ${detail('url')}`,
  'incident.changed': ({ details }) => `changed ${changesOf(details)}`,
  'incident.contained': ({ details }) =>
    details.by_itself === true ? 'contained: the last usable key is dead' : 'contained',
  'incident.investigated': () => 'root cause found',
  'incident.recovering': () => 'recovery begun',
  'incident.recovered': () => 'recovered',
  'incident.reviewed': () => 'reviewed',
  'incident.closed': ({ details }) =>
    details.override === null ? 'closed' : 'closed, although something was left',
  'incident.reopened': (_entry, detail) =>
    `REOPENED: ${detail('requests')} requests let in from ${detail('ips') || 'an unknown address'}`,
  'incident.attempts_seen': ({ details }, detail) => {
    const more = Number(details.new_ip_count) > 20 ? ` and ${Number(details.new_ip_count) - 20} more` : '';
    const letIn = Number(details.accepted) > 0 ? `${detail('accepted')} requests LET IN, ` : '';
    return `used after its death: ${letIn}${detail('refused')} refused, new from ${detail('new_ips')}${more}`;
  },
  'incident.bundled': (_entry, detail) =>
    `evidence sealed: ${detail('events')} events, audit ${detail('first_seq')} to ${detail('last_seq')}, sha256 ${detail('sha256')}`,
  'incident.playbook_set': (_entry, detail) => `walkthrough ${detail('name')} begun`,
  'incident.step_taken': (_entry, detail) => `step ${detail('step')} begun`,
  'incident.step_taken_over': ({ details }, detail) => {
    const { from } = details as { from?: { taken_by?: unknown } };
    return `step ${detail('step')} taken over from ${textOf(from?.taken_by)}`;
  },
  'incident.step_finished': (_entry, detail) => `step ${detail('step')} done`,
  'incident.step_skipped': (_entry, detail) => `step ${detail('step')} skipped`,
  'incident.time_corrected': (_entry, detail) =>
    `time of ${detail('corrected_seq')} (${detail('action')}) corrected: ${time(detail('at'))}, not ${time(detail('at_before'))}`,
  'incident.follow_up_added': (_entry, detail) =>
    `follow-up for ${detail('owner')} until ${detail('due_on')}: ${detail('title')}`,
  'incident.follow_up_done': ({ reason }) => `follow-up done: ${reason ?? ''}`,
};

function changesOf(details: TimelineEntry['details']): string {
  const { before, after } = details as Record<string, Record<string, unknown> | undefined>;
  return Object.entries(after ?? {})
    .map(([name, value]) => `${name.replace('_at', '')} ${textOf(before?.[name])} → ${textOf(value)}`)
    .join(', ');
}

/** A time that somebody made unreadable is shown as it is. */
function time(text: string): string {
  try {
    return isoTime(text);
  } catch {
    return text;
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.map(String).join(', ') : String(value);
}
