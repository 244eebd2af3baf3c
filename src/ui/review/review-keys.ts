import type { Binding } from '../kit/key-table.js';
import type { ReviewChangeKind } from './review-port.js';

export type ReviewCommand =
  | ReviewChangeKind
  | 'down'
  | 'up'
  | 'page-down'
  | 'page-up'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'mark'
  | 'filter'
  | 'sort'
  | 'shows'
  | 'sql'
  | 'judge'
  | 'quit'
  | 'help';

type Row = Binding<ReviewCommand>;

const changes: readonly Row[] = [
  {
    command: 'acknowledge',
    keys: ['a'],
    label: 'ack',
    help: 'acknowledge the findings: somebody looks into them',
    changes: true,
  },
  {
    command: 'dismiss',
    keys: ['d'],
    label: 'dismiss',
    help: 'dismiss the findings, with a reason',
    changes: true,
  },
  {
    command: 'suspend',
    keys: ['s'],
    label: 'suspend',
    help: 'suspend the key; can be undone',
    changes: true,
  },
  { command: 'revoke', keys: ['r'], label: 'revoke', help: 'revoke the key, for good', changes: true },
  {
    command: 'escalate',
    keys: ['i'],
    label: 'incident',
    help: 'make the findings part of an incident',
    changes: true,
  },
];

const others: readonly Row[] = [
  { command: 'sql', keys: ['S'], label: 'sql', help: 'the queries that reproduce the numbers' },
  {
    command: 'mark',
    keys: ['space'],
    label: 'mark',
    help: 'mark the key: actions then mean all marked ones',
  },
  {
    command: 'filter',
    keys: ['/'],
    label: 'filter',
    help: 'only keys whose line or findings hold these words',
  },
  { command: 'sort', keys: ['o'], label: 'sort', help: 'another order: risk, last use, age, owner, key' },
  { command: 'shows', keys: ['v'], label: null, help: 'what nobody has looked at yet, or all' },
  { command: 'judge', keys: ['R'], label: null, help: 'count, judge anew and load' },
  { command: 'down', keys: ['down', 'j'], label: null, help: 'the next one' },
  { command: 'up', keys: ['up', 'k'], label: null, help: 'the one before' },
  { command: 'page-down', keys: ['pagedown', 'ctrl-f'], label: null, help: 'a page down' },
  { command: 'page-up', keys: ['pageup', 'ctrl-b'], label: null, help: 'a page up' },
  { command: 'first', keys: ['home', 'g'], label: null, help: 'the first one' },
  { command: 'last', keys: ['end', 'G'], label: null, help: 'the last one' },
  { command: 'open', keys: ['enter', 'right'], label: null, help: 'the key alone, with all its findings' },
  {
    command: 'back',
    keys: ['escape', 'left'],
    label: null,
    help: 'one step back; takes marks and the filter away',
  },
  { command: 'quit', keys: ['q'], label: null, help: 'leave' },
  { command: 'help', keys: ['?'], label: 'help', help: 'this list' },
];

/** The keys of the review: what they do, what the footer calls them and what the help says, in one table. */
export function reviewKeys(offered: readonly ReviewChangeKind[]): readonly Row[] {
  return [...changes.filter(({ command }) => offered.some((kind) => kind === command)), ...others];
}
