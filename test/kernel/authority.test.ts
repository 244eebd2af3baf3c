import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { freshDatabase, servers, type TestDatabase, type TestRole } from '../support/postgres.js';
import { auditOf, type SeededKey, seedKey } from '../support/seed-keys.js';

/** A change of each kind, as SQL with the key's id for $1 and an operation for $2. */
const changes: Readonly<Record<string, string>> = {
  create_key: `select keyctl.create_key($2, '{}', '{"id":"key_000000000000","prefix":"kc","salt":"00","verifier":"00","hash_scheme":1,"fingerprint":"sha256:00"}', null, '{"name":"n"}')`,
  activate_key: `select keyctl.activate_key($2, '{}', $1, '{}')`,
  abandon_key: `select keyctl.abandon_key($2, '{}', $1, 'nobody got its secret')`,
  update_key: `select keyctl.update_key($2, '{}', $1, '{"rpm":1}', null, 'agreed in PLAT-1182')`,
  suspend_key: `select keyctl.suspend_key($2, '{}', $1, 'odd traffic since 02:11')`,
  resume_key: `select keyctl.resume_key($2, '{}', $1, 'the traffic was our own')`,
  revoke_key: `select keyctl.revoke_key($2, '{}', $1, 'leaked in acme/app', 'leaked')`,
  report_exposure: `select keyctl.report_exposure($2, '{}', $1, 'a log', 1)`,
  block_ip: `select keyctl.block_ip($2, '{}', '192.0.2.0/24', 'scans us since 02:11')`,
  plan_retirement: `select keyctl.plan_retirement($2, '{}', $1, now() + interval '90 days', 'its service ends')`,
  cancel_retirement: `select keyctl.cancel_retirement($2, '{}', $1, 'its service goes on')`,
  review_key: `select keyctl.review_key($2, '{}', $1, 'keep', null, 'asked the team, still in use')`,
  unblock_ip: `select keyctl.unblock_ip($2, '{}', '192.0.2.0/24', 'the scan was our own')`,
  record_findings: `select keyctl.record_findings($2, '{}', '[]')`,
  acknowledge_findings: `select keyctl.acknowledge_findings($2, '{}', '{}')`,
  dismiss_findings: `select keyctl.dismiss_findings($2, '{}', '{}', 'our own load test')`,
  escalate_anew: `select keyctl.escalate_anew($2, '{}', '{"title":"odd use of a key","type":"abuse","severity":"high"}', '{}')`,
  escalate_findings: `select keyctl.escalate_findings($2, '{}', '{}', 'INC-1')`,
};

/** Automatic response is an admin's: what a program does by itself, nobody on call decided. */
const adminChanges: Readonly<Record<string, string>> = {
  set_response_rule: `select keyctl.set_response_rule($2, '{}', 'tell', '{"response":"notify"}', 'agreed in SEC-31')`,
  respond_to_finding: `select keyctl.respond_to_finding($2, '{}', 'fnd_000000000000', 'tell')`,
  remove_response_rule: `select keyctl.remove_response_rule($2, '{}', 'tell', 'no longer agreed')`,
};

/** The kernel's own tools: with one of them alone, a row could be written without a change, or the other way round. */
const internal = [
  ...[
    'import_batch',
    'import_chains',
    'import_counts',
    'import_fate',
    'import_run',
    'import_settle',
    'link_strays',
  ],
  'register_owners',
  ...['append_finding_audit', 'finding_brief', 'prior_finding_answer'],
  ...['append_audit', 'check_reason', 'created_before', 'key_record', 'prior_answer', 'random_locator'],
  ...['register_owner', 'touch_last_used', 'with_settings', 'within_policy'],
  ...[
    'check_line',
    'enter_incident',
    'link_keys',
    'lock_incident',
    'settle_containment',
    'watch_inbox',
    'who_is',
  ],
];

const roles: readonly TestRole[] = [
  'test_viewer',
  'test_operator',
  'test_admin',
  'test_auditor',
  'test_gateway',
];
const denied = { code: '42501' };

describe.each(servers)('authority on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let as: Record<string, Connection>;
  let key: SeededKey;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    as = Object.fromEntries(
      await Promise.all(roles.map(async (role) => [role, await database.connect(role)])),
    );
    key = await seedKey(admin, { owner: 'alice@example.com' });
  });
  afterAll(() => database.drop());

  const sqlOf = (role: TestRole) => as[role]?.sql ?? admin.sql;
  const change = (role: TestRole, name: string) =>
    sqlOf(role).unsafe(
      (changes[name] ?? adminChanges[name] ?? '')
        .replaceAll('$1', `'${key.id}'`)
        .replaceAll('$2', `'${randomUUID()}'`),
    );

  it.each(['test_viewer', 'test_auditor', 'test_gateway'] as const)('%s changes nothing', async (role) => {
    const [before] = await admin.sql`select seq::int from keyctl.audit_head`;
    for (const name of Object.keys({ ...changes, ...adminChanges }))
      await expect(change(role, name), name).rejects.toMatchObject(denied);
    const [after] = await admin.sql`select seq::int from keyctl.audit_head`;
    expect(after).toEqual(before);
  });

  it.each(['test_operator', 'test_admin'] as const)('%s may make each change', async (role) => {
    for (const name of Object.keys(changes)) {
      const error = await change(role, name).then(
        () => null,
        (thrown: { code?: string }) => thrown,
      );
      // Some are refused by the key's state: by the kernel, not by the grants.
      expect(error?.code ?? 'KC409', name).toMatch(/^(KC404|KC409|23505)$/);
    }
  });

  it('automatic response is for admins alone', async () => {
    for (const name of Object.keys(adminChanges)) {
      await expect(change('test_operator', name), name).rejects.toMatchObject(denied);
      await change('test_admin', name).catch((error) => expect(error.code, name).toBe('KC404'));
    }
  });

  it('nobody calls the kernel’s own tools, and PUBLIC calls nothing at all', async () => {
    const functions = await admin.sql`select proname, oid::regprocedure::text as signature from pg_proc
      where pronamespace = 'keyctl'::regnamespace and prokind = 'f'`;
    await admin.sql.unsafe('create role test_nobody login').catch(() => {});
    for (const { proname, signature } of functions) {
      const allowed =
        await admin.sql`select r as role from unnest(${roles.map(String)}::text[] || 'test_nobody'::text) r
        where has_function_privilege(r, ${signature}::text, 'execute')`;
      const names = allowed.map((row) => row.role);
      expect(names, proname).not.toContain('test_nobody');
      if (internal.includes(proname)) expect(names, proname).toEqual([]);
    }
    expect(functions.map((row) => row.proname)).toEqual(expect.arrayContaining(internal));
  });

  it('functions with the owner’s rights look names up in pg_catalog, and in the caller’s last (F41)', async () => {
    const open =
      await admin.sql`select proname from pg_proc where pronamespace = 'keyctl'::regnamespace and prosecdef
      and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)`;
    expect(open).toEqual([]);
    const rogue = await database.connect('test_operator');
    await rogue.sql.unsafe(`create temp table api_keys (id text); create temp table audit_head (seq bigint, hash bytea);
      create function pg_temp.sha256(bytea) returns bytea language sql as $$ select '\\x00'::bytea $$;
      set search_path = pg_temp, keyctl`);
    const { id } = await seedKey(admin);
    await rogue.sql`select keyctl.revoke_key(${randomUUID()}::uuid, '{}', ${id}, 'leaked in acme/app', 'leaked')`;
    const [row] = await admin.sql`select a.hash = sha256(a.prev_hash || convert_to(a.record, 'UTF8')) as sound
      from keyctl.audit_log a where key_id = ${id} and action = 'key.revoked'`;
    expect(row?.sound).toBe(true);
  });

  it.each(roles)('%s never reads salt, verifier or digest from a table', async (role) => {
    for (const secret of ['salt', 'verifier', 'digest', '*']) {
      await expect(sqlOf(role).unsafe(`select ${secret} from keyctl.api_keys`)).rejects.toMatchObject(denied);
    }
    const columns =
      await admin.sql`select attname from pg_attribute where attrelid = 'keyctl.keys'::regclass`;
    expect(columns.map((row) => row.attname)).not.toEqual(expect.arrayContaining(['salt']));
  });

  it.each(['test_viewer', 'test_operator', 'test_admin', 'test_auditor'] as const)(
    '%s reads all the rest',
    async (role) => {
      for (const table of [
        'keys',
        'owners',
        'audit_log',
        'audit_head',
        'ip_blocks',
        'usage_events',
        'stray_events',
        'finding_list',
        'response_rules',
      ]) {
        await sqlOf(role).unsafe(`select * from keyctl.${table} limit 1`);
      }
      await sqlOf(role).unsafe(`select id, name, fingerprint from keyctl.api_keys limit 1`);
      await sqlOf(role).unsafe(`select keyctl.decide('${key.id}')`);
    },
  );

  it('a gateway verifies, decides and records, and reads no table', async () => {
    const { sql } = as.test_gateway as Connection;
    const [row] = await sql`select key_id, salt, verifier from keyctl.verification(${key.id})`;
    expect(row).toMatchObject({ key_id: key.id, salt: expect.any(Buffer), verifier: expect.any(Buffer) });
    for (const table of ['keys', 'api_keys', 'owners', 'audit_log', 'ip_blocks', 'usage_events']) {
      await expect(sql.unsafe(`select from keyctl.${table}`), table).rejects.toMatchObject(denied);
    }
    await sql`select keyctl.record_usage(jsonb_build_array(jsonb_build_object('key_id', ${key.id}::text, 'id', 'e1', 'ts', now())))`;
    await sql`insert into keyctl.usage_events (ts, key_id, id) values (now(), ${key.id}, 'e2')`;
  });

  it.each(['test_viewer', 'test_auditor'] as const)(
    '%s gets no verifier from the function either',
    async (role) => {
      await expect(sqlOf(role)`select * from keyctl.verification(${key.id})`).rejects.toMatchObject(denied);
    },
  );

  it.each(roles)('%s writes no table of the kernel', async (role) => {
    for (const statement of [
      `insert into keyctl.audit_log select * from keyctl.audit_log limit 1`,
      `update keyctl.audit_log set reason = 'other'`,
      `delete from keyctl.audit_log`,
      `truncate keyctl.audit_log`,
      `update keyctl.audit_head set seq = 0`,
      `update keyctl.api_keys set status = 'active'`,
      `delete from keyctl.api_keys`,
      `insert into keyctl.owners (owner_id) values ('x')`,
      `delete from keyctl.ip_blocks`,
      `alter table keyctl.audit_log disable trigger all`,
      `set session_replication_role = replica`,
    ]) {
      await expect(sqlOf(role).unsafe(statement), statement).rejects.toMatchObject(denied);
    }
  });

  it('not even a superuser changes history by accident', async () => {
    for (const statement of [
      `update keyctl.audit_log set reason = 'other'`,
      `delete from keyctl.audit_log where seq = 1`,
      `truncate keyctl.audit_log`,
      `delete from keyctl.api_keys`,
    ]) {
      await expect(admin.sql.unsafe(statement), statement).rejects.toMatchObject({ code: 'KC409' });
    }
    const { id } = await seedKey(admin, { status: 'revoked' });
    for (const statement of [
      `update keyctl.api_keys set status = 'active', revoked_at = null where id = '${id}'`,
      `update keyctl.api_keys set revocation_reason = 'another one' where id = '${id}'`,
      `update keyctl.api_keys set verifier = '\\x00' where id = '${id}'`,
    ]) {
      await expect(admin.sql.unsafe(statement), statement).rejects.toMatchObject({ code: 'KC409' });
    }
  });

  it('the row names who logged in, not the role taken on', async () => {
    const operator = await database.connect('test_operator');
    await operator.sql.unsafe('set role keyctl_operator');
    const { id } = await seedKey(admin);
    const context = JSON.stringify({ actor_claimed: 'boss@example.com', actor_os: 'root', host: 'h' });
    await operator.sql`select keyctl.suspend_key(${randomUUID()}::uuid, ${context}::jsonb, ${id}, 'odd traffic since 02:11')`;
    expect((await auditOf(admin, id)).at(-1)).toMatchObject({
      actor_db: 'test_operator',
      actor_claimed: 'boss@example.com',
    });
  });
});
