import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** What `audit log` narrows by; everything given has to fit. Times are RFC 3339, half-open. */
export interface AuditFilter {
  readonly keyId?: string | undefined;
  readonly familyId?: string | undefined;
  /** The database role, the user of the machine, or who it claimed to be. */
  readonly actor?: string | undefined;
  /** `key.revoked`, or `key.*` for every action on keys. */
  readonly actions?: readonly string[] | undefined;
  readonly keyVersion?: number | undefined;
  readonly since: string | null;
  readonly until: string | null;
}

/** One row of the audit log; what the record holds beyond the columns stands in `details`, `answer` and `ticket`. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: string;
  readonly operationId: string;
  readonly action: string;
  readonly keyId: string | null;
  /** Its name and version now; null also when the row is about no key. */
  readonly keyName: string | null;
  readonly keyVersion: number | null;
  readonly familyId: string | null;
  readonly incidentId: string | null;
  readonly actorDb: string;
  readonly actorOs: string | null;
  readonly actorClaimed: string | null;
  readonly host: string | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** What was changed. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What the caller was told. */
  readonly answer: Readonly<Record<string, unknown>>;
  readonly prevHash: string;
  readonly hash: string;
}

/** Which side of a seq: newest first before it, or oldest first after it. */
export type AuditPage =
  | { readonly before: number | null; readonly limit: number }
  | { readonly after: number; readonly limit: number };

/** One page of rows; pages go by seq, so that nothing stays open between them. */
export async function auditPage(db: Executor, filter: AuditFilter, page: AuditPage): Promise<AuditEntry[]> {
  const conditions = auditConditions(filter);
  const forward = 'after' in page;
  if (forward) conditions.push(sql`a.seq > ${page.after}::bigint`);
  else if (page.before !== null) conditions.push(sql`a.seq < ${page.before}::bigint`);
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  // The page first, then what belongs to its rows: neither names nor records are looked up for rows that are passed over.
  const rows = await db.execute(sql`
    with page as materialized (
      select a.* from keyctl.audit_log a ${where} order by a.seq ${forward ? sql`asc` : sql`desc`} limit ${page.limit}::int
    )
    select p.seq::float8 as seq, p.at::text as at, p.operation_id, p.action, p.key_id, k.name, k.version, p.family_id, p.incident_id,
      p.actor_db, p.actor_os, p.actor_claimed, p.host, p.reason, p.record, encode(p.prev_hash, 'hex') as prev_hash,
      encode(p.hash, 'hex') as hash
    from page p left join keyctl.keys k on k.id = p.key_id
    order by p.seq ${forward ? sql`asc` : sql`desc`}`);
  return Array.from(rows, entryOf);
}

/** What the filter asks of a row `a`; all of it has to be true. */
export function auditConditions(filter: AuditFilter): SQL[] {
  const { keyId, familyId, actor, actions, keyVersion, since, until } = filter;
  const conditions: SQL[] = [];
  if (keyId !== undefined) conditions.push(sql`a.key_id = ${keyId}`);
  if (familyId !== undefined) conditions.push(sql`a.family_id = ${familyId}`);
  if (actor !== undefined) conditions.push(sql`${actor} in (a.actor_db, a.actor_os, a.actor_claimed)`);
  if (actions !== undefined) conditions.push(sql`(${sql.join(actions.map(isAction), sql` or `)})`);
  if (keyVersion !== undefined)
    conditions.push(
      sql`exists (select from keyctl.keys v where v.id = a.key_id and v.version = ${keyVersion}::int)`,
    );
  if (since !== null) conditions.push(sql`a.at >= ${since}::timestamptz`);
  if (until !== null) conditions.push(sql`a.at < ${until}::timestamptz`);
  return conditions;
}

function isAction(action: string): SQL {
  return action.endsWith('.*')
    ? sql`starts_with(a.action, ${action.slice(0, -1)})`
    : sql`a.action = ${action}`;
}

function entryOf(row: Record<string, unknown>): AuditEntry {
  const { details, answer, ticket } = recordOf(String(row.record));
  return {
    seq: Number(row.seq),
    at: String(row.at),
    operationId: String(row.operation_id),
    action: String(row.action),
    keyId: row.key_id as string | null,
    keyName: row.name as string | null,
    keyVersion: row.version as number | null,
    familyId: row.family_id as string | null,
    incidentId: row.incident_id as string | null,
    actorDb: String(row.actor_db),
    actorOs: row.actor_os as string | null,
    actorClaimed: row.actor_claimed as string | null,
    host: row.host as string | null,
    reason: row.reason as string | null,
    ticket,
    details,
    answer,
    prevHash: String(row.prev_hash),
    hash: String(row.hash),
  };
}

/** A record that somebody made unreadable still has its row shown; `audit verify` says what is wrong with it. */
export function recordOf(text: string): Pick<AuditEntry, 'details' | 'answer' | 'ticket'> {
  try {
    const record = JSON.parse(text) as Partial<Pick<AuditEntry, 'details' | 'answer' | 'ticket'>>;
    return { details: record.details ?? {}, answer: record.answer ?? {}, ticket: record.ticket ?? null };
  } catch {
    return { details: {}, answer: {}, ticket: null };
  }
}
