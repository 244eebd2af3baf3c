import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import type { keys } from '../keys-view.js';

/** A key as people see it: the view `keyctl.keys` (no secrets, the status that is true now) and its owner. */
export interface KeyRow {
  readonly key: typeof keys.$inferSelect;
  readonly owner: {
    readonly email: string | null;
    readonly name: string | null;
    readonly userId: string | null;
  } | null;
}

/**
 * Keys with their owners, oldest version of each family first. In `sql` instead of the builder, because this stands on the
 * path of `revoke`: Drizzle's tables and session cost 17 ms of a start, `sql` alone next to nothing.
 * @param where a condition on `k` (keyctl.keys) and `o` (keyctl.owners)
 */
export async function selectKeys(
  db: Executor,
  where: SQL,
  order: SQL = sql`k.family_id, k.version`,
): Promise<KeyRow[]> {
  const rows = await db.execute(sql`
    select to_jsonb(k) || jsonb_build_object('budget_usd', k.budget_usd::text) as key,
      case when o.owner_id is not null then
        jsonb_build_object('email', o.email, 'name', o.name, 'user_id', o.user_id) end as owner
    from keyctl.keys k left join keyctl.owners o on o.owner_id = k.owner_id
    where ${where} order by ${order}`);
  return Array.from(rows, (row) => ({
    key: camelNames(row.key) as KeyRow['key'],
    owner: row.owner === null ? null : (camelNames(row.owner) as KeyRow['owner']),
  }));
}

/** Names are looked up, not made again: for one key that is 5 µs instead of 27, where Drizzle's part takes 5. */
function camelNames(row: unknown): unknown {
  const named: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row as object)) named[camelName(name)] = value;
  return named;
}

const camelled = new Map<string, string>();

/** Only ever asked for columns of the view, so it does not grow. */
function camelName(name: string): string {
  const known = camelled.get(name);
  if (known !== undefined) return known;
  const made = name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
  camelled.set(name, made);
  return made;
}

/** Texts as an array for `= any (…)`; JSON, because array parameters would need type look-ups of their own (F36). */
export function anyOf(values: readonly string[]): SQL {
  return sql`any (array(select jsonb_array_elements_text(${JSON.stringify(values)}::jsonb)))`;
}

/** Keys that fit any of the given texts, and the whole families of those that fit by name. */
export interface KeyCandidates {
  readonly ids?: readonly string[];
  readonly idStarts?: readonly string[];
  readonly names?: readonly string[];
  readonly externalIds?: readonly string[];
  readonly fingerprints?: readonly string[];
}

export async function findCandidates(db: Executor, wanted: KeyCandidates): Promise<KeyRow[]> {
  const { ids = [], idStarts = [], names = [], externalIds = [], fingerprints = [] } = wanted;
  const conditions: SQL[] = [];
  if (ids.length > 0) conditions.push(sql`k.id = ${anyOf(ids)}`);
  for (const start of idStarts) conditions.push(sql`starts_with(k.id, ${start})`);
  if (names.length > 0) {
    conditions.push(
      sql`k.family_id in (select n.family_id from keyctl.keys n where n.name = ${anyOf(names)})`,
    );
  }
  if (externalIds.length > 0) conditions.push(sql`k.external_id = ${anyOf(externalIds)}`);
  if (fingerprints.length > 0) conditions.push(sql`k.fingerprint = ${anyOf(fingerprints)}`);
  return conditions.length === 0 ? [] : await selectKeys(db, sql.join(conditions, sql` or `));
}

/** All keys of the given families, oldest version first. */
export function familyKeys(db: Executor, familyIds: readonly string[]): Promise<KeyRow[]> {
  return selectKeys(db, sql`k.family_id = ${anyOf(familyIds)}`);
}
