import { chmod, mkdir, mkdtemp, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { seedIncident } from '../support/seed-incident.js';
import { seedKey, seedUsage } from '../support/seed-keys.js';
import { ageRotation, seedRotation } from '../support/seed-rotation.js';

interface Found {
  readonly name: string;
  readonly verdict: 'ok' | 'warning' | 'problem' | 'not_checked';
  readonly finding: string;
  readonly command: string | null;
  readonly fixable: boolean;
}

async function doctor(options: FakeOptions, ...args: string[]) {
  const ran = await runCommand(['doctor', '--json', ...args], options);
  expect(ran.stderr).toBe('');
  const { checks, ...counts } = JSON.parse(ran.stdout) as {
    checks: Found[];
    problems: number;
    fixed: string[];
  };
  const of = (name: string) => checks.find((check) => check.name === name) as Found;
  return { code: ran.code, checks, of, ...counts };
}

describe.each(servers)('doctor on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;

  // One for all: each test puts back what it changed.
  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    await admin.sql`select keyctl.ensure_partitions(array[current_date, current_date + 7])`;
  });
  afterAll(() => database.drop());

  const asOperator = (options: FakeOptions = {}) =>
    ({ database, role: 'test_operator', ...options }) as const;

  it('finds nothing wrong where nothing is, and every check was made', async () => {
    const { code, checks, problems } = await doctor(asOperator());
    expect(checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(
      'node name files checkpoints target tls clock schema grants chain pending rotations inboxes partitions rollup incidents'.split(
        ' ',
      ),
    );
    expect([code, problems]).toEqual([0, 0]);
  });

  it('says it in words too, in 80 columns', async () => {
    const ran = await runCommand(['doctor'], asOperator());
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/✓ schema +as this program expects it/);
    expect(ran.stdout).toMatch(/nothing to do\n$/);
    expect(ran.stdout.split('\n').filter((text) => text.length > 80)).toEqual([]);
  });

  it.each([
    ['PUBLIC', 'grant execute on function keyctl.revoke_key to public', 'public may execute revoke_key'],
    [
      'a role too much',
      'grant execute on function keyctl.append_audit to keyctl_operator',
      'keyctl_operator may execute append_audit',
    ],
    [
      'a role too little',
      'revoke execute on function keyctl.revoke_key from keyctl_operator',
      'keyctl_operator may not execute revoke_key',
    ],
    [
      'a table that can be written',
      'grant update on keyctl.audit_log to keyctl_admin',
      'keyctl_admin has update on audit_log',
    ],
    [
      'secrets that can be read',
      'grant select (verifier) on keyctl.api_keys to keyctl_auditor',
      'keyctl_auditor has select on verifier of api_keys',
    ],
    [
      'all columns of the keys',
      'grant select on keyctl.api_keys to keyctl_viewer',
      'keyctl_viewer has select on api_keys',
    ],
    ['a table that PUBLIC reads', 'grant select on keyctl.owners to public', 'public has select on owners'],
    [
      'a viewer who cannot read',
      'revoke select on keyctl.audit_log from keyctl_viewer',
      'keyctl_viewer may not read audit_log',
    ],
  ])('finds wrong grants: %s; the command puts it right', async (_case, statement, finding) => {
    await admin.sql.unsafe(statement);
    const before = await doctor(asOperator());
    expect(before.code).toBe(7);
    expect(before.of('grants')).toMatchObject({
      verdict: 'problem',
      finding: expect.stringContaining(finding),
    });
    const [, remedy = '', file] =
      /^psql -c '(.*)'(?: -f (.*))?$/.exec(before.of('grants').command ?? '') ?? [];
    await admin.sql.unsafe(remedy);
    if (file !== undefined) await admin.sql.unsafe(await readFile(file, 'utf8'));
    expect((await doctor(asOperator())).of('grants').verdict).toBe('ok');
  });

  it('finds a changed row, a missing one and a head that is not the last row', async () => {
    for (let n = 1; n <= 4; n += 1) {
      await admin.sql`select keyctl.block_ip(gen_random_uuid(), '{}', ${`192.0.2.${n}`}::inet, 'seen scanning for .env')`;
    }
    await admin.sql.unsafe('alter table keyctl.audit_log disable trigger all');
    const changed = (statement: string, back: string) => async () => {
      await admin.sql.unsafe(statement);
      const found = await doctor(asOperator());
      expect([found.code, found.of('chain').verdict, found.of('chain').command]).toEqual([
        7,
        'problem',
        'keyctl audit verify',
      ]);
      await admin.sql.unsafe(back);
      expect((await doctor(asOperator())).of('chain').verdict).toBe('ok');
    };
    await changed(
      `update keyctl.audit_log set record = replace(record, '.env', '.ENV') where seq = 3`,
      `update keyctl.audit_log set record = replace(record, '.ENV', '.env') where seq = 3`,
    )();
    await changed('update keyctl.audit_head set seq = 3', 'update keyctl.audit_head set seq = 4')();
    await changed(
      'create table public.kept as select * from keyctl.audit_log where seq = 2; delete from keyctl.audit_log where seq = 2',
      'insert into keyctl.audit_log select * from public.kept',
    )();
    await changed(
      'create table public.last as select * from keyctl.audit_log where seq = 4; delete from keyctl.audit_log where seq = 4',
      'insert into keyctl.audit_log select * from public.last',
    )();
  });

  it('warns of a key that was never delivered, and of an ingest that never ended', async () => {
    const { id } = await seedKey(admin, { status: 'pending' });
    expect((await doctor(asOperator())).of('pending').verdict).toBe('ok');
    await admin.sql.unsafe(`set session_replication_role = replica;
      update keyctl.api_keys set created_at = created_at - interval '2 hours';
      insert into keyctl.ingest_runs (run_id, inbox, opened_at) values (gen_random_uuid(), 'inbox_x', clock_timestamp() - interval '2 days')`);
    const { code, of } = await doctor(asOperator());
    expect(code).toBe(0);
    expect(of('pending')).toMatchObject({
      verdict: 'warning',
      command: expect.stringContaining(`keyctl revoke ${id}`),
    });
    expect(of('inboxes')).toMatchObject({ verdict: 'warning', finding: expect.stringContaining('1 ingest') });
    await admin.sql.unsafe(
      'delete from keyctl.api_keys; delete from keyctl.ingest_runs; reset session_replication_role',
    );
  });

  it('warns of rotations that nobody finishes, and of a grace about to end on somebody', async () => {
    const bare = await freshDatabase(server);
    const its = await bare.connect();
    const look = async () => (await doctor({ database: bare, role: 'test_operator' })).of('rotations');
    const young = await seedRotation(its, { state: 'pending' });
    await seedRotation(its, { uncommitted: true });
    const quiet = await seedRotation(its, { graceSeconds: 600 });
    expect(await look()).toMatchObject({ verdict: 'ok', command: null });

    await ageRotation(its, young, 3700);
    expect(await look()).toMatchObject({
      verdict: 'warning',
      finding: expect.stringContaining(`${young.id} is pending for over an hour`),
      command: `keyctl rotate resume ${young.id}`,
    });
    // A pending successor is no key that was never delivered: its rotation is what has to be dealt with.
    await its.sql.unsafe(`set session_replication_role = replica;
      update keyctl.api_keys set created_at = created_at - interval '2 hours'; reset session_replication_role`);
    expect((await doctor({ database: bare, role: 'test_operator' })).of('pending').verdict).toBe('ok');

    await its.sql`update keyctl.rotations set aborted_at = clock_timestamp() where rotation_id = ${young.id}`;
    await seedUsage(its, { keyId: quiet.old.id, times: 1, secondsAgo: 0 });
    expect(await look()).toMatchObject({
      finding: expect.stringContaining(`${quiet.id} is ending within the hour`),
      command: `keyctl rotate status ${quiet.id}`,
    });
    const stuck = await seedRotation(its, { uncommitted: true });
    await ageRotation(its, stuck, 700);
    expect(await look()).toMatchObject({
      finding: expect.stringMatching(
        new RegExp(`^${stuck.id} is active, and the new secret is not in its place yet; ${quiet.id}`),
      ),
      command: 'keyctl rotate status',
    });
    await bare.drop();
  });

  it('warns of a week without a table where gateways insert by themselves; --fix makes it', async () => {
    const bare = await freshDatabase(server);
    const before = await doctor({ database: bare, role: 'test_operator' }, '--fix', '--dry-run');
    expect(before.of('partitions')).toMatchObject({
      verdict: 'warning',
      fixable: true,
      command: 'keyctl doctor --fix',
    });
    expect(before.fixed).toEqual([]);
    const after = await doctor({ database: bare, role: 'test_operator' }, '--fix');
    expect(after.of('partitions').verdict).toBe('ok');
    expect(after.fixed).toEqual([expect.stringMatching(/^made \d+ partitions$/)]);
    await bare.drop();
  });

  it('warns of usage that nobody counted for a day', async () => {
    const bare = await freshDatabase(server);
    const its = await bare.connect();
    const look = async () => (await doctor({ database: bare, role: 'test_operator' })).of('rollup');
    expect(await look()).toMatchObject({ verdict: 'ok', finding: 'no usage waits to be counted' });
    const { id } = await seedKey(its);
    await seedUsage(its, { keyId: id, times: 1, secondsAgo: 0 });
    expect(await look()).toMatchObject({
      verdict: 'warning',
      finding: expect.stringContaining('usage was never counted'),
      command: 'keyctl audit rollup',
    });
    const counted = async (ago: string) => {
      await its.sql`update keyctl.rollup_state set collected_at = clock_timestamp() - ${ago}::interval`;
      return await look();
    };
    expect(await counted('23 hours')).toMatchObject({ verdict: 'ok', finding: 'usage was counted 23 h ago' });
    expect(await counted('25 hours')).toMatchObject({
      verdict: 'warning',
      finding: expect.stringContaining('last counted 1 d 1 h ago'),
    });
    await bare.drop();
  });

  it('warns of incidents over their time, and names the one or the list', async () => {
    const bare = await freshDatabase(server);
    const its = await bare.connect();
    const look = async () => (await doctor({ database: bare, role: 'test_operator' })).of('incidents');
    await seedIncident(its, { severity: 'low' });
    expect(await look()).toMatchObject({ verdict: 'ok', command: null });
    const detectedAt = new Date(Date.now() - 30 * 86_400_000).toISOString();
    const id = await seedIncident(its, { severity: 'critical', detectedAt });
    expect(await look()).toMatchObject({
      verdict: 'warning',
      finding: `${id} is over its time to acknowledge`,
      command: `keyctl incidents show ${id}`,
    });
    await seedIncident(its, { severity: 'critical', detectedAt });
    expect(await look()).toMatchObject({
      finding: '2 incidents are over their time',
      command: 'keyctl incidents list --overdue',
    });
    await bare.drop();
  });

  it('finds a schema that is missing or another one, and checks no further', async () => {
    const empty = await freshDatabase(server, 'empty');
    const missing = await doctor({ database: empty, role: 'postgres' });
    expect(missing.code).toBe(7);
    expect(missing.of('schema')).toMatchObject({ verdict: 'problem', command: 'keyctl db migrate' });
    expect(missing.of('grants')).toMatchObject({ verdict: 'not_checked' });
    await empty.drop();
    const [row] = await admin.sql`select schema_fingerprint as fingerprint from keyctl.installation`;
    await admin.sql`update keyctl.installation set schema_fingerprint = 'another'`;
    expect((await doctor(asOperator())).of('schema')).toMatchObject({ verdict: 'problem' });
    await admin.sql`update keyctl.installation set schema_fingerprint = ${String(row?.fingerprint)}`;
  });

  it('says what a role may not see, instead of calling it a problem; in none of ours it is one', async () => {
    const gateway = await doctor({ database, role: 'test_gateway' });
    expect(gateway.code).toBe(0);
    expect(gateway.of('schema')).toMatchObject({
      verdict: 'not_checked',
      finding: expect.stringContaining('keyctl_viewer'),
    });
    await admin.sql.unsafe(
      `do $$ begin create role test_plain login; exception when duplicate_object then null; end $$`,
    );
    const plain = await doctor({ database, role: 'test_plain' as 'postgres' });
    expect(plain.code).toBe(7);
    expect(plain.of('target')).toMatchObject({
      verdict: 'problem',
      command: 'keyctl db roles grant test_plain keyctl_viewer',
    });
    expect((await doctor({ database, role: 'postgres' })).of('target').verdict).toBe('warning');
  });

  it('measures the clock against the database’s', async () => {
    const off = async (ms: number) =>
      (await doctor(asOperator({ now: new Date(Date.now() + ms) }))).of('clock');
    expect(await off(90_000)).toMatchObject({
      verdict: 'warning',
      finding: expect.stringMatching(/1 m \d+ s ahead of/),
    });
    expect(await off(-3_600_000)).toMatchObject({
      verdict: 'problem',
      finding: expect.stringContaining('behind'),
    });
    expect((await off(0)).verdict).toBe('ok');
  });
});

describe('doctor without a database', () => {
  it('says that none is configured, that nobody answers, or what of the configuration was refused: 7', async () => {
    const none = await doctor({});
    expect(none.code).toBe(7);
    expect(none.of('target')).toMatchObject({
      verdict: 'problem',
      command: expect.stringContaining('keyctl db start'),
    });
    expect(none.of('chain')).toMatchObject({ verdict: 'not_checked' });
    const down = await doctor({ env: { DATABASE_URL: 'postgres://alice@127.0.0.1:1/keys' } });
    expect(down.of('target')).toMatchObject({
      finding: expect.stringContaining('nothing listens there'),
      command: null,
    });
    const clear = await doctor({
      env: { DATABASE_URL: 'postgres://alice@db.example.com/keys?sslmode=disable' },
    });
    expect(clear.of('target')).toMatchObject({ finding: expect.stringContaining('sslmode') });
  });
});

describe('doctor on the machine', () => {
  let place: string;
  beforeEach(async () => {
    place = await mkdtemp(join(inject('scratch'), 'doctor-'));
  });
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

  it('finds files that others can read; --fix closes them, --dry-run does not', async () => {
    const envFile = join(place, 'keys.env');
    await writeFile(envFile, 'PGHOST=127.0.0.1\nPGPORT=1\n');
    await chmod(envFile, 0o644);
    await mkdir(join(place, '.local/share/keyctl'), { recursive: true });
    await chmod(join(place, '.local/share/keyctl'), 0o755);
    const options = { home: place, env: { KEYCTL_ENV_FILE: envFile } };

    const open = await doctor(options, '--fix', '--dry-run');
    const files = open.checks.filter(({ name }) => name === 'files');
    expect(files).toMatchObject([
      { verdict: 'problem', command: `chmod 600 ${envFile}`, fixable: true },
      { verdict: 'problem', command: `chmod 700 ${join(place, '.local/share/keyctl')}`, fixable: true },
    ]);
    expect(await modeOf(envFile)).toBe(0o644);

    const closed = await doctor(options, '--fix');
    expect(closed.of('files').verdict).toBe('ok');
    expect(closed.fixed).toHaveLength(2);
    expect([await modeOf(envFile), await modeOf(join(place, '.local/share/keyctl'))]).toEqual([0o600, 0o700]);
    // The configuration that was refused before is read now.
    expect(closed.of('target').finding).toContain('nothing listens there');
  });

  it('says which keyctl wins on PATH (F22)', async () => {
    const launcher = join(import.meta.dirname, '../../bin/keyctl');
    const [theirs, ours] = [join(place, 'theirs'), join(place, 'ours')];
    for (const directory of [theirs, ours]) await mkdir(directory);
    await writeFile(join(theirs, 'keyctl'), '#!/bin/sh\n', { mode: 0o755 });
    await symlink(launcher, join(ours, 'keyctl'));
    await symlink(launcher, join(ours, 'apikeyctl'));
    const name = async (path: string) => (await doctor({ env: { PATH: path } })).of('name');
    expect(await name(`${theirs}:${ours}`)).toMatchObject({
      verdict: 'warning',
      finding: expect.stringContaining(join(theirs, 'keyctl')),
      command: 'apikeyctl --help',
    });
    expect(await name(`${ours}:${theirs}`)).toMatchObject({ verdict: 'ok' });
    expect(await name(join(place, 'empty'))).toMatchObject({
      verdict: 'ok',
      finding: expect.stringContaining('bin/keyctl'),
    });
  });
});
