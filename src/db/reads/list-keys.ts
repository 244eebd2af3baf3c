import { and, asc, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { keys } from '../keys-view.js';
import { owners } from '../schema.js';
import { type PlannedKey, planOf } from './key-plans.js';

export const sortings = ['name', 'created', 'last-used', 'expires', 'owner', 'status', 'due'] as const;
export type Sorting = (typeof sortings)[number];

/** What `keys list` narrows by; everything given has to fit. Ages are whole seconds, counted by the database's clock. */
export interface KeyFilter {
  readonly statuses?: readonly string[] | undefined;
  readonly owner?: string | undefined;
  readonly userId?: string | undefined;
  readonly workspace?: string | undefined;
  readonly prefix?: string | undefined;
  readonly level?: string | undefined;
  readonly environment?: string | undefined;
  /** Keys that have to be rotated by then (0: now), also those that are left out of it (`rotation_plan`). */
  readonly due?: { readonly olderThanSeconds: number | null } | undefined;
  readonly olderThanSeconds?: number | undefined;
  /** Living keys whose expiry lies within this time. */
  readonly expiringWithinSeconds?: number | undefined;
  /** Living keys without a use in this time, also never used ones that are older than that. */
  readonly unusedForSeconds?: number | undefined;
  readonly weak?: boolean | undefined;
  readonly sort: Sorting;
  readonly limit: number;
  /** Where the page before ended: the `next_cursor` it gave. */
  readonly offset: number;
}

const since = (seconds: number) =>
  sql`statement_timestamp() - make_interval(secs => ${seconds}::double precision)`;
const living = sql`${keys.status} not in ('revoked', 'replaced')`;
const usable = sql`${keys.status} in ('active', 'retiring')`;

function conditionsOf(filter: KeyFilter): SQL[] {
  const conditions: SQL[] = [];
  if (filter.statuses !== undefined) conditions.push(inArray(keys.status, [...filter.statuses]));
  if (filter.owner !== undefined) conditions.push(eq(owners.email, filter.owner.toLowerCase()));
  if (filter.userId !== undefined) conditions.push(eq(owners.userId, filter.userId));
  if (filter.workspace !== undefined) {
    conditions.push(
      sql`(${keys.workspaceId} = ${filter.workspace} or ${filter.workspace} = any (${keys.workspaceAccess}))`,
    );
  }
  if (filter.prefix !== undefined) conditions.push(eq(keys.prefix, filter.prefix));
  if (filter.level !== undefined) conditions.push(eq(keys.level, filter.level));
  if (filter.environment !== undefined) conditions.push(eq(keys.environment, filter.environment));
  if (filter.due !== undefined) {
    const { olderThanSeconds: age } = filter.due;
    const old = age === null ? sql`` : sql` or p.activated_at <= ${since(age)}`;
    conditions.push(
      sql`${keys.id} in (select p.key_id from keyctl.rotation_plan p where p.due_at <= ${since(0)}${old})`,
    );
  }
  if (filter.olderThanSeconds !== undefined)
    conditions.push(sql`${keys.createdAt} <= ${since(filter.olderThanSeconds)}`);
  if (filter.expiringWithinSeconds !== undefined) {
    conditions.push(
      sql`${living} and ${keys.expiresAt} > statement_timestamp() and ${keys.expiresAt} <= ${since(-filter.expiringWithinSeconds)}`,
    );
  }
  if (filter.unusedForSeconds !== undefined) {
    conditions.push(
      sql`${usable} and coalesce(${keys.lastUsedAt}, ${keys.activatedAt}, ${keys.createdAt}) <= ${since(filter.unusedForSeconds)}`,
    );
  }
  if (filter.weak === true) conditions.push(sql`${living} and not (${keys.verifiable} and not ${keys.weak})`);
  return conditions;
}

const orders: Readonly<Record<Sorting, () => SQL[]>> = {
  name: () => [asc(keys.name), asc(keys.version)],
  created: () => [desc(keys.createdAt)],
  'last-used': () => [sql`${keys.lastUsedAt} desc nulls last`],
  expires: () => [sql`${keys.expiresAt} asc nulls last`],
  owner: () => [sql`${owners.email} asc nulls last`, asc(keys.name)],
  status: () => [asc(keys.status), asc(keys.name)],
  due: () => [sql`(select p.due_at from keyctl.rotation_plan p where p.key_id = ${keys.id}) asc nulls last`],
};

/** Those that somebody has to rotate stand before those that are left out, so that the first page tells of any. */
const leftOutLast = () =>
  sql`(select p.left_out is not null from keyctl.rotation_plan p where p.key_id = ${keys.id}) asc`;

export interface KeyPage {
  readonly rows: readonly PlannedKey[];
  readonly nextOffset: number | null;
}

/** One page of keys, in a total order, so that pages neither repeat nor miss a key while none is added. */
export async function listKeys(orm: PostgresJsDatabase, filter: KeyFilter): Promise<KeyPage> {
  const rows = await orm
    .select({
      key: keys,
      owner: { email: owners.email, name: owners.name, userId: owners.userId },
      // After the limit: what is not printed is not planned.
      plan: planOf(sql`${keys.id}`),
    })
    .from(keys)
    .leftJoin(owners, eq(keys.ownerId, owners.ownerId))
    .where(and(...conditionsOf(filter)))
    .orderBy(...(filter.due === undefined ? [] : [leftOutLast()]), ...orders[filter.sort](), asc(keys.id))
    .limit(filter.limit + 1)
    .offset(filter.offset);
  const more = rows.length > filter.limit;
  return { rows: rows.slice(0, filter.limit), nextOffset: more ? filter.offset + filter.limit : null };
}
