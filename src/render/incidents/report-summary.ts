import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import { isoTime } from '../../domain/stored-time.js';
import { byteSize, counted } from '../numbers.js';
import { type Cell, paragraph, type Section, table } from '../report/document.js';
import { minute, number, span } from '../report/figures.js';
import { gapsOf } from './report-gaps.js';

/** For who reads nothing else: what happened, how it was answered, what it touched, what it came from. From facts alone. */
export function summarySection(report: IncidentReport): Section {
  const texts = [whatHappened(report), howAnswered(report), whatTouched(report), afterDeath(report)];
  return {
    title: 'Summary',
    parts: [
      ...texts.filter((text) => text !== '').map(paragraph),
      table(['What people found', ''], causeRows(report)),
    ],
  };
}

/** What is not in it, so that nobody takes silence for an answer. */
export function gapSection(report: IncidentReport): Section {
  const gaps = gapsOf(report);
  const rows = gaps.map(({ gap, command }) => [
    { verdict: 'warning' as const, text: '● gap' },
    gap,
    command === null ? '' : { command },
  ]);
  return {
    title: 'What is missing',
    parts: [
      gaps.length === 0 ? paragraph('Nothing that keyctl asks for.') : table(['', 'What', 'Filled by'], rows),
    ],
  };
}

function whatHappened({ row }: IncidentReport): string {
  const reopened =
    row.reopened_at === null
      ? ''
      : ` It was reopened ${minute(row.reopened_at)}, because a dead key was let in.`;
  const lead = row.lead === null ? '' : ` ${row.lead} ${row.state === 'closed' ? 'led' : 'leads'} it.`;
  return `A ${row.severity} incident of type ${row.type}, detected ${minute(row.detected_at)} and opened ${minute(row.opened_at)} by ${row.opened_by}; now ${row.state}.${reopened}${lead}`;
}

function howAnswered({ row }: IncidentReport): string {
  const from = row.reopened_at ?? row.detected_at;
  const told = (verb: string, at: string | null) =>
    at === null ? [] : [`${verb} after ${span(secondsBetween(from, at))}`];
  const phases = [
    ...told('acknowledged', row.acknowledged_at),
    ...told('contained', row.contained_at),
    ...told('investigated', row.investigated_at),
    ...told('recovered', row.recovered_at),
    ...told('closed', row.closed_at),
  ];
  const since = row.reopened_at === null ? 'its detection' : 'it was reopened';
  return phases.length === 0
    ? ''
    : `Counted from when ${since === 'its detection' ? 'it was detected' : since}: ${phases.join(', ')}.`;
}

function whatTouched({ row, usage, window, keys }: IncidentReport): string {
  const { total, ips, endpoints } = usage;
  const dead = `${counted(row.keys, 'key')} ${row.keys === 1 ? 'belongs' : 'belong'} to it, ${number(row.keys_dead)} dead and ${number(row.keys_usable)} usable.`;
  if (keys.length === 0) return 'No key is linked to it, so it is not known what it touched.';
  if (total.requests === 0)
    return `${dead} No request of theirs is on record from ${minute(window.since)} to ${minute(window.until)}.`;
  return (
    `${dead} From ${minute(window.since)} to ${minute(window.until)} ${row.keys === 1 ? 'it' : 'they'} sent ${counted(total.requests, 'request')} from ` +
    `${counted(ips.distinct, 'address')} to ${counted(endpoints.distinct, 'endpoint')}, ${number(total.sinceDetection)} of them at ` +
    `the detection or later; ${number(total.errors)} got an error, ${number(total.refused)} of these were refused. ${byteSize(total.bytes)} went out.`
  );
}

function afterDeath({ row }: IncidentReport): string {
  if (row.refused_attempts + row.accepted_attempts === 0) return '';
  const letIn =
    row.accepted_attempts === 0 ? 'none was let in' : `${number(row.accepted_attempts)} WERE LET IN`;
  return `Its dead keys were tried again: ${counted(row.refused_attempts, 'attempt')} refused, ${letIn}.`;
}

/** What people wrote: a line of it can begin with anything, and stands in its own cell. */
function causeRows({ row }: IncidentReport): Cell[][] {
  const said = (label: string, text: string | null): Cell[][] => {
    const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0) return [[label, { verdict: 'warning', text: '● not recorded' }]];
    return lines.map((line, at) => [at === 0 ? label : '', line]);
  };
  return [...said('Root cause', row.root_cause), ...said('Lessons', row.lessons)];
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(isoTime(to)) - Date.parse(isoTime(from))) / 1000;
}
