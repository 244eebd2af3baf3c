import { familyKeys, type KeyRow } from '../../db/reads/keys.js';
import type { Raised } from '../../domain/detect/raised.js';
import type { Context } from '../context.js';

interface FindingKey {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly version: number;
  readonly status: string;
  readonly owner: string | null;
}

/** The keys that findings are about. */
export interface KeyFacts {
  /** The key that a finding names, or the newest one of its family that was activated; null: an address alone. */
  keyOf(raised: Pick<Raised, 'keyId' | 'familyId'>): FindingKey | null;
  /** The keys of a family, oldest first. */
  idsOf(familyId: string): readonly string[];
}

export async function keyFacts(ctx: Context, raised: readonly Raised[]): Promise<KeyFacts> {
  const ids = [...new Set(raised.flatMap(({ familyId }) => (familyId === null ? [] : [familyId])))];
  const rows = ids.length === 0 ? [] : await ctx.db.query((db) => familyKeys(db, ids));
  const families = new Map<string, KeyRow[]>();
  for (const row of rows) {
    const family = families.get(row.key.familyId) ?? [];
    family.push(row);
    families.set(row.key.familyId, family);
  }
  return {
    keyOf({ keyId, familyId }) {
      const family = familyId === null ? [] : (families.get(familyId) ?? []);
      const named = family.find(({ key }) => key.id === keyId);
      const newest = family.findLast(({ key }) => key.activatedAt !== null) ?? family.at(-1);
      const row = named ?? newest;
      return row === undefined ? null : keyOf(row);
    },
    idsOf: (familyId) => (families.get(familyId) ?? []).map(({ key }) => key.id),
  };
}

function keyOf({ key, owner }: KeyRow): FindingKey {
  const { id, name, externalId, version, status } = key;
  return { id, name, externalId, version, status, owner: owner?.email ?? null };
}
