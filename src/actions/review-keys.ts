import { type NarrowedAccess, type ReviewAnswer, reviewKey } from '../db/kernel-review.js';
import { type PlannedKey, withPlans } from '../db/reads/key-plans.js';
import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import { type UsageGroups, usageGroups } from '../db/reads/usage-groups.js';
import type { Target } from '../db/settings.js';
import type { ReviewDecision } from '../domain/access-review.js';
import { type Context, changeOf } from './context.js';
import { type Changes, changeEach } from './each-key.js';
import { usageAsOf } from './read-usage.js';

/** What a key may do, and what its family used of it in the last 90 days: an access outlives its rotations. */
export interface AccessEvidence {
  readonly target: Target;
  readonly row: PlannedKey;
  /** RFC 3339. */
  readonly since: string;
  readonly asOf: string | null;
  /** The most used ones. */
  readonly endpoints: UsageGroups;
  readonly ips: UsageGroups;
  /** All of them; an event that names none is counted under null. */
  readonly models: UsageGroups;
}

export interface KeyReview {
  readonly row: KeyRow;
  readonly decision: ReviewDecision;
  /** For `narrow` alone. */
  readonly narrowed: NarrowedAccess | null;
  readonly reason: string;
}

const windowMs = 90 * 86_400_000;
const mostShown = 10;

/** What somebody has to see who decides about a key's access. */
export async function accessEvidence(ctx: Context, row: KeyRow): Promise<AccessEvidence> {
  const { familyId } = row.key;
  const [planned] = await ctx.db.query((db) => withPlans(db, [row]));
  if (planned === undefined) throw new RangeError('a plan for each key');
  const family = await ctx.db.query((db) => familyKeys(db, [familyId]));
  const since = new Date(ctx.now().getTime() - windowMs).toISOString();
  const filter = { keyIds: family.map(({ key }) => key.id), since, until: null, keyVersion: null };
  const counted = (by: 'endpoint' | 'ip' | 'model', limit: number | null) =>
    ctx.db.query((db) => usageGroups(db, filter, by, { limit, lean: true }));
  return {
    target: ctx.db.target,
    row: planned,
    since,
    endpoints: await counted('endpoint', mostShown),
    ips: await counted('ip', mostShown),
    models: await counted('model', null),
    asOf: await usageAsOf(ctx),
  };
}

/** Records the reviews and does what each decided: one statement a key. */
export async function reviewKeys(
  ctx: Context,
  reviews: readonly KeyReview[],
): Promise<Changes<ReviewAnswer>> {
  const byId = new Map(reviews.map((review) => [review.row.key.id, review]));
  const rows = reviews.map(({ row }) => row);
  return await changeEach(ctx, rows, (db, keyId) => {
    const review = byId.get(keyId);
    if (review === undefined) throw new RangeError('a review for each key');
    const { decision, narrowed, reason } = review;
    return reviewKey(db, changeOf(ctx), { keyId, decision, narrowed, reason });
  });
}
