import type { ReviewDetail, ReviewPicture } from '../../domain/review.js';
import { clean, type Safe } from '../../render/terminal-text.js';
import { formStep } from '../kit/form.js';
import { loadBegan, loadEnded, loadFailed } from '../kit/freshness.js';
import { commandFor } from '../kit/key-table.js';
import type { Keystroke } from '../kit/keystroke.js';
import { kept } from '../kit/list-position.js';
import type { ChangeOutcome, Notice } from '../kit/notice.js';
import { typed } from '../kit/text-field.js';
import { commanded, type ReviewRules } from './review-commands.js';
import { changeOf } from './review-forms.js';
import {
  listedBy,
  modeUnder,
  type ReviewMode,
  type ReviewState,
  type Room,
  relisted,
  selectedSubject,
} from './review-state.js';

export type ReviewEvent =
  | { readonly type: 'key'; readonly key: Keystroke; readonly room: Room }
  | { readonly type: 'tick'; readonly now: number }
  | { readonly type: 'load-began'; readonly now: number }
  | { readonly type: 'loaded'; readonly now: number; readonly picture: ReviewPicture; readonly room: Room }
  | { readonly type: 'load-failed'; readonly message: string }
  | { readonly type: 'days-loaded'; readonly days: ReadonlyMap<string, readonly number[]> }
  | { readonly type: 'detail-loaded'; readonly detail: ReviewDetail }
  | { readonly type: 'card-loaded'; readonly card: readonly Safe[] }
  | { readonly type: 'card-failed'; readonly message: string }
  | { readonly type: 'judged'; readonly notice: Notice }
  | { readonly type: 'changed'; readonly outcome: ChangeOutcome };

/** The review's next state. It waits for nothing and asks nothing: what has to be loaded or changed stands in the state. */
export function reviewReducer(rules: ReviewRules) {
  return (state: ReviewState, event: ReviewEvent): ReviewState => {
    switch (event.type) {
      case 'key':
        return keyed(rules, { ...state, notices: [] }, event.key, event.room);
      case 'tick':
        return { ...state, now: event.now };
      case 'load-began':
        return { ...state, now: event.now, freshness: loadBegan(state.freshness, event.now) };
      case 'loaded':
        return loaded({ ...state, now: event.now }, event.picture, event.room);
      case 'load-failed':
        return { ...state, freshness: loadFailed(state.freshness, event.message) };
      case 'days-loaded':
        return { ...state, days: new Map([...state.days, ...event.days]) };
      case 'detail-loaded':
        // What was read for a key that somebody has left meanwhile is late.
        return event.detail.id === selectedSubject(state)?.id ? { ...state, detail: event.detail } : state;
      case 'card-loaded':
        return carded(state, event.card);
      case 'card-failed':
        return carded(state, [clean(`what would break is not known: ${event.message}`)]);
      case 'judged':
        return { ...state, judging: false, notices: [event.notice], refreshes: state.refreshes + 1 };
      case 'changed':
        return changed(state, event.outcome);
    }
  };
}

function loaded(state: ReviewState, picture: ReviewPicture, room: Room): ReviewState {
  const before = state.listed.map(({ id }) => id);
  const next = listedBy({ ...state, picture, freshness: loadEnded(state.now) }, {});
  const after = next.listed.map(({ id }) => id);
  const known = new Set(picture.subjects.map(({ id }) => id));
  return {
    ...next,
    position: kept(state.position, before, after, room.list),
    marked: new Set([...state.marked].filter((id) => known.has(id))),
  };
}

function changed(state: ReviewState, { failed, notices }: ChangeOutcome): ReviewState {
  if (state.mode.kind !== 'changing') return state;
  const marked = failed ? state.marked : new Set<string>();
  const refreshes = state.refreshes + 1;
  return { ...state, marked, refreshes, mode: modeUnder(state.mode.under), notices };
}

/** Whoever was told to wait is told that there it is: what was typed before it came does nothing by itself. */
function carded(state: ReviewState, card: readonly Safe[]): ReviewState {
  const { mode } = state;
  if (mode.kind !== 'form') return state;
  const problem = mode.form.problem === null ? null : 'above stands what would break now: Enter goes on';
  return { ...state, mode: { ...mode, card, form: { ...mode.form, problem } } };
}

function keyed(rules: ReviewRules, state: ReviewState, key: Keystroke, room: Room): ReviewState {
  switch (state.mode.kind) {
    case 'changing':
      return state;
    case 'form':
      return inForm(state, state.mode, key);
    case 'filter':
      return inFilter(state, state.mode, key, room);
    default: {
      const binding = commandFor(rules.keys, key.name);
      return binding === null ? state : commanded(rules, state, binding, room);
    }
  }
}

function inForm(
  state: ReviewState,
  mode: Extract<ReviewMode, { kind: 'form' }>,
  key: Keystroke,
): ReviewState {
  const step = formStep(mode.form, key);
  if (step.kind === 'left') return { ...state, mode: modeUnder(mode.under) };
  if (step.kind === 'open') return { ...state, mode: { ...mode, form: step.form } };
  // Nobody agrees to what was not shown yet.
  if (mode.card === null) {
    const problem = 'a moment: what would break is still looked up';
    return { ...state, mode: { ...mode, form: { ...mode.form, problem } } };
  }
  const change = changeOf(mode.asked, step.answers, state.now);
  return { ...state, mode: { kind: 'changing', change, under: mode.under } };
}

function inFilter(
  state: ReviewState,
  mode: Extract<ReviewMode, { kind: 'filter' }>,
  key: Keystroke,
  room: Room,
): ReviewState {
  if (key.name === 'enter') return { ...state, mode: { kind: 'queue' } };
  if (key.name === 'escape')
    return relisted({ ...state, mode: { kind: 'queue' } }, { filter: mode.before }, room);
  const field = typed(mode.field, key);
  return relisted({ ...state, mode: { ...mode, field } }, { filter: field.text }, room);
}
