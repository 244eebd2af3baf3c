import type { ReviewDetail, ReviewPicture, ReviewSubject } from '../../domain/review.js';
import type { Safe } from '../../render/terminal-text.js';
import type { ChangeOutcome, Notice } from '../kit/notice.js';

/** A change that was asked for, with everything it needs. */
export type ReviewChange =
  | { readonly kind: 'acknowledge'; readonly findingIds: readonly string[] }
  | {
      readonly kind: 'dismiss';
      readonly findingIds: readonly string[];
      readonly reason: string;
      /** RFC 3339; null: the same may be raised again at once. */
      readonly suppressUntil: string | null;
    }
  | { readonly kind: 'escalate'; readonly findingIds: readonly string[]; readonly incident: string }
  | {
      readonly kind: 'suspend';
      readonly keyIds: readonly string[];
      readonly reason: string;
      /** Null: until somebody resumes them. */
      readonly forSeconds: number | null;
    }
  | {
      readonly kind: 'revoke';
      readonly keyIds: readonly string[];
      readonly reason: string;
      readonly code: string;
    };

export type ReviewChangeKind = ReviewChange['kind'];

/** What the review asks of the world. Errors reject with a message for people. */
export interface ReviewPort {
  /** Host, database and role. */
  readonly place: Safe;
  readonly readOnly: boolean;
  /** What is offered beside reading; a change that is not there has no key. */
  readonly changes: readonly ReviewChangeKind[];
  /** `keyctl`, with the global flags that this screen was started with. */
  readonly program: string;
  now(): number;
  load(): Promise<ReviewPicture>;
  /** Requests of each of the last 24 hours, the oldest first, by the subjects' ids. */
  days(subjects: readonly ReviewSubject[]): Promise<ReadonlyMap<string, readonly number[]>>;
  detail(subject: ReviewSubject): Promise<ReviewDetail>;
  /** What would break without these keys, as `keyctl revoke` shows it. */
  card(keyIds: readonly string[], columns: number): Promise<readonly Safe[]>;
  /** Brings rollups and baselines up to date and judges anew; says what came of it. */
  judge(): Promise<Notice>;
  change(change: ReviewChange): Promise<ChangeOutcome>;
}
