import type { DueReview } from '../db/reads/due-reviews.js';
import { formatDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import type { Json, Renderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, line, type Safe } from './terminal-text.js';

export interface ReviewList {
  readonly reviews: readonly DueReview[];
  /** Where was looked, for an empty answer. */
  readonly where: string;
}

/** `keys review` without a KEY: whose access has to be looked at. */
export const reviewList: Renderer<ReviewList> = {
  text: ({ reviews, where }, view) =>
    reviews.length === 0 ? line`no review is due in ${clean(where)}` : tableText(columns, reviews, view),
  json: ({ reviews }) => ({ reviews: reviews.map(reviewRecord), next_cursor: null }),
  records: ({ reviews }) => reviews.map(reviewRecord),
  columns: [
    ...['key_id', 'name', 'version', 'status', 'owner', 'policy', 'environment', 'scopes'],
    ...['review_every_seconds', 'reviewed_at', 'review_due_at', 'last_used_at'],
  ],
  ids: ({ reviews }) => reviews.map(({ keyId }) => keyId),
};

const since = (at: string | null, { now }: View): Safe =>
  at === null ? line`never` : clean(ago(new Date(isoTime(at)), now));

const columns: readonly Column<DueReview>[] = [
  { heading: line`KEY`, cell: ({ keyId }) => clean(keyId) },
  { heading: line`NAME`, cell: ({ name }) => clean(name), shrinks: true },
  { heading: line`OWNER`, cell: ({ owner }) => clean(owner ?? ''), shrinks: true },
  { heading: line`EVERY`, cell: ({ reviewEverySeconds }) => clean(formatDuration(reviewEverySeconds)) },
  { heading: line`REVIEWED`, cell: ({ reviewedAt }, view) => since(reviewedAt, view) },
  { heading: line`DUE`, cell: ({ dueAt }, view) => since(dueAt, view) },
  { heading: line`LAST USE`, cell: ({ lastUsedAt }, view) => since(lastUsedAt, view) },
];

function reviewRecord(review: DueReview): Record<string, Json> {
  return {
    key_id: review.keyId,
    name: review.name,
    version: review.version,
    status: review.status,
    owner: review.owner,
    policy: review.policy,
    environment: review.environment,
    scopes: review.scopes,
    review_every_seconds: review.reviewEverySeconds,
    reviewed_at: isoTime(review.reviewedAt),
    review_due_at: isoTime(review.dueAt),
    last_used_at: isoTime(review.lastUsedAt),
  };
}
