import type { ReviewSubject } from '../../domain/review.js';

export const sortOrders = ['risk', 'last use', 'age', 'owner', 'key'] as const;
export type SortOrder = (typeof sortOrders)[number];

export interface Shows {
  readonly filter: string;
  readonly sort: SortOrder;
  /** Also what somebody has looked at. */
  readonly all: boolean;
}

/** The subjects that fit, in the order that was asked for; what is equal stays in the order of risk. */
export function shownSubjects(
  subjects: readonly ReviewSubject[],
  { filter, sort, all }: Shows,
): readonly ReviewSubject[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const fitting = subjects.filter((subject) => (all || subject.isOpen) && fits(subject, words));
  const compare = orders[sort];
  return compare === null ? fitting : fitting.toSorted(compare);
}

type Compare = (a: ReviewSubject, b: ReviewSubject) => number;

const textOrder = (a: string | null, b: string | null): number =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1;

const orders: Readonly<Record<SortOrder, Compare | null>> = {
  // As they come.
  risk: null,
  'last use': (a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0),
  age: (a, b) => a.raisedAt - b.raisedAt,
  owner: (a, b) => textOrder(a.owner, b.owner),
  key: (a, b) => textOrder(a.name, b.name),
};

function fits(subject: ReviewSubject, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { id, name, owner, ip, status, risk } = subject;
  const findings = risk.steps.flatMap(({ finding }) => [
    finding.detector,
    finding.family,
    finding.summary,
    finding.incidentId ?? '',
  ]);
  const text = [id, name ?? '', owner ?? '', ip ?? '', status ?? '', risk.severity, ...findings]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
