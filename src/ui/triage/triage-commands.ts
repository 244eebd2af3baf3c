import type { TriageIncident } from '../../domain/triage.js';
import { clean } from '../../render/terminal-text.js';
import { openForm } from '../kit/form.js';
import { listStart, listStep, moved } from '../kit/list-position.js';
import { fieldOf } from '../kit/text-field.js';
import { type Asked, fieldsOf, keysMeant } from './triage-forms.js';
import type { TriageBinding, TriageCommand } from './triage-keys.js';
import type { TriageChangeKind } from './triage-port.js';
import {
  chosenKey,
  isAcknowledged,
  modeUnder,
  ownDetail,
  type Room,
  relisted,
  selectedIncident,
  selectedItem,
  type TriageMode,
  type TriageState,
} from './triage-state.js';

/** What cannot be done here, and who does it. */
export interface TriageRules {
  readonly readOnly: boolean;
  readonly me: string;
}

/** What a command of the key table makes of the state, where nothing is being typed. */
export function commanded(
  rules: TriageRules,
  state: TriageState,
  { command, changes, of }: TriageBinding,
  room: Room,
): TriageState {
  const { mode } = state;
  if (mode.kind !== 'board' && mode.kind !== 'whole' && mode.kind !== 'help') return state;
  const item = selectedItem(state);
  if (of !== undefined) {
    if (mode.kind === 'help' || item === null) return state;
    if (changes === true && rules.readOnly) return noticed(state, 'this screen is read only (--readonly)');
    if (item.kind !== of)
      return noticed(
        state,
        of === 'incident' ? 'this is no incident yet: i makes it one' : 'this is an incident already',
      );
    return aboutSelected(rules, state, command);
  }
  return mode.kind === 'board' ? onBoard(state, command, room) : inText(state, mode, command, room);
}

function aboutSelected(rules: TriageRules, state: TriageState, command: TriageCommand): TriageState {
  const incident = selectedIncident(state);
  switch (command) {
    case 'key':
      return choosing(state);
    case 'walkthrough':
      return incident === null ? state : { ...state, walk: { incidentId: incident.id, step: null } };
    case 'next-step':
      return incident === null ? state : nextStep(state, incident);
    default: {
      const asked = askedOf(state, command as TriageChangeKind);
      return asked === null || typeof asked === 'string'
        ? noticed(state, asked ?? 'nothing is selected')
        : asking(rules, state, asked);
    }
  }
}

function askedOf(state: TriageState, kind: TriageChangeKind): Asked | string | null {
  const item = selectedItem(state);
  if (kind === 'escalate') {
    if (item?.kind !== 'finding') return null;
    return {
      ...{ kind, finding: item, keyIds: [] },
      findingIds: item.risk.steps.map(({ finding }) => finding.findingId),
    };
  }
  if (item?.kind !== 'incident') return null;
  if (kind === 'acknowledge' && isAcknowledged(item)) return `${item.id} is acknowledged already`;
  if (kind !== 'suspend' && kind !== 'revoke') return { kind, incident: item, keyIds: [] };
  const detail = ownDetail(state);
  if (detail === null) return 'a moment: its keys are still looked up';
  const keyIds = keysMeant(kind, detail.keys, chosenKey(state));
  return typeof keyIds === 'string' ? keyIds : { kind, incident: item, keyIds };
}

function asking(rules: TriageRules, state: TriageState, asked: Asked): TriageState {
  const form = openForm(fieldsOf(asked, rules.me));
  const card = asked.keyIds.length === 0 ? [] : null;
  const under = state.mode.kind === 'whole' ? 'whole' : 'board';
  return { ...state, mode: { kind: 'form', asked, form, card, under } };
}

/** The step that is next is run by itself; without one there is nothing to run. */
function nextStep(state: TriageState, { id }: TriageIncident): TriageState {
  const detail = ownDetail(state);
  if (detail === null) return noticed(state, 'a moment: its steps are still looked up');
  const next = detail.playbook.steps.find(({ state: how }) => how !== 'done' && how !== 'skipped');
  if (next === undefined) return noticed(state, `every step of ${id} is done`);
  return { ...state, walk: { incidentId: id, step: next.name } };
}

/** The next key of the incident; behind the last one, none alone. */
function choosing(state: TriageState): TriageState {
  const keys = ownDetail(state)?.keys ?? [];
  if (keys.length === 0) return noticed(state, 'no key is linked yet: k links one');
  const at = keys.findIndex(({ keyId }) => keyId === state.chosenKeyId);
  return { ...state, chosenKeyId: keys[at + 1]?.keyId ?? null };
}

function noticed(state: TriageState, text: string): TriageState {
  return { ...state, notices: [{ tone: 'warning', text: clean(text) }] };
}

function onBoard(state: TriageState, command: TriageCommand, room: Room): TriageState {
  const step = listStep(command, room.list, state.listed.length);
  if (step !== null) return stepped(state, step, room);
  switch (command) {
    case 'filter':
      return { ...state, mode: { kind: 'filter', field: fieldOf(state.filter), before: state.filter } };
    case 'refresh':
      return { ...state, refreshes: state.refreshes + 1 };
    case 'whole':
    case 'help':
      if (command === 'whole' && selectedItem(state) === null) return state;
      return { ...state, mode: { kind: command, top: 0, under: 'board' } };
    case 'back':
      if (state.chosenKeyId !== null) return { ...state, chosenKeyId: null };
      return state.filter === '' ? state : relisted(state, { filter: '' }, room);
    case 'quit':
      return { ...state, left: true };
    default:
      return state;
  }
}

function inText(
  state: TriageState,
  mode: Extract<TriageMode, { kind: 'whole' | 'help' }>,
  command: TriageCommand,
  room: Room,
): TriageState {
  const step = listStep(command, room.list, room.lastTop + 1);
  if (step !== null) {
    const top = Math.max(0, Math.min(room.lastTop, mode.top + step));
    return { ...state, mode: { ...mode, top } };
  }
  switch (command) {
    case 'quit':
      // As in a pager: what covers the screen is closed first.
      return mode.kind === 'whole' ? { ...state, left: true } : { ...state, mode: modeUnder(mode.under) };
    case 'back':
    case 'whole':
      return { ...state, mode: mode.kind === 'whole' ? { kind: 'board' } : modeUnder(mode.under) };
    case 'help':
      if (mode.kind === 'help') return { ...state, mode: modeUnder(mode.under) };
      return { ...state, mode: { kind: 'help', top: 0, under: 'whole' } };
    case 'refresh':
      return { ...state, refreshes: state.refreshes + 1 };
    default:
      return state;
  }
}

/** Another one is selected: a key that was chosen belongs to the one before. */
function stepped(state: TriageState, by: number, room: Room): TriageState {
  const ids = state.listed.map(({ id }) => id);
  const position = ids.length === 0 ? listStart : moved(state.position, ids, by, room.list);
  const stays = position.selectedId === state.position.selectedId;
  return { ...state, position, chosenKeyId: stays ? state.chosenKeyId : null };
}
