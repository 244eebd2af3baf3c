import type { IncidentChange } from '../../actions/incidents/change-incident.js';
import type { ChangeAnswer } from '../../db/kernel.js';
import type { FollowUpAnswer, FollowUpDoneAnswer } from '../../db/kernel-incident-follow-ups.js';
import type {
  AcknowledgeAnswer,
  AssignAnswer,
  ChangeIncidentAnswer,
  CloseAnswer,
  CorrectAnswer,
  LinkKeysAnswer,
  LinkUrlAnswer,
  MarkAnswer,
  NoteAnswer,
  OpenAnswer,
} from '../../db/kernel-incidents.js';
import { isoTime } from '../../domain/stored-time.js';
import { counted } from '../numbers.js';
import type { Json, Renderer, View } from '../renderer.js';
import { clean, joinLines, joinWith, line, type Safe } from '../terminal-text.js';
import { blockerText } from './incident-words.js';

type Answer = ChangeAnswer & { readonly outcome: string; readonly incident_id: string };

/** How a change of an incident is told: a sentence after the sign, and the fields of its record. */
function change<A extends Answer>(
  sentence: (answer: A, view: View) => Safe,
  fields: (answer: A) => Readonly<Record<string, Json>>,
): Renderer<IncidentChange<A>> {
  return {
    text({ answer }, view) {
      const { style } = view;
      const said = line`${style.sign.ok} ${clean(answer.incident_id)} ${sentence(answer, view)}`;
      return answer.audit_seq === null
        ? said
        : style.ok(line`${said} ${style.glyph.dot} audit ${answer.audit_seq}`);
    },
    json: ({ operationId, answer }) => ({
      operation_id: operationId,
      incident_id: answer.incident_id,
      outcome: answer.outcome,
      ...fields(answer),
      audit_seq: answer.audit_seq,
    }),
    ids: ({ answer }) => [answer.incident_id],
  };
}

export const opened = change<OpenAnswer>(
  (answer) => {
    const keys = answer.key_ids.length === 0 ? line`` : line` with ${counted(answer.key_ids.length, 'key')}`;
    const state = answer.state === 'open' ? line`` : line` (${clean(answer.state)}: no linked key is usable)`;
    return line`opened: ${clean(answer.severity)} ${clean(answer.type)}${keys}${state}`;
  },
  (answer) => ({
    title: answer.title,
    type: answer.type,
    severity: answer.severity,
    state: answer.state,
    lead: answer.lead,
    opened_at: isoTime(answer.opened_at),
    detected_at: isoTime(answer.detected_at),
    key_ids: answer.key_ids,
  }),
);

export const acknowledged = change<AcknowledgeAnswer>(
  ({ outcome, at, state }) => {
    const when = at === null ? line`` : line` ${clean(isoTime(at))}`;
    return outcome === 'acknowledged'
      ? line`acknowledged${when}`
      : line`was acknowledged already${when} (${clean(state)})`;
  },
  ({ state, at }) => ({ state, at: isoTime(at) }),
);

export const assigned = change<AssignAnswer>(
  ({ outcome, lead, lead_before: before }) => {
    const who = lead === null ? line`nobody` : clean(lead);
    if (outcome === 'unchanged') return line`is led by ${who} already`;
    return line`is led by ${who}${before === null ? line`` : line` (before: ${clean(before)})`}`;
  },
  ({ lead, lead_before }) => ({ lead, lead_before }),
);

export const noted = change<NoteAnswer>(
  () => line`noted`,
  () => ({}),
);

export const keysLinked = change<LinkKeysAnswer>(
  ({ outcome, key_ids: keys, state }) =>
    outcome === 'linked'
      ? line`linked to ${counted(keys.length, 'key')} (${clean(state)})`
      : line`was linked already`,
  ({ key_ids, state }) => ({ key_ids, state }),
);

export const urlLinked = change<LinkUrlAnswer>(
  ({ outcome, url }) =>
    outcome === 'linked' ? line`linked to ${clean(url)}` : line`was linked to ${clean(url)} already`,
  ({ url }) => ({ url }),
);

export const incidentChanged = change<ChangeIncidentAnswer>(
  ({ outcome, before, after }) => {
    if (outcome === 'unchanged') return line`unchanged: it is so already`;
    const [was, is] = [values(before), values(after)];
    const changes = Object.keys(is).map(
      (name) => line`${clean(name.replace('_at', ''))} ${clean(was[name] ?? '')} → ${clean(is[name] ?? '')}`,
    );
    return line`changed: ${joinWith(line`, `, changes)}`;
  },
  ({ before, after }) => ({ before: values(before), after: values(after) }),
);

function values(changes: ChangeIncidentAnswer['before']): Record<string, string> {
  const { detected_at: at, ...rest } = changes;
  return { ...rest, ...(at === undefined ? {} : { detected_at: isoTime(at) }) };
}

export const marked = change<MarkAnswer>(
  ({ outcome, mark, at, state }) => {
    const when = at === null ? line`` : line` ${clean(isoTime(at))}`;
    const already = outcome === 'marked' ? line`` : line` already`;
    return line`${clean(mark)}${already}${when} (${clean(state)})`;
  },
  ({ mark, state, at }) => ({ mark, state, at: isoTime(at) }),
);

export const closed = change<CloseAnswer>(
  ({ outcome, closed_at: at, left }) => {
    const already = outcome === 'closed' ? line`` : line` already`;
    const over = left.length === 0 ? line`` : line`, although ${joinWith(line`; `, left.map(blockerText))}`;
    return line`closed${already} ${clean(isoTime(at))}${over}`;
  },
  ({ closed_at, left }) => ({
    closed_at: isoTime(closed_at),
    left: left.map(({ kind, key_id, step }): Json => ({ kind, key_id, step })),
  }),
);

export const timeCorrected = change<CorrectAnswer>(
  ({ outcome, corrected_seq: seq, at, at_before: before, phase }) => {
    if (outcome === 'unchanged') return line`${seq} stands at ${clean(isoTime(at))} already`;
    const clock = phase === null ? line`` : line`; the clock follows (${clean(phase)})`;
    return line`${seq} was at ${clean(isoTime(at))}, not ${clean(isoTime(before))}${clock}`;
  },
  ({ corrected_seq, at, at_before, phase }) => ({
    corrected_seq,
    at: isoTime(at),
    at_before: isoTime(at_before),
    phase,
  }),
);

export const followUpAdded = change<FollowUpAnswer>(
  (answer) =>
    line`follow-up ${clean(answer.follow_up_id)}: ${clean(answer.title)}, by ${clean(answer.owner)} until ${clean(answer.due_on)}`,
  ({ follow_up_id, title, owner, due_on }) => ({ follow_up_id, title, owner, due_on }),
);

export const followUpDone = change<FollowUpDoneAnswer>(
  (answer) => {
    const already = answer.outcome === 'done' ? line`` : line` already`;
    return line`follow-up ${clean(answer.follow_up_id)} done${already} ${clean(isoTime(answer.done_at))} by ${clean(answer.done_by)}`;
  },
  ({ follow_up_id, done_at, done_by }) => ({ follow_up_id, done_at: isoTime(done_at), done_by }),
);

export interface IncidentPlan {
  /** Null: there is none yet. */
  readonly incident: { readonly incident_id: string; readonly title: string; readonly state: string } | null;
  /** `acknowledge it`. */
  readonly would: Safe;
  /** What would stand in the way, as it is now; the kernel has the last word. */
  readonly obstacles: readonly Safe[];
}

/** `--dry-run` of every change of an incident. */
export const incidentPlan: Renderer<IncidentPlan> = {
  text: ({ incident, would, obstacles }, { style }) => {
    const which =
      incident === null ? line`` : line`${clean(incident.incident_id)} (${clean(incident.state)}): `;
    return joinLines([
      line`${which}would ${would}`,
      ...obstacles.map((each) => style.warning(line`${style.sign.warning} ${each}`)),
    ]);
  },
  json: ({ incident, obstacles }) => ({
    dry_run: true,
    count: obstacles.length === 0 ? 1 : 0,
    incident_id: incident?.incident_id ?? null,
    title: incident?.title ?? null,
    state: incident?.state ?? null,
    obstacles: [...obstacles],
  }),
};
