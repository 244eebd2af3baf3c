import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { type KeyRow, selectKeys } from './keys.js';

/** Somebody whose keys these are, or were. */
export interface Owner {
  readonly ownerId: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly userId: string | null;
  readonly createdAt: string;
  readonly forgottenAt: string | null;
}

export async function ownerByEmail(db: Executor, email: string): Promise<Owner | null> {
  return await oneOwner(db, sql`email = ${email.toLowerCase()}`);
}

export async function ownerById(db: Executor, ownerId: string): Promise<Owner | null> {
  return await oneOwner(db, sql`owner_id = ${ownerId}`);
}

async function oneOwner(db: Executor, condition: SQL): Promise<Owner | null> {
  const [row] = await db.execute(sql`
    select owner_id, email, name, user_id, created_at::text as created_at, forgotten_at::text as forgotten_at
    from keyctl.owners where ${condition}`);
  if (row === undefined) return null;
  return {
    ownerId: String(row.owner_id),
    email: row.email as string | null,
    name: row.name as string | null,
    userId: row.user_id as string | null,
    createdAt: String(row.created_at),
    forgottenAt: row.forgotten_at as string | null,
  };
}

/** Every key of this owner, the dead ones too. */
export function keysOfOwnerId(db: Executor, ownerId: string): Promise<KeyRow[]> {
  return selectKeys(db, sql`k.owner_id = ${ownerId}`);
}

/** Where an address still stands in texts that people wrote, and how many rows hold it. */
export interface Mention {
  readonly place: string;
  readonly rows: number;
}

/**
 * Texts that are not an owner's data by their column, but can hold an address all the same. The audit log is the one of them
 * that can never be changed. Usage is not looked through: its fields come from clients, and reading all of it takes hours.
 */
export async function ownerMentions(db: Executor, email: string): Promise<readonly Mention[]> {
  const holds = (text: SQL) => sql`position(${email.toLowerCase()} in lower(${text})) > 0`;
  const rows = await db.execute(sql`
    select place, rows::float8 as rows from (
      select 'audit_log' as place, count(*) as rows from keyctl.audit_log a where ${holds(sql`a.record`)}
      union all
      select 'keys', count(*) from keyctl.keys k where ${holds(sql`concat_ws(' ', k.name, k.external_id, k.workspace_id, k.description,
        k.justification, array_to_string(k.used_by, ' '), k.exempt_reason, k.suspension_reason, k.retire_reason, k.revocation_reason)`)}
      union all
      select 'rotations', count(*) from keyctl.rotations r where ${holds(sql`concat_ws(' ', r.reason, array_to_string(r.deliver_to, ' '))`)}
      union all
      select 'ip_blocks', count(*) from keyctl.ip_blocks b where ${holds(sql`concat_ws(' ', b.reason, b.unblock_reason)`)}
      union all
      select 'incidents', count(*) from keyctl.incidents i where ${holds(sql`concat_ws(' ', i.title, i.lead, i.root_cause, i.lessons,
        (select string_agg(concat_ws(' ', s.reason, s.result::text), ' ') from keyctl.incident_steps s where s.incident_id = i.incident_id),
        (select string_agg(concat_ws(' ', l.url, l.title), ' ') from keyctl.incident_links l where l.incident_id = i.incident_id))`)}
      union all
      select 'incident_follow_ups', count(*) from keyctl.incident_follow_ups f where ${holds(sql`concat_ws(' ', f.title, f.owner)`)}
    ) m where rows > 0`);
  return rows.map((row) => ({ place: String(row.place), rows: Number(row.rows) }));
}

/** What was done with one key of an owner, over everything that is stored. */
export interface OwnersUsage {
  readonly keyId: string;
  readonly requests: number;
  readonly errors: number;
  readonly uniqueIps: number;
  readonly bytes: number | null;
  readonly tokens: number | null;
  readonly costUsd: number | null;
  readonly firstAt: string;
  readonly lastAt: string;
}

export async function usageOfOwner(db: Executor, ownerId: string): Promise<readonly OwnersUsage[]> {
  const rows = await db.execute(sql`
    select u.key_id, count(*)::float8 as requests, count(*) filter (where u.status >= 400)::float8 as errors,
      count(distinct u.ip_text)::float8 as unique_ips, sum(u.bytes)::float8 as bytes, sum(u.tokens)::float8 as tokens,
      sum(u.cost_usd)::float8 as cost_usd, min(u.ts)::text as first_at, max(u.ts)::text as last_at
    from keyctl.usage_events u
    where u.key_id in (select k.id from keyctl.keys k where k.owner_id = ${ownerId})
    group by u.key_id order by u.key_id`);
  return rows.map((row) => ({
    keyId: String(row.key_id),
    requests: Number(row.requests),
    errors: Number(row.errors),
    uniqueIps: Number(row.unique_ips),
    bytes: row.bytes as number | null,
    tokens: row.tokens as number | null,
    costUsd: row.cost_usd as number | null,
    firstAt: String(row.first_at),
    lastAt: String(row.last_at),
  }));
}

/** Rows of the audit log about keys of this owner, and about the owner itself; oldest first, each as its record says. */
export async function auditOfOwner(
  db: Executor,
  ownerId: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const rows = await db.execute(sql`
    select a.record from keyctl.audit_log a
    where a.key_id in (select k.id from keyctl.keys k where k.owner_id = ${ownerId})
      or a.key_id is null and position(${ownerId} in a.record) > 0
    order by a.seq`);
  return rows.map((row) => recordOf(String(row.record)));
}

/** A record that somebody made unreadable is given as it stands; `audit verify` says what is wrong with it. */
function recordOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return { unreadable_record: text };
  }
}
