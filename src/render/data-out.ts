import type { DataOut, JudgedHour } from '../actions/read-data-out.js';
import type { EndpointOut } from '../db/reads/data-out.js';
import { farAboveFrom, type Usual } from '../domain/usual.js';
import { byteSize, counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { shortTime } from './short-time.js';
import { sparkline } from './sparkline.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';
import { scopeName, scopeText } from './usage-scope.js';

/** So many hours and endpoints a person reads; programs get all. */
const readable = 10;

/** `audit exfil`; rows of ndjson and csv are hours. */
export const dataOut: Renderer<DataOut> = {
  text: dataOutText,
  json: (value) => ({
    key_id: value.scope.key?.key.id ?? null,
    since: value.window.since,
    until: value.window.until,
    as_of: value.asOf,
    history_since: value.history.since,
    usual_bytes: usualRecord(value.usualBytes),
    usual_objects: usualRecord(value.usualObjects),
    hours: value.hours.map(hourRecord),
    endpoints: value.endpoints.map(endpointRecord),
  }),
  records: (value) => value.hours.map(hourRecord),
  columns: ['hour', 'requests', 'bytes', 'objects', 'far_above'],
};

function usualRecord(usual: Usual | null): Json {
  return usual === null ? null : { ...usual, far_above_from: farAboveFrom(usual) };
}

function hourRecord({ hour, requests, bytes, objects, farAbove }: JudgedHour): Record<string, Json> {
  return { hour, requests, bytes, objects, far_above: farAbove };
}

function endpointRecord(each: EndpointOut): Record<string, Json> {
  const { endpoint, requests, bytes, objects, largest, known, series } = each;
  return { endpoint, requests, bytes, objects, largest_bytes: largest, new: !known, bytes_series: series };
}

function dataOutText(value: DataOut, view: View): Safe {
  const { style } = view;
  const { since, until } = value.window;
  const reach =
    value.asOf === null ? line`no usage was ever brought in` : line`log as of ${clean(value.asOf)}`;
  const heading = [
    scopeText(value.scope, view),
    style.muted(line`since ${shortTime(since)} until ${shortTime(until)} · ${reach}`),
  ];
  if (value.hours.length === 0)
    return joinLines([...heading, line`no request of ${scopeName(value.scope)} in this time`]);
  return joinLines([
    ...heading,
    ...seriesLines(value, view),
    ...hourLines(value, view),
    ...endpointLines(value, view),
  ]);
}

/** The whole window in one line each, as wide as the terminal takes. */
function seriesLines({ hours, window, usualBytes, usualObjects }: DataOut, view: View): Safe[] {
  const spark = (of: (hour: JudgedHour) => number) => sparkline(series(hours, window, of), view.style);
  const against = (usual: Usual | null, shown: (value: number) => Safe) =>
    usual === null ? line`no history to compare with` : line`usual ${shown(usual.median)} an hour`;
  const sum = (of: (hour: JudgedHour) => number) => hours.reduce((all, each) => all + of(each), 0);
  const bytes = (each: JudgedHour) => each.bytes;
  const objects = (each: JudgedHour) => each.objects;
  const lines = [line`bytes    ${spark(bytes)}  ${byteSize(sum(bytes))}, ${against(usualBytes, byteSize)}`];
  // Distinct in each hour: their sum would count an object again and again.
  if (sum(objects) > 0)
    lines.push(
      line`objects  ${spark(objects)}  at most ${grouped(Math.max(...hours.map(objects)))} in an hour, ${against(usualObjects, (n) => grouped(Math.round(n)))}`,
    );
  return lines;
}

const mostColumns = 48;

function series(
  hours: readonly JudgedHour[],
  window: DataOut['window'],
  of: (hour: JudgedHour) => number,
): number[] {
  const from = Date.parse(window.since);
  const length = Date.parse(window.until) - from;
  const columns = Math.max(1, Math.min(mostColumns, Math.ceil(length / 3_600_000)));
  const values = new Array<number>(columns).fill(0);
  for (const hour of hours) {
    const at = Math.max(
      0,
      Math.min(columns - 1, Math.floor(((Date.parse(hour.hour) - from) / length) * columns)),
    );
    values[at] = (values[at] ?? 0) + of(hour);
  }
  return values;
}

function hourLines({ hours, usualBytes, usualObjects }: DataOut, view: View): Safe[] {
  const { style } = view;
  if (usualBytes === null && usualObjects === null) return [];
  const above = hours
    .filter(({ farAbove }) => farAbove)
    .toSorted((a, b) => b.bytes - a.bytes || b.objects - a.objects);
  if (above.length === 0)
    return [style.ok(line`${style.sign.ok} no hour is far above the four weeks before`)];
  const shown = view.unbounded === true ? above : above.slice(0, readable);
  const is = above.length === 1 ? line`is` : line`are`;
  return [
    style.danger(
      line`${style.sign.danger} ${counted(above.length, 'hour')} ${is} far above the four weeks before:`,
    ),
    tableText(hourColumns(usualBytes), shown, view),
    ...left(above.length - shown.length, view),
  ];
}

function hourColumns(usualBytes: Usual | null): readonly Column<JudgedHour>[] {
  const times = ({ bytes }: JudgedHour): Safe =>
    usualBytes === null || usualBytes.median === 0
      ? line`-`
      : line`${grouped(Math.round(bytes / usualBytes.median))}x`;
  return [
    { heading: line`HOUR`, cell: ({ hour }) => shortTime(hour) },
    { heading: line`BYTES`, cell: ({ bytes }) => byteSize(bytes), align: 'right' },
    { heading: line`USUAL`, cell: times, align: 'right' },
    { heading: line`OBJECTS`, cell: ({ objects }) => grouped(objects), align: 'right' },
    { heading: line`REQUESTS`, cell: ({ requests }) => grouped(requests), align: 'right' },
  ];
}

function endpointLines({ endpoints }: DataOut, view: View): Safe[] {
  const shown = view.unbounded === true ? endpoints : endpoints.slice(0, readable);
  const columns: readonly Column<EndpointOut>[] = [
    { heading: line`ENDPOINT`, cell: ({ endpoint }) => clean(endpoint ?? '(none)'), shrinks: true },
    { heading: line``, cell: ({ known }) => (known ? line`` : view.style.warning(line`new`)) },
    { heading: line`BYTES`, cell: ({ bytes }) => byteSize(bytes), align: 'right' },
    { heading: line`LARGEST`, cell: ({ largest }) => byteSize(largest), align: 'right' },
    { heading: line`OBJECTS`, cell: ({ objects }) => grouped(objects), align: 'right' },
    { heading: line`REQUESTS`, cell: ({ requests }) => grouped(requests), align: 'right' },
    { heading: line`BYTES OVER TIME`, cell: (each) => sparkline(each.series, view.style) },
  ];
  return [tableText(columns, shown, view), ...left(endpoints.length - shown.length, view)];
}

function left(count: number, view: View): Safe[] {
  return count <= 0 ? [] : [view.style.muted(line`(${grouped(count)} more: --json)`)];
}
