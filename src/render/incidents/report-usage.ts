import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import type { IncidentUsage } from '../../db/reads/incident-usage.js';
import { isoTime } from '../../domain/stored-time.js';
import { byteSize } from '../numbers.js';
import {
  type BarPlot,
  type Cell,
  type Part,
  paragraph,
  type RowPlot,
  type Section,
  table,
} from '../report/document.js';
import { minute, number } from '../report/figures.js';

type Counts = IncidentUsage['ips']['top'];

/** Requests and errors around the leak: over time, by address, by endpoint, by agent. */
export function usageSection(report: IncidentReport): Section {
  const { usage, window, asOf, keys } = report;
  const title = 'Requests of its keys';
  if (keys.length === 0) return { title, parts: [paragraph('No key is linked to it.')] };
  const reach =
    asOf === null
      ? 'No usage has been brought in yet.'
      : `From ${minute(window.since)} to ${minute(window.until)}; usage has been brought in up to ${minute(asOf)}.`;
  if (usage.total.requests === 0) return { title, parts: [paragraph(`${reach} No request is on record.`)] };
  return {
    title,
    parts: [
      paragraph(reach),
      timePlot(report),
      timePlot(report, 'errors'),
      topPlot('Addresses', usage.ips),
      topPlot('Endpoints', usage.endpoints),
      ...topTable('Address', usage.ips),
      ...topTable('Endpoint', usage.endpoints),
      ...topTable('User agent', usage.agents),
    ],
  };
}

function timePlot({ steps, usage, row, findings }: IncidentReport, only?: 'errors'): BarPlot {
  const byStart = new Map(usage.parts.map((part) => [Date.parse(isoTime(part.at)), part]));
  const counts = steps.starts.map((start) => byStart.get(Date.parse(start)));
  const { seconds } = steps;
  const label = (start: string) =>
    seconds >= 86_400 ? start.slice(5, 10) : `${start.slice(8, 10)}. ${start.slice(11, 16)}`;
  const per = `in ${stepText(seconds)}`;
  const [first] = findings;
  const firstSign = first === undefined ? null : new Date(first.onsetAt).toISOString();
  const errors = {
    name: 'errors',
    tone: 'critical' as const,
    values: counts.map((each) => each?.errors ?? 0),
  };
  const good = counts.map((each) => (each?.requests ?? 0) - (each?.errors ?? 0));
  return {
    kind: 'plot',
    title: only === undefined ? `Requests ${per}` : `Errors ${per}`,
    labels: steps.starts.map(label),
    series: only === undefined ? [{ name: 'answered', tone: 'muted', values: good }, errors] : [errors],
    marks: [
      ...markAt(steps, firstSign, 'first sign'),
      ...markAt(steps, isoTime(row.detected_at), 'detected'),
      ...markAt(steps, isoTime(row.contained_at), 'contained'),
    ],
  };
}

function stepText(seconds: number): string {
  if (seconds < 3600) return `${seconds / 60} minutes`;
  if (seconds < 86_400) return seconds === 3600 ? 'an hour' : `${seconds / 3600} hours`;
  return seconds === 86_400 ? 'a day' : `${seconds / 86_400} days`;
}

/** Over the part that the moment is in; none outside the window. */
function markAt({ starts, seconds }: IncidentReport['steps'], moment: string | null, text: string) {
  if (moment === null) return [];
  const at = starts.findLastIndex((start) => Date.parse(start) <= Date.parse(moment));
  const end = Date.parse(starts[at] ?? '') + seconds * 1000;
  return at >= 0 && Date.parse(moment) < end ? [{ at, text }] : [];
}

function topPlot(title: string, { top, distinct }: IncidentUsage['ips']): RowPlot {
  const shown = top.slice(0, 8);
  return {
    kind: 'rows',
    title: distinct > shown.length ? `${title}, ${shown.length} of ${number(distinct)}` : title,
    labels: shown.map(({ value }) => value ?? 'not said'),
    texts: shown.map(({ requests }) => number(requests)),
    series: [
      { name: 'answered', tone: 'muted', values: shown.map(({ requests, errors }) => requests - errors) },
      { name: 'errors', tone: 'critical', values: shown.map(({ errors }) => errors) },
    ],
    limit: null,
  };
}

function topTable(
  heading: string,
  { top, distinct }: { readonly top: Counts; readonly distinct: number },
): Part[] {
  const rows = top.map((each): Cell[] => [
    each.value ?? 'not said',
    ...[each.requests, each.sinceDetection, each.errors, each.refused].map(number),
    byteSize(each.bytes),
    each.firstAt === null ? '' : { whole: minute(each.firstAt) },
    each.lastAt === null ? '' : { whole: minute(each.lastAt) },
  ]);
  const left = distinct - top.length;
  const headings = [
    heading,
    '>Requests',
    '>Since detection',
    '>Errors',
    '>Refused',
    '>Bytes',
    'First',
    'Last',
  ];
  return [table(headings, rows), ...(left > 0 ? [paragraph(`and ${number(left)} more`)] : [])];
}
