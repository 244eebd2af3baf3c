import { clean } from '../../render/terminal-text.js';
import { openForm } from '../kit/form.js';
import type { Binding } from '../kit/key-table.js';
import { listStart, listStep, moved } from '../kit/list-position.js';
import { fieldOf } from '../kit/text-field.js';
import { askedOf, fieldsOf } from './review-forms.js';
import type { ReviewCommand } from './review-keys.js';
import { sortOrders } from './review-order.js';
import type { ReviewChangeKind } from './review-port.js';
import {
  meantSubjects,
  modeUnder,
  type ReviewMode,
  type ReviewState,
  type Room,
  relisted,
  selectedSubject,
} from './review-state.js';

/** What cannot be done here, and which keys there are. */
export interface ReviewRules {
  readonly readOnly: boolean;
  readonly keys: readonly Binding<ReviewCommand>[];
}

/** What a command of the key table makes of the state, where nothing is being typed. */
export function commanded(
  rules: ReviewRules,
  state: ReviewState,
  { command, changes }: Binding<ReviewCommand>,
  room: Room,
): ReviewState {
  if (changes === true) {
    if (rules.readOnly) return noticed(state, 'this screen is read only (--readonly)');
    return asking(state, command as ReviewChangeKind);
  }
  const { mode } = state;
  if (mode.kind === 'queue') return inQueue(state, command, room);
  if (mode.kind === 'detail' || mode.kind === 'sql' || mode.kind === 'help')
    return inText(state, mode, command, room);
  return state;
}

function asking(state: ReviewState, kind: ReviewChangeKind): ReviewState {
  if (state.mode.kind !== 'queue' && state.mode.kind !== 'detail') return state;
  // Alone with one key, that key is meant, whatever is marked.
  const alone = state.mode.kind === 'detail' ? selectedSubject(state) : null;
  const subjects = alone === null ? meantSubjects(state) : [alone];
  if (subjects.length === 0) return state;
  const asked = askedOf(kind, subjects);
  if (typeof asked === 'string') return noticed(state, asked);
  const card = asked.keyIds.length === 0 ? [] : null;
  const form = openForm(fieldsOf(asked, state.now));
  return { ...state, mode: { kind: 'form', asked, form, card, under: state.mode.kind } };
}

function noticed(state: ReviewState, text: string): ReviewState {
  return { ...state, notices: [{ tone: 'warning', text: clean(text) }] };
}

function inQueue(state: ReviewState, command: ReviewCommand, room: Room): ReviewState {
  const step = listStep(command, room.list, state.listed.length);
  if (step !== null) return stepped(state, step, room);
  switch (command) {
    case 'mark':
      return stepped(marking(state), 1, room);
    case 'filter':
      return { ...state, mode: { kind: 'filter', field: fieldOf(state.filter), before: state.filter } };
    case 'sort': {
      const at = sortOrders.indexOf(state.sort);
      return relisted(state, { sort: sortOrders[(at + 1) % sortOrders.length] ?? 'risk' }, room);
    }
    case 'shows':
      return relisted(state, { all: !state.all }, room);
    case 'judge':
      return { ...state, judging: true };
    case 'open':
    case 'sql':
      if (selectedSubject(state) === null) return state;
      return { ...state, mode: { kind: command === 'open' ? 'detail' : 'sql', top: 0, under: 'queue' } };
    case 'help':
      return { ...state, mode: { kind: 'help', top: 0, under: 'queue' } };
    case 'back':
      if (state.marked.size > 0) return { ...state, marked: new Set() };
      return state.filter === '' ? state : relisted(state, { filter: '' }, room);
    case 'quit':
      return { ...state, left: true };
    default:
      return state;
  }
}

function inText(
  state: ReviewState,
  mode: Extract<ReviewMode, { kind: 'detail' | 'sql' | 'help' }>,
  command: ReviewCommand,
  room: Room,
): ReviewState {
  const step = listStep(command, room.list, room.lastTop + 1);
  if (step !== null) {
    const top = Math.max(0, Math.min(room.lastTop, mode.top + step));
    return { ...state, mode: { ...mode, top } };
  }
  switch (command) {
    case 'quit':
      // As in a pager: what covers the screen is closed first.
      if (mode.kind === 'detail') return { ...state, left: true };
      return { ...state, mode: modeUnder(mode.under) };
    case 'back':
      return { ...state, mode: modeUnder(mode.kind === 'detail' ? 'queue' : mode.under) };
    case 'help':
    case 'sql':
      if (mode.kind === command) return { ...state, mode: modeUnder(mode.under) };
      return {
        ...state,
        mode: { kind: command, top: 0, under: mode.kind === 'detail' ? 'detail' : mode.under },
      };
    case 'judge':
      return { ...state, judging: true };
    default:
      return state;
  }
}

function stepped(state: ReviewState, by: number, room: Room): ReviewState {
  const ids = state.listed.map(({ id }) => id);
  return { ...state, position: ids.length === 0 ? listStart : moved(state.position, ids, by, room.list) };
}

function marking(state: ReviewState): ReviewState {
  const selected = selectedSubject(state);
  if (selected === null) return state;
  const marked = new Set(state.marked);
  if (!marked.delete(selected.id)) marked.add(selected.id);
  return { ...state, marked };
}
