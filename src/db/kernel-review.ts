import { sql } from 'drizzle-orm';
import type { ReviewDecision } from '../domain/access-review.js';
import { answer, type Change, type ChangeAnswer, type Executor, json, who } from './kernel.js';

/** The typed call of the kernel that records an access review; see `kernel.ts`. */

/** What a key may still do after `narrow`; absent: as before. snake_case because it travels as JSON. */
export interface NarrowedAccess {
  readonly scopes?: readonly string[];
  readonly allowed_ips?: readonly string[];
}

export interface ReviewAnswer extends ChangeAnswer {
  readonly outcome: 'reviewed';
  readonly key_id: string;
  readonly decision: ReviewDecision;
  readonly reviewed_at: string;
  /** Null: nobody asks for another one. */
  readonly next_review_at: string | null;
  readonly before: NarrowedAccess;
  readonly after: NarrowedAccess;
  readonly revoked_at: string | null;
}

export function reviewKey(
  db: Executor,
  change: Change,
  input: { keyId: string; decision: ReviewDecision; narrowed: NarrowedAccess | null; reason: string },
): Promise<ReviewAnswer> {
  return answer(
    db,
    sql`select keyctl.review_key(${who(change)}, ${input.keyId}, ${input.decision}, ${json(input.narrowed)}, ${input.reason}) as answer`,
  );
}
