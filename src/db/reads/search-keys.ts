import { desc, eq, sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { keys } from '../keys-view.js';
import { owners } from '../schema.js';

/** As many as a person can be searching among; more are found by narrowing on the command line. */
const searchLimit = 20_000;

/** A key as it is searched for. */
export type SearchedKey = Awaited<ReturnType<typeof searchableKeys>>[number];

/** Every key in short, the last used first: what a search on a terminal filters, so that no connection waits for typing. */
export function searchableKeys(orm: PostgresJsDatabase) {
  return orm
    .select({
      id: keys.id,
      name: keys.name,
      externalId: keys.externalId,
      version: keys.version,
      status: keys.status,
      owner: owners.email,
      lastUsedAt: keys.lastUsedAt,
    })
    .from(keys)
    .leftJoin(owners, eq(keys.ownerId, owners.ownerId))
    .orderBy(
      sql`${keys.status} in ('revoked', 'replaced')`,
      desc(sql`coalesce(${keys.lastUsedAt}, ${keys.createdAt})`),
    )
    .limit(searchLimit);
}
