import type { TriageDetail, TriagePicture, TriageUse } from '../../domain/triage.js';
import { clean, type Safe } from '../../render/terminal-text.js';
import { formStep } from '../kit/form.js';
import { loadBegan, loadEnded, loadFailed } from '../kit/freshness.js';
import { commandFor } from '../kit/key-table.js';
import type { Keystroke } from '../kit/keystroke.js';
import type { ChangeOutcome } from '../kit/notice.js';
import { typed } from '../kit/text-field.js';
import { commanded, type TriageRules } from './triage-commands.js';
import { changeOf } from './triage-forms.js';
import { type TriageBinding, triageKeys } from './triage-keys.js';
import {
  modeUnder,
  type Room,
  relisted,
  selectedItem,
  type TriageMode,
  type TriageState,
} from './triage-state.js';

export type TriageEvent =
  | { readonly type: 'key'; readonly key: Keystroke; readonly room: Room }
  | { readonly type: 'tick'; readonly now: number }
  | { readonly type: 'load-began'; readonly now: number }
  | { readonly type: 'loaded'; readonly now: number; readonly picture: TriagePicture; readonly room: Room }
  | { readonly type: 'load-failed'; readonly message: string }
  | { readonly type: 'detail-loaded'; readonly detail: TriageDetail }
  | { readonly type: 'use-loaded'; readonly use: TriageUse }
  | { readonly type: 'card-loaded'; readonly card: readonly Safe[] }
  | { readonly type: 'card-failed'; readonly message: string }
  | { readonly type: 'changed'; readonly outcome: ChangeOutcome };

/** The board's next state. It waits for nothing and asks nothing: what has to be loaded or changed stands in the state. */
export function triageReducer(rules: TriageRules) {
  return (state: TriageState, event: TriageEvent): TriageState => {
    switch (event.type) {
      case 'key':
        return keyed(rules, { ...state, notices: [] }, event.key, event.room);
      case 'tick':
        return { ...state, now: event.now };
      case 'load-began':
        return { ...state, now: event.now, freshness: loadBegan(state.freshness, event.now) };
      case 'loaded':
        return loaded(state, event);
      case 'load-failed':
        return { ...state, freshness: loadFailed(state.freshness, event.message) };
      case 'detail-loaded':
        // What was read for an incident that somebody has left meanwhile is late.
        return event.detail.id === selectedItem(state)?.id ? { ...state, detail: event.detail } : state;
      case 'use-loaded':
        return event.use.id === selectedItem(state)?.id ? { ...state, use: event.use } : state;
      case 'card-loaded':
        return carded(state, event.card);
      case 'card-failed':
        return carded(state, [clean(`what would break is not known: ${event.message}`)]);
      case 'changed':
        return changed(state, event.outcome);
    }
  };
}

function loaded(
  state: TriageState,
  { picture, now, room }: Extract<TriageEvent, { type: 'loaded' }>,
): TriageState {
  const skewMs = picture.readAt - now;
  const next = relisted(state, { picture, now, skewMs, freshness: loadEnded(now) }, room);
  const stays = selectedItem(next)?.id === selectedItem(state)?.id;
  if (stays) return next;
  // What is shown alone, or asked about, is not exchanged under somebody's eyes for what stands in its place.
  const mode: TriageMode = next.mode.kind === 'whole' ? { kind: 'board' } : next.mode;
  return { ...next, mode, chosenKeyId: null };
}

function changed(state: TriageState, { notices }: ChangeOutcome): TriageState {
  if (state.mode.kind !== 'changing') return state;
  const mode = modeUnder(state.mode.under);
  return { ...state, mode, notices, chosenKeyId: null, refreshes: state.refreshes + 1 };
}

/** Whoever was told to wait may go on. */
function carded(state: TriageState, card: readonly Safe[]): TriageState {
  const { mode } = state;
  return mode.kind === 'form'
    ? { ...state, mode: { ...mode, card, form: { ...mode.form, problem: null } } }
    : state;
}

function keyed(rules: TriageRules, state: TriageState, key: Keystroke, room: Room): TriageState {
  // It is on its way out: what is typed now is for whatever comes next.
  if (state.left || state.walk !== null) return state;
  switch (state.mode.kind) {
    case 'changing':
      return state;
    case 'form':
      return inForm(state, state.mode, key);
    case 'filter':
      return inFilter(state, state.mode, key, room);
    default: {
      const binding: TriageBinding | null = commandFor(triageKeys, key.name);
      return binding === null ? state : commanded(rules, state, binding, room);
    }
  }
}

function inForm(
  state: TriageState,
  mode: Extract<TriageMode, { kind: 'form' }>,
  key: Keystroke,
): TriageState {
  const step = formStep(mode.form, key);
  if (step.kind === 'left') return { ...state, mode: modeUnder(mode.under) };
  if (step.kind === 'open') return { ...state, mode: { ...mode, form: step.form } };
  // Nobody agrees to what was not shown yet.
  if (mode.card === null) {
    const problem = 'a moment: what would break is still looked up';
    return { ...state, mode: { ...mode, form: { ...mode.form, problem } } };
  }
  const change = changeOf(mode.asked, step.answers);
  return { ...state, mode: { kind: 'changing', change, under: mode.under } };
}

function inFilter(
  state: TriageState,
  mode: Extract<TriageMode, { kind: 'filter' }>,
  key: Keystroke,
  room: Room,
): TriageState {
  if (key.name === 'enter') return { ...state, mode: { kind: 'board' } };
  if (key.name === 'escape')
    return relisted(state, { mode: { kind: 'board' }, filter: mode.before, chosenKeyId: null }, room);
  const field = typed(mode.field, key);
  return relisted(state, { mode: { ...mode, field }, filter: field.text, chosenKeyId: null }, room);
}
