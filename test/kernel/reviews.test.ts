import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Change } from '../../src/db/kernel.js';
import { type NarrowedAccess, reviewKey } from '../../src/db/kernel-review.js';
import type { ReviewDecision } from '../../src/domain/access-review.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { auditOf, bystanders, seedKey } from '../support/seed-keys.js';

const reason = 'AR-12: asked the team, still in use';

function change(operationId: string = randomUUID()): Change {
  return { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
}

describe.each(servers)('access reviews in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let operator: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    operator = await database.connect('test_operator');
  });
  afterAll(() => database.drop());

  const review = (
    keyId: string,
    decision: ReviewDecision,
    narrowed: NarrowedAccess | Record<string, unknown> | null = null,
    operation = change(),
  ) =>
    operator.run({ sends: 'read' }, (db) => reviewKey(db, operation, { keyId, decision, narrowed, reason }));
  const stored = async (id: string) =>
    (
      await admin.sql`select status, scopes, allowed_ips::text[] as allowed_ips, reviewed_at is not null as reviewed,
      revocation_reason, revocation_code, suspended_at from keyctl.api_keys where id = ${id}`
    )[0];
  const keyWith = async (columns: string) => {
    const key = await seedKey(admin, { scopes: ['workflow:*', 'billing:read'] });
    if (columns !== '')
      await admin.sql.unsafe(`update keyctl.api_keys set ${columns} where id = '${key.id}'`);
    return key;
  };
  const dueDays = async (id: string) =>
    (
      await admin.sql`select round(extract(epoch from due_at - now()) / 86400)::int as days from keyctl.review_plan where key_id = ${id}`
    )[0]?.days;

  it('keep writes down that it was reviewed, and changes nothing else', async () => {
    const key = await keyWith('review_every_seconds = 30 * 86400');
    const others = await bystanders(admin, [key.id]);
    const before = await stored(key.id);
    const answer = await review(key.id, 'keep');
    expect(answer).toMatchObject({
      outcome: 'reviewed',
      decision: 'keep',
      before: {},
      after: {},
      revoked_at: null,
    });
    expect(Date.parse(answer.next_review_at ?? '') - Date.parse(answer.reviewed_at)).toBe(30 * 86_400_000);
    expect(await stored(key.id)).toEqual({ ...before, reviewed: true });
    expect(await bystanders(admin, [key.id])).toEqual(others);
    expect(await auditOf(admin, key.id)).toMatchObject([
      { action: 'key.reviewed', reason, record: { details: { decision: 'keep', before: {}, after: {} } } },
    ]);
  });

  it('narrow takes away, and its row says what it was before', async () => {
    const key = await keyWith("allowed_ips = '{198.51.100.0/24}'");
    const answer = await review(key.id, 'narrow', {
      scopes: ['workflow:read', 'workflow:runs:*'],
      allowed_ips: ['198.51.100.7/32', '198.51.100.128/25'],
    });
    expect(answer.after).toMatchObject({ scopes: ['workflow:read', 'workflow:runs:*'] });
    expect(await stored(key.id)).toMatchObject({
      status: 'active',
      scopes: ['workflow:read', 'workflow:runs:*'],
      allowed_ips: ['198.51.100.7/32', '198.51.100.128/25'],
      reviewed: true,
    });
    expect((await auditOf(admin, key.id)).at(-1)?.record.details).toMatchObject({
      decision: 'narrow',
      before: { scopes: ['workflow:*', 'billing:read'], allowed_ips: ['198.51.100.0/24'] },
      after: { scopes: ['workflow:read', 'workflow:runs:*'] },
    });
    // No scope at all is the narrowest; any network is narrower than everywhere.
    await review((await keyWith('')).id, 'narrow', { scopes: [] });
    await review((await keyWith('')).id, 'narrow', { allowed_ips: ['2001:db8::/32'] });
  });

  it.each([
    ['another scope', '', { scopes: ['admin:read'] }],
    ['a wider star', "scopes = '{workflow:read}'", { scopes: ['workflow:*'] }],
    ['a scope beside a covered one', '', { scopes: ['workflow:read', 'billing:write'] }],
    ['a wider network', "allowed_ips = '{198.51.100.0/25}'", { allowed_ips: ['198.51.100.0/24'] }],
    ['another family of addresses', "allowed_ips = '{198.51.100.0/25}'", { allowed_ips: ['2001:db8::/64'] }],
    ['everywhere again', "allowed_ips = '{198.51.100.0/25}'", { allowed_ips: [] }],
    ['what it has already', '', { scopes: ['workflow:*', 'billing:read'] }],
    ['nothing', '', {}],
    ['another setting', '', { rpm: 5 }],
    ['a list that is unset', '', { scopes: null }],
  ])('narrow to %s is refused (KC422), and nothing is written', async (_what, columns, narrowed) => {
    const key = await keyWith(columns);
    const before = await stored(key.id);
    await expect(review(key.id, 'narrow', narrowed)).rejects.toMatchObject({ exitCode: 2 });
    expect(await stored(key.id)).toEqual(before);
    expect(await auditOf(admin, key.id)).toEqual([]);
  });

  it('scopes go with narrow alone, and the decision is one of three', async () => {
    const key = await keyWith('');
    await expect(review(key.id, 'keep', { scopes: [] })).rejects.toMatchObject({ exitCode: 2 });
    await expect(review(key.id, 'revoke', { scopes: [] })).rejects.toMatchObject({ exitCode: 2 });
    await expect(review(key.id, 'drop' as ReviewDecision)).rejects.toMatchObject({ exitCode: 2 });
  });

  it('revoke ends it by the rules of a revocation, in one statement with both rows', async () => {
    const key = await seedKey(admin, { status: 'suspended' });
    const operation = change();
    const answer = await review(key.id, 'revoke', null, operation);
    expect(answer).toMatchObject({ decision: 'revoke', next_review_at: null });
    expect(answer.revoked_at).not.toBeNull();
    expect(await stored(key.id)).toMatchObject({
      status: 'revoked',
      revocation_reason: reason,
      revocation_code: 'policy',
      suspended_at: null,
    });
    const rows = (await auditOf(admin, key.id)).filter((row) => row.operation_id === operation.operationId);
    expect(rows.map((row) => [row.action, row.reason])).toEqual([
      ['key.revoked', reason],
      ['key.reviewed', reason],
    ]);
    expect(rows[0]?.record.details).toMatchObject({ code: 'policy', status_before: 'suspended' });
    expect(await review(key.id, 'revoke', null, operation)).toEqual({ ...answer, repeated: true });
    expect(await auditOf(admin, key.id)).toHaveLength(3);
  });

  it('the same operation again gets its first answer, whatever was decided since', async () => {
    const key = await keyWith('');
    const operation = change();
    const first = await review(key.id, 'narrow', { scopes: ['workflow:read'] }, operation);
    await review(key.id, 'narrow', { scopes: [] });
    expect(await review(key.id, 'revoke', null, operation)).toEqual({ ...first, repeated: true });
    expect(await stored(key.id)).toMatchObject({ status: 'active', scopes: [] });
  });

  it.each(['pending', 'replaced', 'revoked'] as const)(
    'a %s key has no access to review (KC409)',
    async (status) => {
      const key = await seedKey(admin, { status });
      const rows = await auditOf(admin, key.id);
      await expect(review(key.id, 'keep')).rejects.toMatchObject({ exitCode: 4 });
      expect(await auditOf(admin, key.id)).toEqual(rows);
      await expect(review('key_000000000000', 'keep')).rejects.toMatchObject({ exitCode: 3 });
    },
  );

  it('is due by the shorter interval, from the last review, else from when the family began', async () => {
    expect(await dueDays((await keyWith('')).id)).toBeNull();
    expect(await dueDays((await keyWith("policy = 'high'")).id)).toBe(90);
    expect(await dueDays((await keyWith("policy = 'high', review_every_seconds = 10 * 86400")).id)).toBe(10);
    expect(await dueDays((await keyWith("policy = 'high', review_every_seconds = 400 * 86400")).id)).toBe(90);
    expect(
      await dueDays((await keyWith("policy = 'high', reviewed_at = now() - interval '80 days'")).id),
    ).toBe(10);
    const old = await keyWith("activated_at = now() - interval '100 days', policy = 'high'");
    await admin.sql`update keyctl.api_keys set status = 'replaced', replaced_at = now(), usable_until = now() where id = ${old.id}`;
    const successor = await seedKey(admin, { family: old });
    await admin.sql`update keyctl.api_keys set policy = 'high' where id = ${successor.id}`;
    // A rotation is no review.
    expect(await dueDays(successor.id)).toBe(-10);
    expect(await dueDays(old.id)).toBeUndefined();
    expect(await dueDays((await keyWith("policy = 'high', decoy = true")).id)).toBeUndefined();
  });

  it.each(['test_viewer', 'test_auditor', 'test_gateway'] as const)('%s may not', async (role) => {
    const key = await seedKey(admin);
    const other = await database.connect(role);
    await expect(
      other.sql.unsafe(
        `select keyctl.review_key(gen_random_uuid(), '{}', '${key.id}', 'keep', null, '${reason}')`,
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });
});
