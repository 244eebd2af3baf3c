import { type SQL, sql } from 'drizzle-orm';
import type { Subject, SubjectKey } from '../../domain/detect/activity.js';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';

const ms = (value: SQL) => sql`(extract(epoch from ${value}) * 1000)::float8`;

/** Which ends of a key lie in the past by the database's clock; the earliest is when it died. */
const ends = sql`(
  select e.at, e.how from (values
    (k.revoked_at, 'revoked'),
    (case when k.replaced_by is not null or k.status = 'replaced' then coalesce(k.usable_until,
      case when k.status = 'replaced' then k.replaced_at end) end, 'replaced'),
    (case when k.replaced_by is null and k.retire_on is not null then k.usable_until end, 'revoked'),
    (k.expires_at, 'expired')
  ) e (at, how) where e.at <= clock_timestamp() order by e.at limit 1)`;

/** Families with all their keys that ever were usable, by family id; null: all there are. */
export async function subjectsOf(
  db: Executor,
  families: readonly string[] | null,
): Promise<ReadonlyMap<string, Subject>> {
  const which = families === null ? sql`` : sql` and k.family_id = any (${arrayLiteral(families)}::text[])`;
  const rows = await db.execute(sql`
    select k.family_id, k.id, k.external_id, k.name, k.version, k.decoy, ${ms(sql`k.activated_at`)} as activated_at,
      ${ms(sql`d.at`)} as died_at, d.how as died_as, k.replaced_by, k.rpm, k.rph, k.environment
    from keyctl.api_keys k left join lateral ${ends} d on true
    where k.status <> 'pending'${which} order by k.family_id, k.version`);
  const subjects = new Map<string, { familyId: string; keys: SubjectKey[] }>();
  for (const row of rows) {
    const familyId = String(row.family_id);
    const subject = subjects.get(familyId) ?? { familyId, keys: [] };
    if (subject.keys.length === 0) subjects.set(familyId, subject);
    subject.keys.push(subjectKeyOf(row));
  }
  return subjects;
}

function subjectKeyOf(row: Record<string, unknown>): SubjectKey {
  return {
    keyId: String(row.id),
    familyId: String(row.family_id),
    externalId: row.external_id as string | null,
    name: String(row.name),
    version: Number(row.version),
    decoy: row.decoy === true,
    activatedAt: row.activated_at as number | null,
    diedAt: row.died_at as number | null,
    diedAs: row.died_as as SubjectKey['diedAs'],
    replacedBy: row.replaced_by as string | null,
    rpm: row.rpm as number | null,
    rph: row.rph as number | null,
    environment: row.environment as string | null,
  };
}
