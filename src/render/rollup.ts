import type { Rollup } from '../actions/roll-up.js';
import type { BudgetAlert, BudgetSuspension } from '../db/kernel-rollup.js';
import { isoTime } from '../domain/stored-time.js';
import { newsRecord } from './incidents/incident-news.js';
import { counted, dollars, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `audit rollup`. */
export const rollup: Renderer<Rollup> = {
  text: (value, view) =>
    joinLines([
      doneText(value, view),
      ...reachText(value),
      ...(value.baselines === 0 ? [] : [line`  ${counted(value.baselines, 'baseline')} made anew`]),
      ...value.suspended.map((each) => suspensionText(each, view)),
      ...value.alerts.map((each) => alertText(each, view)),
    ]),
  json: (value) => ({
    operation_id: value.operationId,
    hours: value.hours,
    baselines: value.baselines,
    as_of: value.asOf,
    rolled_until: value.rolledUntil,
    queued_hours: value.queuedHours,
    suspended: value.suspended.map(suspensionRecord),
    alerts: value.alerts.map(alertRecord),
    ...newsRecord(value.incidents),
  }),
};

function suspensionRecord(each: BudgetSuspension): Record<string, Json> {
  return { ...each, suspended_until: isoTime(each.suspended_until) };
}

function alertRecord(each: BudgetAlert): Record<string, Json> {
  return { ...each };
}

function doneText({ hours, where }: Rollup, { style }: View): Safe {
  const what = hours === 0 ? line`nothing new` : line`${counted(hours, 'hour')} of keys rolled up`;
  return style.ok(line`${style.sign.ok} ${what} in ${clean(where)}`);
}

function reachText({ asOf, rolledUntil, queuedHours }: Rollup): Safe[] {
  if (asOf === null || rolledUntil === null) return [];
  const left = queuedHours === 0 ? line`` : line`; ${counted(queuedHours, 'hour')} left to another rollup`;
  return [line`  exact before ${clean(rolledUntil)}, as of ${clean(asOf)}${left}`];
}

function suspensionText(
  { key_id: id, name, suspended_until: until, reason }: BudgetSuspension,
  view: View,
): Safe {
  const { style } = view;
  const key = line`${clean(id)}  ${clean(name)}`;
  return style.warning(
    line`${style.sign.warning} ${key}  suspended until ${clean(isoTime(until))}: ${clean(reason)}`,
  );
}

function alertText({ key_id: id, name, percents, kind, used, allowed }: BudgetAlert, { style }: View): Safe {
  const crossed = percents.at(-1) ?? 0;
  const amount = (value: number) => (kind === 'budget' ? dollars(value) : grouped(value));
  const of = {
    budget: line`budget`,
    quota_requests: line`quota of requests`,
    quota_tokens: line`quota of tokens`,
  }[kind];
  return style.warning(
    line`${style.sign.warning} ${clean(id)}  ${clean(name)}  over ${crossed} % of its ${of}: ${amount(used)} of ${amount(allowed)}`,
  );
}
