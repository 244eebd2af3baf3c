import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { anyOf, type KeyRow, selectKeys } from './keys.js';

/** By what a group of keys is meant; several together narrow it. */
export interface Selection {
  readonly owner?: string | undefined;
  readonly userId?: string | undefined;
  readonly workspace?: string | undefined;
  readonly prefix?: string | undefined;
  readonly familyIds?: readonly string[] | undefined;
}

/** The living keys that fit: what is revoked or replaced already needs nothing and is not counted. */
export function selectedKeys(db: Executor, selection: Selection): Promise<KeyRow[]> {
  const { owner, userId, workspace, prefix, familyIds } = selection;
  const conditions: SQL[] = [sql`k.status not in ('revoked', 'replaced')`];
  if (owner !== undefined) conditions.push(sql`o.email = ${owner.toLowerCase()}`);
  if (userId !== undefined) conditions.push(sql`o.user_id = ${userId}`);
  if (workspace !== undefined) conditions.push(sql`k.workspace_id = ${workspace}`);
  if (prefix !== undefined) conditions.push(sql`k.prefix = ${prefix}`);
  if (familyIds !== undefined) conditions.push(sql`k.family_id = ${anyOf(familyIds)}`);
  return selectKeys(db, sql.join(conditions, sql` and `));
}

/** Every key of a person, the dead ones too. @param email in lower case, as it is stored */
export function keysOfOwner(db: Executor, email: string): Promise<KeyRow[]> {
  return selectKeys(db, sql`o.email = ${email}`);
}

/** The same for who is known by the id that another system gave. */
export function keysOfUserId(db: Executor, userId: string): Promise<KeyRow[]> {
  return selectKeys(db, sql`o.user_id = ${userId}`);
}
