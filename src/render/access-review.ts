import type { Changes, KeyOutcome } from '../actions/each-key.js';
import type { KeyReview } from '../actions/review-keys.js';
import type { NarrowedAccess, ReviewAnswer } from '../db/kernel-review.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { outcomeCounts, outcomeTexts, resultRecord } from './key-outcomes.js';
import { differences } from './key-update.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

type Settings = Readonly<Record<string, Json>>;

/** `keys review` with a decision. */
export const accessReview: Renderer<Changes<ReviewAnswer>> = {
  text: (value, view) =>
    outcomeTexts(value, view, { what: line`reviewed`, text: ({ answer }) => reviewText(answer, view) }),
  json: (value) => ({
    operation_id: value.operationId,
    results: value.outcomes.map(reviewRecord),
    ...outcomeCounts(value, ['reviewed']),
  }),
  records: (value) =>
    value.outcomes.map((each) => ({ operation_id: value.operationId, ...reviewRecord(each) })),
  ids: (value) => value.outcomes.map((each) => each.row.key.id),
};

const words: Readonly<Record<ReviewAnswer['decision'], Safe>> = {
  keep: line`kept as it is`,
  narrow: line`narrowed`,
  revoke: line`revoked`,
};

function reviewText(answer: ReviewAnswer, view: View): Safe {
  const { style, now } = view;
  const next =
    answer.next_review_at === null
      ? line``
      : line` · next review ${clean(ago(new Date(isoTime(answer.next_review_at)), now))}`;
  const head = line`${style.sign.ok} reviewed, ${words[answer.decision]}${next} · audit ${answer.audit_seq ?? 0}`;
  return joinLines([style.ok(head), ...changed(answer.before, answer.after, view)]);
}

function reviewRecord(outcome: KeyOutcome<ReviewAnswer>): Record<string, Json> {
  const { answer } = outcome;
  return resultRecord(outcome, {
    decision: answer?.decision ?? null,
    reviewed_at: isoTime(answer?.reviewed_at ?? null),
    next_review_at: isoTime(answer?.next_review_at ?? null),
    before: (answer?.before ?? {}) as Settings,
    after: (answer?.after ?? {}) as Settings,
    revoked_at: isoTime(answer?.revoked_at ?? null),
  });
}

/** `keys review --decision --dry-run`; the kernel has the last word. */
export const reviewPlan: Renderer<readonly Omit<KeyReview, 'reason'>[]> = {
  text: (value, view) =>
    joinLines(
      value.flatMap((review) => {
        const { key } = review.row;
        const { before, after } = plannedChange(review);
        return [
          line`${view.style.strong(clean(key.id))}  ${clean(key.name)}  v${key.version}  would be ${words[review.decision]}`,
          ...changed(before, after, view),
        ];
      }),
    ),
  json: (value) => ({
    dry_run: true,
    count: value.length,
    keys: value.map((review) => ({
      key_id: review.row.key.id,
      decision: review.decision,
      ...plannedChange(review),
    })),
  }),
  ids: (value) => value.map(({ row }) => row.key.id),
};

function plannedChange({ row, narrowed }: Omit<KeyReview, 'reason'>): { before: Settings; after: Settings } {
  const now: Settings = { scopes: row.key.scopes, allowed_ips: row.key.allowedIps };
  const after = (narrowed ?? {}) as Settings;
  return { before: Object.fromEntries(Object.keys(after).map((name) => [name, now[name] ?? null])), after };
}

function changed(before: NarrowedAccess | Settings, after: NarrowedAccess | Settings, view: View): Safe[] {
  return differences(before as Settings, after as Settings, view);
}
