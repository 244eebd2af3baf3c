import type { Anomalies } from '../actions/detect/find-anomalies.js';
import type { Responses } from '../actions/detect/respond.js';
import type { KeyRisk } from '../domain/detect/anomaly-list.js';
import { formatDuration } from '../domain/duration.js';
import { addressLines, keyLines, more, readableKeys } from './anomaly-lines.js';
import { anomalyColumns, anomalyRecord } from './finding-record.js';
import { wrap } from './layout.js';
import { counted } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { responseLines, responseRecords } from './responses.js';
import { shortTime } from './short-time.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** What `audit anomalies` shows: the findings, and what was done about them (null: nobody asked for it). */
export interface ShownAnomalies {
  readonly anomalies: Anomalies;
  readonly responses: Responses | null;
  /** What suggested lines begin with: `keyctl --demo`. */
  readonly program: Safe;
}

/** `audit anomalies`; rows of ndjson and csv are findings. */
export const anomalyReport: Renderer<ShownAnomalies> = {
  text: reportText,
  json: ({ anomalies, responses }) => ({
    findings: anomalies.findings.map(anomalyRecord),
    keys: anomalies.keys.map(keyRecord),
    alert_budget_per_day: Number(anomalies.alertBudgetPerDay.toFixed(3)),
    as_of: anomalies.asOf,
    ...(responses === null ? {} : { responses: responseRecords(responses) }),
  }),
  records: ({ anomalies }) => anomalies.findings.map(anomalyRecord),
  columns: anomalyColumns,
  ids: ({ anomalies }) => anomalies.findings.map(({ findingId }) => findingId),
};

function keyRecord(key: KeyRisk): Record<string, Json> {
  return {
    key_id: key.keyId,
    external_id: key.externalId,
    risk: key.risk,
    severity: key.severity,
    families: key.families as Record<string, number>,
  };
}

function reportText(shown: ShownAnomalies, view: View): Safe {
  const { anomalies, responses } = shown;
  const keys = view.unbounded === true ? anomalies.keys : anomalies.keys.slice(0, readableKeys);
  const lines = [
    headingText(anomalies, view),
    ...noteLines(anomalies, view),
    ...keys.flatMap((key) => [line``, ...keyLines(key, anomalies, view)]),
    ...more(anomalies.keys.length - keys.length, 'key', view),
    ...addressLines(anomalies, view),
    ...(responses === null ? [] : [line``, ...responseLines(responses, view)]),
    ...footer(shown, view),
  ];
  return joinLines(lines);
}

function headingText(anomalies: Anomalies, view: View): Safe {
  const { style } = view;
  const { where, asOf, replay, since, until, alertBudgetPerDay: budget, alerts, alertDays } = anomalies;
  const reach = asOf === null ? line`no usage was ever brought in` : line`log as of ${clean(asOf)}`;
  const perDay = clean(String(Number(budget.toFixed(2))));
  const used = replay
    ? line`budget ${perDay} alerts a day: ${alerts} in ${clean(formatDuration(Math.round(alertDays * 86_400)))}`
    : line`budget ${perDay} alerts a day: ${alerts} in 24 h`;
  const span = replay ? line`replay ${shortTime(since)} to ${shortTime(until)} · ` : line``;
  const found =
    anomalies.findings.length === 0
      ? style.ok(line`${style.sign.ok} nothing unusual`)
      : line`${counted(anomalies.findings.length, 'finding')} about ${counted(anomalies.keys.length, 'key')}`;
  return joinLines([
    ...wrap(line`${found} in ${clean(where)}`, view.columns),
    ...wrap(line`${span}${reach} · ${used}`, view.columns).map((part) => style.muted(part)),
  ]);
}

function noteLines({ notKept, rollup, replay, conservative }: Anomalies, view: View): Safe[] {
  const notes: Safe[] = [];
  if (conservative !== null) notes.push(line`thresholds are conservative: ${clean(conservative)}`);
  if (notKept === 'replay')
    notes.push(line`a replay keeps nothing: "told" is when it would have been raised`);
  if (notKept === 'dry_run') notes.push(line`a dry run: nothing was rolled up, and no finding is kept`);
  if (notKept === 'not_allowed')
    notes.push(line`findings are not kept: that takes keyctl_operator (keyctl help roles)`);
  if (rollup === null && !replay && notKept !== 'dry_run')
    notes.push(line`rollups and baselines are as they were: bringing them up to date takes keyctl_operator`);
  return notes.flatMap((note) => wrap(note, view.columns)).map((part) => view.style.muted(part));
}

function footer({ anomalies, program }: ShownAnomalies, { style }: View): Safe[] {
  const [first] = anomalies.findings;
  if (first === undefined || anomalies.notKept !== null) return [];
  const id = clean(first.findingId);
  return [
    line``,
    style.muted(line`evidence and query   ${program} audit findings show ${id}`),
    style.muted(line`somebody is on it    ${program} audit findings ack ${id}`),
  ];
}
