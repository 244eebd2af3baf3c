import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import { monthUse } from '../db/reads/month-use.js';
import { type RatePeak, ratePeaks } from '../db/reads/rate-peaks.js';
import { selectedKeys } from '../db/reads/selection.js';
import { targetName } from '../db/settings.js';
import type { Context } from './context.js';
import { findKeys } from './find-keys.js';

/** Something that is limited, and what of it is used. */
export interface Used {
  readonly used: number;
  /** Null: no limit. */
  readonly allowed: number | null;
}

/** What of its limits a key used: cost, requests and tokens of its family this month, its own peaks of seven days. */
export interface LimitUse {
  readonly row: KeyRow;
  readonly cost: Used;
  readonly requests: Used;
  readonly tokens: Used;
  readonly minute: Used;
  readonly hour: Used;
  readonly peak: RatePeak | null;
  /** Of the one that is used up most; null without any limit. */
  readonly worst: number | null;
}

/** The same of a person: each family counted once, with the largest of its budgets. */
export interface OwnerUse {
  /** Null: keys that nobody owns. */
  readonly email: string | null;
  readonly keys: number;
  readonly cost: Used;
  readonly requests: Used;
  readonly tokens: Used;
  readonly worst: number | null;
}

export interface LimitReport {
  readonly where: string;
  readonly month: string;
  readonly asOf: string;
  /** Worst first. */
  readonly keys: readonly LimitUse[];
  readonly owners: readonly OwnerUse[];
}

const peakDays = 7;

/** @param ref one KEY; null: every living key that has a limit. @throws KeyctlError 3, 2 (KEY not clear) */
export async function readLimits(
  ctx: Context,
  ref: string | null,
  options: { readonly interactive: boolean },
): Promise<LimitReport> {
  const rows = ref === null ? await limitedKeys(ctx) : await theKey(ctx, ref, options);
  const families = await familiesOf(ctx, rows);
  const use = await ctx.db.query((db) => monthUse(db, [...families.keys()]));
  const spent = new Map<string, { requests: number; tokens: number; cost: number }>();
  for (const [keyId, { requests, tokens, costUsd }] of use.byKey) {
    const family = families.get(keyId) ?? '';
    const sum = spent.get(family) ?? { requests: 0, tokens: 0, cost: 0 };
    spent.set(family, {
      ...{ requests: sum.requests + requests, tokens: sum.tokens + tokens },
      cost: sum.cost + Number(costUsd),
    });
  }
  const since = new Date(ctx.now().getTime() - peakDays * 86_400_000).toISOString();
  const rated = rows.filter(({ key }) => ref !== null || key.rpm !== null || key.rph !== null);
  const peaks = await ctx.db.query((db) =>
    ratePeaks(
      db,
      rated.map(({ key }) => key.id),
      since,
    ),
  );
  const keys = rows.map((row) => useOf(row, spent.get(row.key.familyId), peaks.get(row.key.id) ?? null));
  const { month, asOf } = use;
  return {
    where: targetName(ctx.db.target),
    month,
    asOf,
    keys: keys.toSorted(worstFirst),
    owners: ownersOf(keys),
  };
}

async function limitedKeys(ctx: Context): Promise<readonly KeyRow[]> {
  const living = await ctx.db.query((db) => selectedKeys(db, {}));
  const limits = ({ key }: KeyRow) => [key.rpm, key.rph, key.quotaRequests, key.quotaTokens, key.budgetUsd];
  return living.filter((row) => row.key.status !== 'pending' && limits(row).some((limit) => limit !== null));
}

async function theKey(
  ctx: Context,
  ref: string,
  options: { readonly interactive: boolean },
): Promise<readonly KeyRow[]> {
  return (await findKeys(ctx, [ref], options)).map(({ row }) => row);
}

/** Every key of these families, by its id: a rotated key inherits what was spent. */
async function familiesOf(ctx: Context, rows: readonly KeyRow[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(rows.map(({ key }) => key.familyId))];
  const all = await ctx.db.query((db) => familyKeys(db, ids));
  return new Map(all.map(({ key }) => [key.id, key.familyId]));
}

function useOf(
  row: KeyRow,
  spent: { requests: number; tokens: number; cost: number } | undefined,
  peak: RatePeak | null,
): LimitUse {
  const { key } = row;
  const cost = { used: spent?.cost ?? 0, allowed: key.budgetUsd === null ? null : Number(key.budgetUsd) };
  const requests = { used: spent?.requests ?? 0, allowed: key.quotaRequests };
  const tokens = { used: spent?.tokens ?? 0, allowed: key.quotaTokens };
  const minute = { used: peak?.minute ?? 0, allowed: key.rpm };
  const hour = { used: peak?.hour ?? 0, allowed: key.rph };
  return {
    ...{ row, cost, requests, tokens, minute, hour, peak },
    worst: worstOf([cost, requests, tokens, minute, hour]),
  };
}

function worstOf(uses: readonly Used[]): number | null {
  const shares = uses.flatMap(({ used, allowed }) => (allowed === null ? [] : [used / allowed]));
  return shares.length === 0 ? null : Math.max(...shares);
}

function worstFirst(a: { readonly worst: number | null }, b: { readonly worst: number | null }): number {
  return (b.worst ?? -1) - (a.worst ?? -1);
}

function ownersOf(keys: readonly LimitUse[]): readonly OwnerUse[] {
  const byOwner = groupedBy(keys, ({ row }) => row.owner?.email ?? null);
  const owners = [...byOwner].map(([email, own]): OwnerUse => {
    const families = [...groupedBy(own, ({ row }) => row.key.familyId).values()];
    const sum = (of: (use: LimitUse) => Used): Used => {
      const largest = families.map((family) => ({
        used: Math.max(...family.map((use) => of(use).used)),
        allowed: family.reduce<number | null>((most, use) => larger(most, of(use).allowed), null),
      }));
      // A limit of all of them says something only about those that have one.
      const limited = largest.filter(({ allowed }) => allowed !== null);
      const counted = limited.length === 0 ? largest : limited;
      return {
        used: counted.reduce((all, { used }) => all + used, 0),
        allowed: limited.length === 0 ? null : limited.reduce((all, { allowed }) => all + (allowed ?? 0), 0),
      };
    };
    const [cost, requests, tokens] = [
      sum((use) => use.cost),
      sum((use) => use.requests),
      sum((use) => use.tokens),
    ];
    return { email, keys: own.length, cost, requests, tokens, worst: worstOf([cost, requests, tokens]) };
  });
  return owners.toSorted(worstFirst);
}

function groupedBy<T, K>(all: readonly T[], by: (each: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const each of all) groups.set(by(each), [...(groups.get(by(each)) ?? []), each]);
  return groups;
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
