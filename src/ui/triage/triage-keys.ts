import type { TriageItem } from '../../domain/triage.js';
import type { Binding } from '../kit/key-table.js';
import type { TriageChangeKind } from './triage-port.js';

export type TriageCommand =
  | TriageChangeKind
  | 'next-step'
  | 'walkthrough'
  | 'down'
  | 'up'
  | 'page-down'
  | 'page-up'
  | 'first'
  | 'last'
  | 'whole'
  | 'key'
  | 'back'
  | 'filter'
  | 'refresh'
  | 'quit'
  | 'help';

export interface TriageBinding extends Binding<TriageCommand> {
  /** What it is about; without: anything. */
  readonly of?: TriageItem['kind'];
}

/** The keys of the board: what they do, what the footer calls them and what the help says, in one table. */
export const triageKeys: readonly TriageBinding[] = [
  {
    ...{ command: 'next-step', keys: ['enter'], label: 'next', of: 'incident', changes: true },
    help: 'run the next step of its walkthrough, and come back',
  },
  {
    ...{ command: 'walkthrough', keys: ['w'], label: 'walkthrough', of: 'incident', changes: true },
    help: 'go on with its walkthrough here, and come back',
  },
  {
    ...{ command: 'acknowledge', keys: ['a'], label: 'ack', of: 'incident', changes: true },
    help: 'acknowledge the incident: you have taken it up',
  },
  {
    ...{ command: 'assign', keys: ['l'], label: 'lead', of: 'incident', changes: true },
    help: 'say who leads it',
  },
  {
    ...{ command: 'note', keys: ['n'], label: 'note', of: 'incident', changes: true },
    help: 'write a note into its timeline',
  },
  {
    ...{ command: 'suspend', keys: ['s'], label: 'suspend', of: 'incident', changes: true },
    help: 'suspend its keys, or the chosen one; can be undone',
  },
  {
    ...{ command: 'revoke', keys: ['r'], label: 'revoke', of: 'incident', changes: true },
    help: 'revoke its keys, or the chosen one, for good',
  },
  {
    ...{ command: 'key', keys: ['tab'], label: null, of: 'incident' },
    help: 'choose one of its keys: s and r then mean that one alone',
  },
  {
    ...{ command: 'link', keys: ['k'], label: 'link key', of: 'incident', changes: true },
    help: 'say that another key belongs to it',
  },
  {
    ...{ command: 'escalate', keys: ['i'], label: 'make it an incident', of: 'finding', changes: true },
    help: 'make an incident of what was found',
  },
  { command: 'whole', keys: ['t', 'right'], label: 'all', help: 'it alone, with its whole timeline' },
  { command: 'filter', keys: ['/'], label: 'filter', help: 'only what holds these words' },
  { command: 'refresh', keys: ['R'], label: null, help: 'load at once (it does so each second)' },
  { command: 'down', keys: ['down', 'j'], label: null, help: 'the next one' },
  { command: 'up', keys: ['up'], label: null, help: 'the one before' },
  { command: 'page-down', keys: ['pagedown', 'ctrl-f'], label: null, help: 'a page down' },
  { command: 'page-up', keys: ['pageup', 'ctrl-b'], label: null, help: 'a page up' },
  { command: 'first', keys: ['home', 'g'], label: null, help: 'the first one' },
  { command: 'last', keys: ['end', 'G'], label: null, help: 'the last one' },
  {
    command: 'back',
    keys: ['escape', 'left'],
    label: null,
    help: 'one step back; takes the chosen key and the filter away',
  },
  { command: 'quit', keys: ['q'], label: null, help: 'leave' },
  { command: 'help', keys: ['?'], label: 'help', help: 'this list' },
];

/** What the footer offers: nothing that is refused here, or that is about something else than what is selected. */
export function offeredKeys(selected: TriageItem | null, readOnly: boolean): readonly TriageBinding[] {
  return triageKeys.filter(
    ({ of, changes }) => (of === undefined || of === selected?.kind) && !(readOnly && changes === true),
  );
}
