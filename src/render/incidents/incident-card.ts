import type { WholeIncident } from '../../actions/incidents/find-incident.js';
import type { IncidentAttempt, IncidentKey, IncidentStep } from '../../db/reads/incident-detail.js';
import { ago } from '../../domain/instant.js';
import { isoTime } from '../../domain/stored-time.js';
import { labelled } from '../labelled.js';
import { counted, grouped } from '../numbers.js';
import type { Json, Renderer, View } from '../renderer.js';
import { statusWord } from '../status-word.js';
import { clean, joinLines, line, type Safe } from '../terminal-text.js';
import { clocksOf, phaseLine } from './incident-clocks.js';
import {
  attemptRecord,
  followUpRecord,
  incidentKeyRecord,
  incidentRecord,
  linkRecord,
  stepRecord,
} from './incident-record.js';
import { blockerText, severityWord } from './incident-words.js';

/** `incidents show`: one incident with everything that hangs on it but its timeline. */
export const incidentCard: Renderer<WholeIncident> = {
  text: (whole, view) =>
    joinLines([
      ...headingLines(whole, view),
      ...several(line`clocks`, clockLines(whole, view), view),
      ...several(line`keys`, keyLines(whole, view), view),
      ...several(line`attempts`, attemptLines(whole.detail.attempts, view), view),
      ...several(line`steps`, stepLines(whole, view), view),
      ...several(line`links`, linkLines(whole), view),
      ...several(line`follow-ups`, followUpLines(whole, view), view),
      ...textLines(whole, view),
      ...several(line`to close`, whole.detail.blockers.slice(0, 5).map(blockerText), view),
    ]),
  json: ({ row, detail }) => ({
    ...incidentRecord(row),
    root_cause: row.root_cause,
    lessons: row.lessons,
    linked_keys: detail.keys.map(incidentKeyRecord),
    attempts: detail.attempts.map(attemptRecord),
    links: detail.links.map(linkRecord),
    walkthrough: detail.steps.map(stepRecord),
    follow_ups: detail.follow_ups.map(followUpRecord),
    blockers: detail.blockers.map(({ kind, key_id, step }): Json => ({ kind, key_id, step })),
  }),
  ids: ({ row }) => [row.incident_id],
};

function headingLines({ row }: WholeIncident, view: View): Safe[] {
  const { style } = view;
  const heading = line`${style.strong(clean(row.incident_id))}  ${severityWord(row.severity, style)}  ${clean(row.type)}  ${style.strong(clean(row.state))}`;
  const when = (at: string) => line`${clean(isoTime(at))} (${clean(ago(new Date(isoTime(at)), view.now))})`;
  return [
    heading,
    labelled(line`what`, clean(row.title), view),
    labelled(line`lead`, row.lead === null ? line`nobody` : clean(row.lead), view),
    labelled(line`detected`, when(row.detected_at), view),
    labelled(line`opened`, line`${when(row.opened_at)} by ${clean(row.opened_by)}`, view),
    ...(row.reopened_at === null
      ? []
      : [labelled(line`reopened`, style.danger(line`${style.sign.danger} ${when(row.reopened_at)}`), view)]),
    ...(row.closed_at === null ? [] : [labelled(line`closed`, when(row.closed_at), view)]),
  ];
}

/** The first under the label, the others below it. */
function several(label: Safe, lines: readonly Safe[], view: View): Safe[] {
  return lines.map((each, at) => labelled(at === 0 ? label : line``, each, view));
}

function clockLines({ row }: WholeIncident, { style }: View): Safe[] {
  if (row.state === 'closed')
    return clocksOf(row)
      .filter(({ doneAt }) => doneAt !== null)
      .map(drawn);
  return clocksOf(row).map(drawn);
  function drawn(clock: ReturnType<typeof clocksOf>[number]): Safe {
    return phaseLine(clock, new Date(isoTime(row.read_at)), style);
  }
}

function keyLines({ detail }: WholeIncident, view: View): Safe[] {
  return listed(detail.keys, 20, (key) => keyLine(key, view));
}

function keyLine(key: IncidentKey, { style, now }: View): Safe {
  const dead =
    key.dead_since === null
      ? line``
      : line`  dead since ${clean(`${isoTime(key.dead_since).slice(0, 19)}Z`)}`;
  const used =
    key.last_used_at === null
      ? line``
      : line`  last use ${clean(ago(new Date(isoTime(key.last_used_at)), now))}`;
  const refused = key.refused === 0 ? line`` : line`  ${grouped(key.refused)} refused since`;
  const accepted =
    key.accepted === 0
      ? line``
      : style.danger(line`  ${style.sign.danger} ${grouped(key.accepted)} LET IN since`);
  return line`${clean(key.key_id)}  ${statusWord(key.status, style)}${dead === '' ? used : dead}${refused}${accepted}  ${clean(key.name)}`;
}

function attemptLines(attempts: readonly IncidentAttempt[], view: View): Safe[] {
  const { style } = view;
  return listed(attempts, 5, (each) => {
    const what = each.accepted
      ? style.danger(line`${style.sign.danger} let in`)
      : line`${style.sign.muted} refused`;
    const from = each.ip === '' ? line`an unknown address` : clean(each.ip);
    return line`${what}  ${counted(each.requests, 'request')} from ${from} with ${clean(each.key_id)}, last ${clean(ago(new Date(isoTime(each.last_at)), view.now))}`;
  });
}

function stepLines({ row, detail }: WholeIncident, { style, now }: View): Safe[] {
  if (row.playbook_name === null) return [];
  const done = line`${clean(row.playbook_name)}  ${row.steps_done} of ${row.steps} done${row.next_step === null ? line`` : line`, next ${clean(row.next_step)}`}`;
  return [done, ...detail.steps.map((step) => stepLine(step))];

  function stepLine(step: IncidentStep): Safe {
    const name = clean(step.step);
    if (step.state === 'done')
      return style.ok(line`${style.sign.ok} ${name}  by ${clean(step.finished_by ?? '')}`);
    if (step.state === 'skipped') {
      return step.reason === null
        ? style.warning(line`${style.sign.warning} ${name}  skipped without a reason`)
        : line`${style.sign.muted} ${name}  skipped: ${clean(step.reason)}`;
    }
    const heard = clean(ago(new Date(isoTime(step.heard_at)), now));
    return style.notice(
      line`${style.sign.notice} ${name}  under way by ${clean(step.taken_by)}, heard of ${heard}`,
    );
  }
}

function linkLines({ detail }: WholeIncident): Safe[] {
  return listed(detail.links, 20, ({ url, title }) =>
    title === null ? clean(url) : line`${clean(url)}  ${clean(title)}`,
  );
}

function followUpLines({ detail }: WholeIncident, { style }: View): Safe[] {
  return listed(detail.follow_ups, 20, (each) => {
    const state =
      each.done_at !== null
        ? style.ok(line`${style.sign.ok} done`)
        : each.overdue
          ? style.danger(line`${style.sign.danger} due ${clean(each.due_on)}`)
          : line`${style.sign.muted} due ${clean(each.due_on)}`;
    return line`${state}  ${clean(each.follow_up_id)}  ${clean(each.owner)}: ${clean(each.title)}`;
  });
}

function textLines({ row }: WholeIncident, view: View): Safe[] {
  return [
    ...(row.root_cause === null ? [] : [labelled(line`root cause`, clean(row.root_cause), view)]),
    ...(row.lessons === null ? [] : [labelled(line`lessons`, clean(row.lessons), view)]),
  ];
}

/** So many of them, and how many more there are. */
function listed<T>(all: readonly T[], most: number, text: (each: T) => Safe): Safe[] {
  const shown = all.slice(0, most).map(text);
  return all.length > most ? [...shown, line`and ${all.length - most} more: --json lists them`] : shown;
}
