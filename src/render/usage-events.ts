import type { UsageScope } from '../actions/usage-scope.js';
import type { UsageEvent } from '../db/reads/usage-events.js';
import { isoTime } from '../domain/stored-time.js';
import { fit, padEnd, padStart } from './layout.js';
import type { Json, RowRenderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';
import { scopeJson, scopeName } from './usage-scope.js';

export interface EventList {
  readonly scope: UsageScope;
  readonly since: string | null;
  readonly until: string | null;
  readonly asOf: string | null;
}

/** `audit usage` without --by: one request a row, newest first. */
export function usageEvents(list: EventList): RowRenderer<UsageEvent> {
  const { scope, since, until, asOf } = list;
  const several = scope.rows === null || scope.rows.length > 1;
  return {
    plural: 'events',
    about: { ...scopeJson(scope), since, until, as_of: asOf },
    columns: [
      ...['ts', 'key_id', 'id', 'key_version', 'method', 'endpoint', 'object', 'feature', 'status', 'ip'],
      ...['user_agent', 'bytes', 'latency_ms', 'tokens', 'cost_usd', 'model', 'request_id'],
    ],
    page: (events, view) => tableText(columns(several, view), events, view),
    json: eventJson,
    id: (event) => event.id,
    nothing: line`no request of ${scopeName(scope)}${inTime(list)} in ${clean(scope.where)}`,
  };
}

/** The same for `--follow`: lines without a heading, in columns of fixed widths, since nobody knows what is to come. */
export function followedEvents(list: EventList): RowRenderer<UsageEvent> {
  const events = usageEvents(list);
  const several = list.scope.rows === null || list.scope.rows.length > 1;
  return {
    ...events,
    page: (rows, view) => joinLines(rows.map((event) => followedLine(event, several, view))),
    nothing: line``,
  };
}

function eventJson(event: UsageEvent): Record<string, Json> {
  return {
    ts: isoTime(event.ts),
    key_id: event.keyId,
    id: event.id,
    key_version: event.keyVersion,
    method: event.method,
    endpoint: event.endpoint,
    object: event.object,
    feature: event.feature,
    status: event.status,
    ip: event.ip,
    user_agent: event.userAgent,
    bytes: event.bytes,
    latency_ms: event.latencyMs,
    tokens: event.tokens,
    cost_usd: event.costUsd,
    model: event.model,
    request_id: event.requestId,
  };
}

function inTime({ since, until }: EventList): Safe {
  return since === null && until === null ? line`` : line` in this time`;
}

function columns(several: boolean, view: View): readonly Column<UsageEvent>[] {
  const key: Column<UsageEvent> = { heading: line`KEY`, cell: (event) => clean(event.keyId) };
  const agent: Column<UsageEvent> = {
    heading: line`AGENT`,
    cell: (event) => clean(event.userAgent ?? ''),
    shrinks: true,
  };
  return [
    { heading: line`TIME`, cell: timeText },
    ...(several ? [key] : []),
    { heading: line`CODE`, cell: statusText, align: 'right' },
    { heading: line`FROM`, cell: (event) => clean(event.ip ?? ''), shrinks: true },
    { heading: line`REQUEST`, cell: requestText, shrinks: true },
    // Beside a key's id, 80 columns hold an address and a request, or three stumps.
    ...(several && view.columns < 100 && view.unbounded !== true ? [] : [agent]),
  ];
}

function followedLine(event: UsageEvent, several: boolean, view: View): Safe {
  const key = several ? line`${clean(event.keyId)}  ` : line``;
  const status = padStart(statusText(event, view), 3);
  const from = padEnd(clean(event.ip ?? ''), 15);
  const text = line`${timeText(event)}  ${key}${status}  ${from}  ${requestText(event)}  ${clean(event.userAgent ?? '')}`;
  return view.unbounded === true ? text : fit(text, view.columns, view.style.glyph.ellipsis);
}

function timeText(event: UsageEvent): Safe {
  return clean(`${isoTime(event.ts).slice(0, 19)}Z`);
}

function statusText({ status }: UsageEvent, { style }: View): Safe {
  if (status === null) return clean('');
  return status >= 400 ? style.warning(line`${status}`) : line`${status}`;
}

function requestText({ method, endpoint }: UsageEvent): Safe {
  return line`${clean(method ?? '')}${clean(method === null ? '' : ' ')}${clean(endpoint ?? '')}`;
}
