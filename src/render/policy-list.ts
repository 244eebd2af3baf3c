import type { Policy } from '../db/reads/policies.js';
import { formatDuration } from '../domain/duration.js';
import { isoTime } from '../domain/stored-time.js';
import { grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `keys policy list`. */
export const policyList: Renderer<readonly Policy[]> = {
  text: (value, view) =>
    joinLines([
      tableText(columns, value, view),
      view.style.muted(line`A key follows its policy and its environment, of each span the shorter one;`),
      view.style.muted(line`one that names neither follows standard.`),
    ]),
  json: (value) => ({ policies: value.map(policyRecord), next_cursor: null }),
  records: (value) => value.map(policyRecord),
  columns: [
    ...[
      'name',
      'applies_to',
      'rotate_every_seconds',
      'grace_seconds',
      'keep_previous',
      'review_every_seconds',
    ],
    ...['expires_within_seconds', 'keys', 'rotations_due', 'left_out', 'reviews_due', 'set_at', 'set_by'],
  ],
  ids: (value) => value.map((policy) => policy.name),
};

const span = (seconds: number | null): Safe => (seconds === null ? line`–` : clean(formatDuration(seconds)));

const columns: readonly Column<Policy>[] = [
  { heading: line`NAME`, cell: ({ name }) => clean(name), shrinks: true },
  { heading: line`FOR`, cell: ({ appliesTo }) => (appliesTo === 'policy' ? line`policy` : line`environ.`) },
  { heading: line`ROTATE`, cell: (policy) => span(policy.rotateEverySeconds) },
  { heading: line`GRACE`, cell: graceText },
  { heading: line`REVIEW`, cell: (policy) => span(policy.reviewEverySeconds) },
  { heading: line`EXPIRY`, cell: (policy) => span(policy.expiresWithinSeconds) },
  { heading: line`KEYS`, cell: ({ keys }) => grouped(keys), align: 'right' },
  { heading: line`DUE`, cell: (policy, view) => dueText(policy.rotationsDue, view), align: 'right' },
  { heading: line`REV.`, cell: (policy, view) => dueText(policy.reviewsDue, view), align: 'right' },
  { heading: line`LEFT OUT`, cell: ({ leftOut }) => grouped(leftOut), align: 'right' },
];

function graceText({ keepPrevious, graceSeconds }: Policy): Safe {
  if (keepPrevious === true) return line`kept`;
  return graceSeconds === 0 ? line`none` : span(graceSeconds);
}

function dueText(count: number, { style }: View): Safe {
  return count === 0 ? line`0` : style.warning(grouped(count));
}

function policyRecord(policy: Policy): Record<string, Json> {
  return {
    name: policy.name,
    applies_to: policy.appliesTo,
    rotate_every_seconds: policy.rotateEverySeconds,
    grace_seconds: policy.graceSeconds,
    keep_previous: policy.keepPrevious,
    review_every_seconds: policy.reviewEverySeconds,
    expires_within_seconds: policy.expiresWithinSeconds,
    keys: policy.keys,
    rotations_due: policy.rotationsDue,
    left_out: policy.leftOut,
    reviews_due: policy.reviewsDue,
    set_at: isoTime(policy.setAt),
    set_by: policy.setBy,
  };
}
