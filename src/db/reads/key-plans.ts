import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { anyOf, type KeyRow } from './keys.js';

/** What a key waits for by date (the views `rotation_plan` and `review_plan`); null where nothing waits. */
export interface KeyPlan {
  readonly rotationDueAt: string | null;
  readonly rotationDueCause: 'weak' | 'policy' | 'expiry' | null;
  /** Why nobody rotates it by date all the same. */
  readonly leftOut: 'exempt' | 'decoy' | 'retirement_planned' | 'no_secret' | null;
  readonly reviewDueAt: string | null;
}

export interface PlannedKey extends KeyRow {
  readonly plan: KeyPlan;
}

const nothing: KeyPlan = { rotationDueAt: null, rotationDueCause: null, leftOut: null, reviewDueAt: null };

/** The plan of one key as a value in a list of columns. */
export function planOf(keyId: SQL): SQL<KeyPlan> {
  return sql<KeyPlan>`${JSON.stringify(nothing)}::text::jsonb
    || coalesce((select jsonb_build_object('rotationDueAt', p.due_at, 'rotationDueCause', p.due_cause, 'leftOut', p.left_out)
      from keyctl.rotation_plan p where p.key_id = ${keyId}), '{}')
    || coalesce((select jsonb_build_object('reviewDueAt', v.due_at) from keyctl.review_plan v where v.key_id = ${keyId}), '{}')`;
}

/** The keys with their plans; read apart, because nothing that has to be quick needs them. */
export async function withPlans(db: Executor, rows: readonly KeyRow[]): Promise<readonly PlannedKey[]> {
  const ids = rows.map((row) => row.key.id);
  const found = await db.execute(
    sql`select k.id, ${planOf(sql`k.id`)} as plan from keyctl.keys k where k.id = ${anyOf(ids)}`,
  );
  const plans = new Map(found.map((row) => [String(row.id), row.plan as KeyPlan]));
  return rows.map((row) => ({ ...row, plan: plans.get(row.key.id) ?? nothing }));
}
