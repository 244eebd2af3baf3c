import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { anyOf } from './keys.js';

/** Which keys `rotate due` means. */
export interface DueFilter {
  /** Null: as each key's policy and expiry say (`rotation_plan`). */
  readonly olderThanSeconds: number | null;
  /** Keys that follow this policy or environment only. */
  readonly policy: string | null;
  /**
   * Keys that were active by then, as the database writes times: with a short `--older-than` a run would else come round to
   * the successors it has just made.
   */
  readonly activeBefore: string;
}

/** A key that is active and due by date. Times as the database writes them. */
export interface DueKey {
  readonly keyId: string;
  readonly version: number;
  readonly name: string;
  readonly prefix: string | null;
  readonly ownerEmail: string | null;
  /** Since when; with `olderThanSeconds` since when it is active. */
  readonly dueAt: string;
  readonly dueCause: 'weak' | 'policy' | 'expiry' | 'age';
  /** Why it is not rotated by date all the same. */
  readonly leftOut: 'exempt' | 'decoy' | 'retirement_planned' | 'no_secret' | null;
  readonly exemptReason: string | null;
  readonly retireOn: string | null;
}

/** A place in the order of due keys: the longest due first. */
export interface DueCursor {
  readonly dueAt: string;
  readonly keyId: string;
}

interface DuePage {
  readonly filter: DueFilter;
  readonly leftOut: boolean;
  readonly after: DueCursor | null;
  readonly limit: number;
}

/** The next keys that are due: to be rotated, or (`leftOut`) those that nobody rotates by date. */
export async function dueKeys(db: Executor, { filter, leftOut, after, limit }: DuePage): Promise<DueKey[]> {
  const since = sinceOf(filter);
  const next =
    after === null
      ? sql`true`
      : sql`(${since}, p.key_id) > (${after.dueAt}::timestamptz, ${after.keyId}::text)`;
  const rows = await db.execute(sql`
    select jsonb_build_object('keyId', p.key_id, 'version', p.version, 'name', p.name, 'prefix', p.prefix,
      'ownerEmail', o.email, 'dueAt', ${since}, 'dueCause', ${causeOf(filter)}, 'leftOut', p.left_out,
      'exemptReason', p.exempt_reason, 'retireOn', k.retire_on) as due
    from keyctl.rotation_plan p join keyctl.keys k on k.id = p.key_id left join keyctl.owners o on o.owner_id = k.owner_id
    where ${isDue(filter)} and p.left_out is ${leftOut ? sql`not null` : sql`null`} and ${next}
    order by ${since}, p.key_id limit ${limit}::int`);
  return rows.map((row) => row.due as DueKey);
}

/** Those of these keys that are due still, and not left out. */
export async function stillDue(
  db: Executor,
  filter: DueFilter,
  keyIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.execute(sql`
    select p.key_id from keyctl.rotation_plan p
    where p.key_id = ${anyOf(keyIds)} and p.left_out is null and ${isDue(filter)}`);
  return new Set(Array.from(rows, (row) => String(row.key_id)));
}

/** How many keys are due and not left out. */
export async function countDue(db: Executor, filter: DueFilter): Promise<number> {
  const [row] = await db.execute(sql`
    select count(*)::int as due from keyctl.rotation_plan p where p.left_out is null and ${isDue(filter)}`);
  return Number(row?.due);
}

/** What a run begins with: the database's time, and the names that `--policy` may have. */
export async function dueGround(
  db: Executor,
): Promise<{ readonly now: string; readonly policies: readonly string[] }> {
  const [row] = await db.execute(sql`
    select to_jsonb(clock_timestamp()) as now,
      (select coalesce(jsonb_agg(name order by applies_to desc, name), '[]') from keyctl.policies) as policies`);
  return { now: String(row?.now), policies: row?.policies as readonly string[] };
}

function sinceOf({ olderThanSeconds }: DueFilter): SQL {
  // A key that only a digest proves is due at once, however old it is.
  return olderThanSeconds === null
    ? sql`p.due_at`
    : sql`coalesce(case when p.due_cause = 'weak' then p.due_at end, p.activated_at)`;
}

function causeOf({ olderThanSeconds }: DueFilter): SQL {
  return olderThanSeconds === null
    ? sql`p.due_cause`
    : sql`case when p.due_cause = 'weak' then 'weak' else 'age' end`;
}

/** The same as `rotate_prepare` decides again under the lock. */
function isDue({ olderThanSeconds, policy, activeBefore }: DueFilter): SQL {
  const conditions = [
    olderThanSeconds === null
      ? sql`p.due_at <= statement_timestamp()`
      : sql`(p.due_cause = 'weak' or p.activated_at <= statement_timestamp() - make_interval(secs => ${olderThanSeconds}::double precision))`,
    sql`p.activated_at <= ${activeBefore}::timestamptz`,
  ];
  if (policy !== null) {
    // A key that names neither a policy nor an environment follows `standard` (policy_for).
    conditions.push(
      sql`${policy} in (coalesce(p.policy, case when p.environment is null then 'standard' end), p.environment)`,
    );
  }
  return sql.join(conditions, sql` and `);
}
