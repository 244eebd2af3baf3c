import type { ReviewDetail, ReviewPicture, ReviewSubject } from '../../domain/review.js';
import type { Safe } from '../../render/terminal-text.js';
import type { Form } from '../kit/form.js';
import { type Freshness, nothingLoaded } from '../kit/freshness.js';
import { kept, type ListPosition, listStart } from '../kit/list-position.js';
import type { Notice } from '../kit/notice.js';
import type { TextField } from '../kit/text-field.js';
import type { Asked } from './review-forms.js';
import { type Shows, type SortOrder, shownSubjects } from './review-order.js';
import type { ReviewChange } from './review-port.js';

export type ReviewMode =
  | { readonly kind: 'queue' }
  | { readonly kind: 'filter'; readonly field: TextField; readonly before: string }
  /** Texts that may be longer than the screen. */
  | { readonly kind: 'detail' | 'sql' | 'help'; readonly top: number; readonly under: 'queue' | 'detail' }
  | {
      readonly kind: 'form';
      readonly asked: Asked;
      readonly form: Form;
      /** What would break; null: it is still looked up. */
      readonly card: readonly Safe[] | null;
      readonly under: 'queue' | 'detail';
    }
  /** A change is under way: no key means anything. */
  | { readonly kind: 'changing'; readonly change: ReviewChange; readonly under: 'queue' | 'detail' };

export interface ReviewState {
  readonly picture: ReviewPicture | null;
  readonly freshness: Freshness;
  /** Of the screen's clock, milliseconds since 1970. */
  readonly now: number;
  /** What is listed, in this order. */
  readonly listed: readonly ReviewSubject[];
  readonly position: ListPosition;
  readonly marked: ReadonlySet<string>;
  readonly filter: string;
  readonly sort: SortOrder;
  readonly all: boolean;
  /** Requests of the last 24 hours by hour, of the subjects that were in sight so far. */
  readonly days: ReadonlyMap<string, readonly number[]>;
  /** Of the subject that was selected when it was read. */
  readonly detail: ReviewDetail | null;
  readonly mode: ReviewMode;
  /** What came of the last change, until the next key. */
  readonly notices: readonly Notice[];
  /** Somebody asked to judge anew. */
  readonly judging: boolean;
  /** Grows when something changed, so that it is read anew at once. */
  readonly refreshes: number;
  readonly left: boolean;
}

export function startOfReview(now: number): ReviewState {
  return {
    picture: null,
    freshness: nothingLoaded,
    now,
    listed: [],
    position: listStart,
    marked: new Set(),
    filter: '',
    sort: 'risk',
    all: false,
    days: new Map(),
    detail: null,
    mode: { kind: 'queue' },
    notices: [],
    judging: false,
    refreshes: 0,
    left: false,
  };
}

export function selectedSubject({ listed, position }: ReviewState): ReviewSubject | null {
  return listed.find(({ id }) => id === position.selectedId) ?? listed[0] ?? null;
}

/** What an action means: the marked subjects that are still there, else the selected one. */
export function meantSubjects(state: ReviewState): readonly ReviewSubject[] {
  const marked = (state.picture?.subjects ?? []).filter(({ id }) => state.marked.has(id));
  if (marked.length > 0) return marked;
  const selected = selectedSubject(state);
  return selected === null ? [] : [selected];
}

/** The state with another list: what fits `shows` now. */
export function listedBy(state: ReviewState, shows: Partial<Shows>): ReviewState {
  const { filter, sort, all } = { ...state, ...shows };
  return {
    ...state,
    filter,
    sort,
    all,
    listed: shownSubjects(state.picture?.subjects ?? [], { filter, sort, all }),
  };
}

/** How much of it all is on the screen: only who draws knows that. */
export interface Room {
  /** Rows of the list. */
  readonly list: number;
  /** How far a long text can be scrolled. */
  readonly lastTop: number;
}

/** Another list, with the selected subject on its line. */
export function relisted(state: ReviewState, shows: Partial<Shows>, room: Room): ReviewState {
  const before = state.listed.map(({ id }) => id);
  const next = listedBy(state, shows);
  const after = next.listed.map(({ id }) => id);
  return { ...next, position: kept(state.position, before, after, room.list) };
}

/** Where a question or a text that covers the screen leads back to. */
export function modeUnder(under: 'queue' | 'detail'): ReviewMode {
  return under === 'detail' ? { kind: 'detail', top: 0, under: 'queue' } : { kind: 'queue' };
}
