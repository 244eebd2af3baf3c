import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { runCommand } from '../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { seedKey } from '../support/seed-keys.js';

/** The SQL that docs/import.md tells people to run, in its order. */
const [fromApiKeys = '', fromLifecycle = '', fromSecretNames = ''] = Array.from(
  readFileSync(join(import.meta.dirname, '../../docs/import.md'), 'utf8').matchAll(/```sql\n(.*?)```/gs),
  ([, sql]) => sql ?? '',
);

const oldTables = `
  create schema legacy;
  create table legacy.api_keys (id text primary key, name text, key_hash text, owner_email text, scopes text[],
    rate_limit_per_minute int, created_at timestamptz, expires_at timestamptz, last_used_at timestamptz,
    enabled boolean default true, revoked_at timestamptz, revoke_reason text);
  insert into legacy.api_keys values
    ('old-1', 'billing, "nightly"', encode(sha256('sk-old-1-0123456789'), 'hex'), 'alice@example.com', '{a:read,b:*}', 60,
      '2024-01-02 03:04:05.678901+00', '2099-01-01', '2026-01-01', true, null, null),
    ('old-2', 'bob', encode(sha256('sk-old-2-0123456789'), 'hex'), 'bob@example.com', '{}', null, '2024-01-03', null, null,
      true, '2025-05-05 05:05:05+00', 'left, see HR'),
    ('old-3', 'carol', null, 'carol@example.com', null, null, '2024-01-04', null, null, false, null, null);
  create table legacy.subkey_names (subkey text primary key, friendly_name text, email text, created_at timestamptz);
  create table legacy.key_lifecycle (subkey text primary key, user_id text, status text, revoked_at timestamptz,
    revoke_reason text, replaced_by text, replaces text);
  insert into legacy.subkey_names values
    ('subkey-zoe-3', 'zoe (rotated)', 'zoe@example.com', '2024-03-01 00:00:00.000001+00'),
    ('subkey-zoe-1', 'zoe', 'zoe@example.com', '2024-01-01'), ('subkey-zoe-2', 'zoe', 'zoe@example.com', '2024-02-01'),
    ('subkey-yan-1', 'yan', 'yan@example.com', '2024-01-05'), ('subkey-xu-1', 'xu', 'xu@example.com', '2024-01-06');
  insert into legacy.key_lifecycle values
    ('subkey-zoe-3', 'u-zoe', 'active', null, null, null, 'subkey-zoe-2'),
    ('subkey-zoe-1', 'u-zoe', 'replaced', '2024-02-02 01:02:03.000004+00', 'quarterly', 'subkey-zoe-2', null),
    ('subkey-zoe-2', 'u-zoe', 'revoked', '2024-03-01', 'leaked in a gist', 'subkey-zoe-3', 'subkey-zoe-1'),
    ('subkey-yan-1', 'u-yan', 'active', null, null, null, null),
    ('subkey-xu-1', 'u-xu', 'revoked', '2025-01-01', 'left the company', null, null)`;

describe.each(servers)('docs/import.md on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    await admin.sql.unsafe(oldTables);
  });
  afterAll(() => database.drop());

  /** The file that the documented statement writes. */
  async function copied(statement: string): Promise<string> {
    const { sql, close } = await database.connect();
    await sql.unsafe('set search_path = legacy');
    const chunks: Buffer[] = [];
    for await (const chunk of await sql.unsafe(statement).readable()) chunks.push(chunk as Buffer);
    await close().catch(() => {});
    return Buffer.concat(chunks).toString();
  }
  async function imported(stdin: string) {
    const argv = ['keys', 'import', '-', '--format', 'csv', '--yes', '--json'];
    const ran = await runCommand(argv, { database, role: 'test_admin', stdin });
    return JSON.parse(ran.stdout);
  }
  const rows = async (query: string) => (await admin.sql.unsafe(query)).map((row) => ({ ...row }));

  it('brings a table api_keys over', async () => {
    const text = await copied(fromApiKeys);
    expect(await imported(text)).toMatchObject({
      rows: 3,
      imported: 3,
      weak: 2,
      tracked_only: 1,
      revoked: 1,
    });
    expect(await imported(text)).toMatchObject({ imported: 0, unchanged: 3 });
    const was = `select id, name, key_hash, owner_email, coalesce(scopes, '{}') as scopes, rate_limit_per_minute as rpm, created_at,
      expires_at, last_used_at, enabled, revoked_at, revoke_reason from legacy.api_keys order by id`;
    const is = `select k.external_id as id, k.name, encode(digest, 'hex') as key_hash, o.email as owner_email, scopes, rpm,
      k.created_at, expires_at, last_used_at, status <> 'suspended' as enabled, revoked_at, revocation_reason as revoke_reason
      from keyctl.api_keys k join keyctl.owners o using (owner_id) order by k.external_id`;
    expect(await rows(is)).toEqual(await rows(was));
  });

  it('brings subkey_names and key_lifecycle over, so that the views of those names read the same', async () => {
    const text = await copied(fromLifecycle);
    expect(await imported(text)).toMatchObject({
      imported: 5,
      tracked_only: 5,
      revoked: 2,
      replaced: 1,
      unlinked: 0,
    });
    expect(await imported(text)).toMatchObject({ imported: 0, unchanged: 5 });
    for (const table of ['key_lifecycle', 'subkey_names']) {
      const of = (schema: string) =>
        rows(`select * from ${schema}.${table} where subkey like 'subkey-%' order by subkey`);
      const was = await of('legacy');
      expect(was).toHaveLength(5);
      expect(await of('keyctl'), table).toEqual(was);
      const [before] = was;
      const columns = await rows(
        `select attname from pg_attribute where attrelid = 'keyctl.${table}'::regclass and attnum > 0 order by attnum`,
      );
      expect(columns.map((row) => Object.values(row)[0])).toEqual(Object.keys(before ?? {}));
    }
  });

  it('brings subkeys that are the secrets themselves over by their digest, and stores none of them', async () => {
    const text = await copied(fromSecretNames);
    expect(text).not.toContain('subkey-');
    expect(await imported(text)).toMatchObject({
      imported: 5,
      weak: 5,
      revoked: 2,
      replaced: 1,
      unlinked: 0,
    });
    const verify = { database, role: 'test_operator', stdin: 'subkey-zoe-3' } as const;
    const ran = await runCommand(['keys', 'verify', '--json'], verify);
    const name = `sub-${createHash('sha256').update('subkey-zoe-3').digest('hex').slice(0, 16)}`;
    const [key] = await rows(`select id, version from keyctl.api_keys where external_id = '${name}'`);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      valid: true,
      key_id: key?.id,
      version: 3,
      owner: 'zoe@example.com',
    });
  });

  it('keeps the SQL of runbooks working, also for keys that are issued and rotated here', async () => {
    const old = await seedKey(admin, {
      name: 'runbook',
      owner: 'rob@example.com',
      userId: 'u-rob',
      status: 'retiring',
    });
    const next = await seedKey(admin, { name: 'runbook (rotated)', owner: 'rob@example.com', family: old });
    const pending = await seedKey(admin, { name: 'undelivered', status: 'pending' });
    const [until] = await admin.sql`select usable_until from keyctl.api_keys where id = ${old.id}`;
    await admin.sql`insert into keyctl.rotations (rotation_id, operation_id, family_id, old_key_id, new_key_id, kind, reason)
      values (${next.id.replace('key_', 'rot_')}, gen_random_uuid(), ${old.familyId}, ${old.id}, ${next.id}, 'rotate', 'quarterly')`;
    const life = (id: string) => rows(`select * from keyctl.key_lifecycle where subkey = '${id}'`);
    const dead = { status: 'replaced', revoked_at: until?.usable_until, revoke_reason: 'quarterly' };
    expect(await life(old.id)).toEqual([
      { subkey: old.id, user_id: 'u-rob', ...dead, replaced_by: next.id, replaces: null },
    ]);
    expect(await life(next.id)).toMatchObject([{ status: 'active', revoked_at: null, replaces: old.id }]);
    expect(await life(pending.id)).toEqual([]);
    expect(await rows(`select from keyctl.subkey_names where subkey = '${pending.id}'`)).toEqual([]);
    await admin.sql`select keyctl.ensure_partitions(array['2026-01-02'::date])`;
    await admin.sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, status, ip, ip_text, user_agent)
      select '2026-01-02', k.id, 'e', '/v1/me', 200, '192.0.2.1', '192.0.2.1', 'curl/8' from keyctl.api_keys k
      where k.id = ${next.id} or k.external_id = 'old-1'`;
    const events = await rows(`select * from keyctl.audit_events order by api_key_id`);
    const event = { endpoint: '/v1/me', ip_address: '192.0.2.1', user_agent: 'curl/8', response_status: 200 };
    expect(events).toEqual(
      [next.id, 'old-1'].sort().map((id) => ({ timestamp: expect.anything(), api_key_id: id, ...event })),
    );
    expect(Object.keys(events[0] ?? {})).toEqual([
      'timestamp',
      'api_key_id',
      'endpoint',
      'ip_address',
      'user_agent',
      'response_status',
    ]);
  });

  it('lets viewers read the views, and unqualified where keyctl is on the search_path; a gateway not', async () => {
    const viewer = await database.connect('test_viewer');
    await viewer.sql.unsafe('set search_path = keyctl');
    const gateway = await database.connect('test_gateway');
    for (const view of ['audit_events', 'key_lifecycle', 'subkey_names']) {
      await viewer.sql.unsafe(`select * from ${view} limit 1`);
      await expect(gateway.sql.unsafe(`select * from keyctl.${view}`)).rejects.toMatchObject({
        code: '42501',
      });
    }
    await expect(viewer.sql.unsafe('select * from import_rows')).rejects.toMatchObject({ code: '42501' });
  });
});
