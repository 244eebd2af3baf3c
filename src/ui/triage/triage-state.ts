import type {
  TriageDetail,
  TriageIncident,
  TriageItem,
  TriageKey,
  TriagePicture,
  TriageUse,
} from '../../domain/triage.js';
import type { Safe } from '../../render/terminal-text.js';
import type { Form } from '../kit/form.js';
import { type Freshness, nothingLoaded } from '../kit/freshness.js';
import { kept, type ListPosition, listStart } from '../kit/list-position.js';
import type { Notice } from '../kit/notice.js';
import type { TextField } from '../kit/text-field.js';
import type { Asked } from './triage-forms.js';
import type { TriageChange, Walk } from './triage-port.js';

type Under = 'board' | 'whole';

export type TriageMode =
  | { readonly kind: 'board' }
  | { readonly kind: 'filter'; readonly field: TextField; readonly before: string }
  /** Texts that may be longer than the screen. */
  | { readonly kind: 'whole' | 'help'; readonly top: number; readonly under: Under }
  | {
      readonly kind: 'form';
      readonly asked: Asked;
      readonly form: Form;
      /** What would break; null: it is still looked up. */
      readonly card: readonly Safe[] | null;
      readonly under: Under;
    }
  /** A change is under way: no key means anything. */
  | { readonly kind: 'changing'; readonly change: TriageChange; readonly under: Under };

export interface TriageState {
  readonly picture: TriagePicture | null;
  readonly freshness: Freshness;
  /** Of the screen's clock, milliseconds since 1970. */
  readonly now: number;
  /** By how much the clock of the database is ahead of the screen's. */
  readonly skewMs: number;
  /** What is listed, in this order. */
  readonly listed: readonly TriageItem[];
  readonly position: ListPosition;
  readonly filter: string;
  /** A key of the selected incident that `s` and `r` mean alone; null: all of them. */
  readonly chosenKeyId: string | null;
  /** Of the incidents that were selected when they were read. */
  readonly detail: TriageDetail | null;
  readonly use: TriageUse | null;
  readonly mode: TriageMode;
  /** What came of the last change, until the next key. */
  readonly notices: readonly Notice[];
  /** Grows when something changed, so that it is read anew at once. */
  readonly refreshes: number;
  /** The board makes way for this. */
  readonly walk: Walk | null;
  readonly left: boolean;
}

export function startOfTriage(now: number): TriageState {
  return {
    picture: null,
    freshness: nothingLoaded,
    now,
    skewMs: 0,
    listed: [],
    position: listStart,
    filter: '',
    chosenKeyId: null,
    detail: null,
    use: null,
    mode: { kind: 'board' },
    notices: [],
    refreshes: 0,
    walk: null,
    left: false,
  };
}

/** Where somebody is again after a walk: on the same incident, with the same filter. */
export function afterWalk(state: TriageState, now: number): TriageState {
  const { picture, position, filter, skewMs, listed } = state;
  return { ...startOfTriage(now), picture, position, filter, skewMs, listed };
}

export function selectedItem({ listed, position }: TriageState): TriageItem | null {
  return listed.find(({ id }) => id === position.selectedId) ?? listed[0] ?? null;
}

export function selectedIncident(state: TriageState): TriageIncident | null {
  const item = selectedItem(state);
  return item?.kind === 'incident' ? item : null;
}

/** It may be contained without anybody having taken it up: its keys died by themselves. */
export function isAcknowledged({ clocks }: TriageIncident): boolean {
  return clocks.some(({ phase, doneAt }) => phase === 'acknowledge' && doneAt !== null);
}

/** What hangs on the selected incident, when it was read already. */
export function ownDetail({ detail, ...state }: TriageState): TriageDetail | null {
  return detail !== null && detail.id === selectedItem({ detail, ...state })?.id ? detail : null;
}

/** The chosen key while it is there. */
export function chosenKey(state: TriageState): TriageKey | null {
  return ownDetail(state)?.keys.find(({ keyId }) => keyId === state.chosenKeyId) ?? null;
}

/** Now, by the clock of the database, which all boards share. */
export function databaseNow({ now, skewMs }: TriageState): number {
  return now + skewMs;
}

/** How much of it all is on the screen: only who draws knows that. */
export interface Room {
  /** Rows of the list. */
  readonly list: number;
  /** How far a long text can be scrolled. */
  readonly lastTop: number;
}

/** Another picture or filter: the list that fits, with what is selected on its line. */
export function relisted(state: TriageState, change: Partial<TriageState>, room: Room): TriageState {
  const next = { ...state, ...change };
  const listed = itemsOf(next.picture, next.filter);
  const ids = (items: readonly TriageItem[]) => items.map(({ id }) => id);
  return { ...next, listed, position: kept(state.position, ids(state.listed), ids(listed), room.list) };
}

function itemsOf(picture: TriagePicture | null, filter: string): readonly TriageItem[] {
  if (picture === null) return [];
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return [...picture.incidents, ...picture.findings].filter((item) => {
    const text = textOf(item).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function textOf(item: TriageItem): string {
  if (item.kind === 'incident') {
    const { id, title, type, severity, state, lead, phase } = item;
    return [id, title, type, severity, state, lead ?? '', phase ?? ''].join('\n');
  }
  const { id, name, owner, risk } = item;
  const findings = risk.steps.flatMap(({ finding }) => [finding.detector, finding.summary]);
  return [id, name ?? '', owner ?? '', ...findings].join('\n');
}

/** Where a question or a text that covers the screen leads back to. */
export function modeUnder(under: Under): TriageMode {
  return under === 'whole' ? { kind: 'whole', top: 0, under: 'board' } : { kind: 'board' };
}
