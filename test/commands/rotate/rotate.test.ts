import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintKey } from '../../../src/actions/mint-key.js';
import type { Connection } from '../../../src/db/connect.js';
import { rotatePrepare } from '../../../src/db/kernel-rotation.js';
import { run } from '../../../src/program.js';
import { type FakeOptions, fakeMachine, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let home: string;
let files = 0;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  home = await mkdtemp(join(tmpdir(), 'keyctl-rotate-'));
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

const because = ['--reason', 'quarterly rotation, OPS-311'];
const rotate = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['rotate', ...args], { database, role: 'test_operator', ...options });
const newFile = () => {
  files += 1;
  return join(home, `new-${files}`);
};
const keyRow = async (id: string) => (await admin.sql`select * from keyctl.api_keys where id = ${id}`)[0];
const successorOf = async (id: string) =>
  (await admin.sql`select * from keyctl.api_keys where replaces = ${id}`)[0];
const actions = async (id: string) => (await auditOf(admin, id)).map((row) => row.action);
const broken = (code: string) =>
  new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });

describe('rotate KEY', () => {
  it('issues a successor into a file and gives the old key a day', async () => {
    const old = await seedKey(admin, {
      name: 'alice-prod',
      owner: 'alice@example.com',
      scopes: ['workflow:*'],
    });
    const others = await bystanders(admin, [old.id]);
    const path = newFile();
    const ran = await rotate([old.id, ...because, '--yes', '--deliver', `file:${path}`, '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const record = JSON.parse(ran.stdout);
    const token = await readFile(path, 'utf8');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(record).toEqual({
      operation_id: expect.any(String),
      key_id: `key_${token.slice(3, 15)}`,
      key: null,
      fingerprint: expect.stringMatching(/^sha256:/),
      name: 'alice-prod (rotated)',
      version: 2,
      scopes: ['workflow:*'],
      created_at: expect.any(String),
      expires_at: null,
      delivered_to: [`file:${path}`],
      audit_seq: expect.any(Number),
      rotation_id: `rot_${token.slice(3, 15)}`,
      old_key_id: old.id,
      old_fingerprint: expect.stringMatching(/^sha256:/),
      old_key_status: 'retiring',
      grace_ends_at: expect.any(String),
    });
    const inADay = new Date(record.grace_ends_at).getTime() - new Date(record.created_at).getTime();
    expect(inADay).toBe(86_400_000);
    expect(await keyRow(old.id)).toMatchObject({ status: 'retiring', replaced_by: record.key_id });
    expect(await keyRow(record.key_id)).toMatchObject({
      status: 'active',
      replaces: old.id,
      delivered_to: [`file:${path}`],
    });
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated']);
    expect(await bystanders(admin, [old.id, record.key_id])).toEqual(others);
  });

  it('prints the record with the key in it before the key is active, with what becomes of the old one', async () => {
    const old = await seedKey(admin);
    const ran = await rotate([old.id, ...because, '--yes', '--deliver', 'stdout', '--json', '--grace', '2h']);
    expect(ran).toMatchObject({ code: 0 });
    const record = JSON.parse(ran.stdout);
    expect(record).toMatchObject({
      old_key_status: 'retiring',
      old_key_id: old.id,
      delivered_to: ['stdout'],
    });
    expect(record.key).toContain(record.key_id.slice(4));
    // What was printed beforehand came true to the microsecond.
    const [row] =
      await admin.sql`select to_char(usable_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ends
      from keyctl.api_keys where id = ${old.id}`;
    expect(row?.ends).toBe(record.grace_ends_at);
  });

  it.each([
    ['--grace 0', ['--grace', '0']],
    ['--compromised', ['--compromised']],
  ])('%s ends the old key at once and says so', async (_case, flags) => {
    const old = await seedKey(admin);
    const ran = await rotate([old.id, ...because, ...flags, '--yes', '--deliver', `file:${newFile()}`]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`${old.id}: dead from now on, no grace`);
    expect(await keyRow(old.id)).toMatchObject({ status: 'replaced' });
  });

  it('issues a successor of a revoked key and leaves its revocation alone', async () => {
    const old = await seedKey(admin, { status: 'revoked' });
    const ran = await rotate([
      `id:${old.id}`,
      ...because,
      '--yes',
      '--deliver',
      `file:${newFile()}`,
      '--json',
    ]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ old_key_status: 'revoked', grace_ends_at: null });
    expect(await keyRow(old.id)).toMatchObject({ status: 'revoked', revocation_code: 'leaked' });
  });

  it('moves the successor to another prefix', async () => {
    const old = await seedKey(admin);
    const path = newFile();
    expect(
      (await rotate([old.id, ...because, '--prefix', 'fie_bob', '--yes', '--deliver', `file:${path}`])).code,
    ).toBe(0);
    expect(await readFile(path, 'utf8')).toMatch(/^fie_bob_/);
    expect(
      await rotate([old.id, ...because, '--prefix', 'Fie', '--yes', '--deliver', `file:${path}`]),
    ).toMatchObject({ code: 2 });
  });

  it('refuses to rotate twice and names the successor', async () => {
    const old = await seedKey(admin);
    await rotate([old.id, ...because, '--yes', '--deliver', `file:${newFile()}`]);
    const next = await successorOf(old.id);
    const again = await rotate([old.id, ...because, '--yes', '--deliver', `file:${newFile()}`]);
    expect(again).toMatchObject({ code: 4, stdout: '' });
    expect(again.stderr).toContain(`is replaced already, by ${next?.id}`);
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated']);
  });

  it('refuses a rotation during an open grace; --force ends the older key and says so', async () => {
    const old = await seedKey(admin);
    await rotate([old.id, ...because, '--yes', '--deliver', `file:${newFile()}`]);
    const next = await successorOf(old.id);
    const path = newFile();
    const refused = await rotate([next?.id, ...because, '--yes', '--deliver', `file:${path}`]);
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(refused.stderr).toContain('at most two usable keys');
    expect(existsSync(path)).toBe(false);
    const forced = await rotate([next?.id, ...because, '--force', '--yes', '--deliver', `file:${path}`]);
    expect(forced.code).toBe(0);
    expect(forced.stderr).toContain(`ended with it: ${old.id}`);
    expect(await keyRow(old.id)).toMatchObject({ status: 'replaced' });
    expect(await actions(old.id)).toContain('rotation.finalized');
  });

  it('activates nothing when the secret cannot be delivered, and leaves the old key as it was', async () => {
    const old = await seedKey(admin);
    const taken = newFile();
    await writeFile(taken, 'somebody else’s');
    const first = newFile();
    const ran = await rotate([
      old.id,
      ...because,
      '--yes',
      '--deliver',
      `file:${first}`,
      '--deliver',
      `file:${taken}`,
    ]);
    expect(ran).toMatchObject({ code: 8, stdout: '' });
    expect(ran.stderr).toContain('nothing was activated, the old key is as it was');
    expect(existsSync(first)).toBe(false);
    expect(await readFile(taken, 'utf8')).toBe('somebody else’s');
    expect(await keyRow(old.id)).toMatchObject({ status: 'active', replaced_by: null });
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.aborted']);
    const closed = await rotate([old.id, ...because, '--yes', '--deliver', 'stdout'], {
      stdout: broken('EPIPE'),
    });
    expect(closed.code).toBe(8);
    expect(await keyRow(old.id)).toMatchObject({ status: 'active' });
    expect((await rotate([old.id, ...because, '--yes', '--deliver', `file:${newFile()}`])).code).toBe(0);
  });

  it('answers a repeated operation with its first outcome, and delivers nothing twice', async () => {
    const old = await seedKey(admin);
    const line = [
      old.id,
      ...because,
      '--yes',
      '--deliver',
      `file:${newFile()}`,
      '--operation-id',
      randomUUID(),
      '--json',
    ];
    const first = JSON.parse((await rotate(line)).stdout);
    const again = await rotate(line);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({
      key_id: first.key_id,
      audit_seq: first.audit_seq,
      grace_ends_at: first.grace_ends_at,
    });
    expect(again.stderr).toContain('it is not shown again');
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated']);
  });

  it.each([
    ['goes on with what a dead run left, when its staged secret is found', true],
    ['gives up what a dead run left, when its secret is nowhere, and rotates anew', false],
  ])('%s', async (_case, staged) => {
    const old = await seedKey(admin);
    const path = newFile();
    const { secret, key } = mintKey({ randomBytes }, 'kc');
    const items = [{ keyId: old.id, version: 1, successor: key, deliverTo: [`file:${path}`] }];
    const change = {
      operationId: randomUUID(),
      context: { actor_os: null, actor_claimed: null, host: null },
    };
    const options = {};
    await admin.run({ sends: 'read' }, (db) =>
      rotatePrepare(db, change, { items, options, reason: 'the run before this one' }),
    );
    if (staged) await writeFile(path, secret.reveal(), { mode: 0o600 });
    const line = [old.id, ...because, '--yes', '--deliver', `file:${path}`, '--json'];
    const early = await rotate(line);
    expect(early).toMatchObject({ code: 4, stdout: '' });
    expect(early.stderr).toContain(`rot_${key.id.slice(4)}`);
    await admin.sql`update keyctl.rotations set prepared_at = prepared_at - interval '61 minutes' where new_key_id = ${key.id}`;

    const ran = await rotate(line);
    expect(ran.code).toBe(0);
    const record = JSON.parse(ran.stdout);
    expect(record.key_id === key.id).toBe(staged);
    expect(await readFile(path, 'utf8')).toContain(record.key_id.slice(4));
    expect(await keyRow(record.key_id)).toMatchObject({ status: 'active' });
    expect(await keyRow(key.id)).toMatchObject({ status: staged ? 'active' : 'revoked' });
    // Its row bears the id of the successor that was given up: this operation may still abort its own.
    expect((await actions(key.id)).includes('rotation.aborted')).toBe(!staged);
  });

  it('tries the new key inside the grace; refused, the old key goes on (7)', async () => {
    let status = 401;
    const server: Server = createServer((_request, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ping`;
    const refused = await seedKey(admin);
    const ran = await rotate([
      refused.id,
      ...because,
      '--grace',
      '0',
      '--probe',
      url,
      '--yes',
      '--deliver',
      `file:${newFile()}`,
      '--json',
    ]);
    expect(ran.code).toBe(7);
    expect(JSON.parse(ran.stdout)).toMatchObject({ old_key_status: 'retiring' });
    expect(await keyRow(refused.id)).toMatchObject({ status: 'retiring' });
    status = 200;
    const fine = await seedKey(admin);
    const done = await rotate([
      fine.id,
      ...because,
      '--grace',
      '0',
      '--probe',
      url,
      '--yes',
      '--deliver',
      `file:${newFile()}`,
      '--json',
    ]);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ old_key_status: 'replaced', grace_ends_at: null });
    server.close();
  });

  it('ends at once on Ctrl-C before anything is activated, also with a probe to come (130)', async () => {
    const old = await seedKey(admin);
    const other = await database.connect();
    await other.sql`begin`;
    await other.sql`select from keyctl.api_keys where id = ${old.id} for update`;
    const machine = fakeMachine({ database, role: 'test_operator' });
    const line = ['rotate', old.id, ...because, '--yes', '--deliver', `file:${newFile()}`];
    const running = run([...line, '--probe', 'http://127.0.0.1:9/ping'], machine);
    const blocked = async () =>
      (
        await admin.sql`select from pg_stat_activity where datname = current_database() and usename = 'test_operator'
          and wait_event_type = 'Lock'`
      ).length;
    await expect.poll(blocked, { timeout: 60_000 }).toBe(1);
    machine.interrupt();
    expect(await running).toBe(130);
    await other.sql`rollback`;
    expect(await keyRow(old.id)).toMatchObject({ status: 'active', replaced_by: null });
  });

  it('asks on a terminal, shows what breaks, and shows the secret once', async () => {
    const old = await seedKey(admin, { name: 'asked-for' });
    const ran = await rotate([old.id], {
      terminal: true,
      answers: [
        [`Type ${old.id.slice(4, 8)} to rotate it`, old.id.slice(4, 8)],
        ['Reason (kept in the audit log)', 'quarterly rotation, OPS-311'],
      ],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('Both keys are usable until the grace is over.');
    expect(ran.stdout).toContain('This is its only showing');
    expect(ran.stdout).toContain(`${old.id}: usable until`);
    expect((await successorOf(old.id))?.status).toBe('active');
  });

  it('--dry-run says which grace would apply, and mints nothing', async () => {
    const old = await seedKey(admin);
    const ran = await rotate([old.id, '--dry-run', '--deliver', `file:${newFile()}`, '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      dry_run: true,
      count: 1,
      keys: [{ key_id: old.id, grace_seconds: 86_400, obstacle: null }],
    });
    expect(await actions(old.id)).toEqual([]);
  });

  it.each([
    ['no key', [...because, '--yes', '--deliver', 'file:/tmp/x'], 2, 'which key?'],
    ['no reason', ['KEY', '--yes', '--deliver', 'file:/tmp/x'], 2, '--reason is required'],
    ['a bad reason', ['KEY', '--yes', '--reason', 'old key'], 2, '--reason'],
    ['no consent', ['KEY', ...because, '--deliver', 'file:/tmp/x'], 5, '--yes'],
    ['no place for the secret', ['KEY', ...because, '--yes'], 5, 'nowhere else to go'],
    ['a grace that is none', ['KEY', ...because, '--yes', '--grace', '1M'], 2, '--grace'],
    ['a grace for a compromised key', ['KEY', ...because, '--compromised', '--grace', '1h'], 2, '--grace'],
    ['a header without a probe', ['KEY', ...because, '--auth-header', 'X-API-Key'], 2, '--auth-header'],
    [
      'a key that is not there',
      ['key_000000000000', ...because, '--yes', '--deliver', 'file:/tmp/x'],
      3,
      'key_000000000000',
    ],
    [
      'a selection without a count',
      ['--owner', 'x@example.com', ...because, '--yes', '--deliver', 'stdout', '-o', 'ndjson'],
      5,
      '--expect',
    ],
    ['one file for several', ['a', 'b', ...because, '--yes', '--deliver', 'file:/tmp/x'], 2, '--deliver'],
  ])('refuses %s', async (_case, args, code, said) => {
    const old = await seedKey(admin);
    const ran = await rotate(args.map((word) => (word === 'KEY' ? old.id : word)));
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(await actions(old.id)).toEqual([]);
  });

  it('is refused to a viewer, by the database', async () => {
    const old = await seedKey(admin);
    const ran = await rotate([old.id, ...because, '--yes', '--deliver', `file:${newFile()}`], {
      role: 'test_viewer',
    });
    expect(ran).toMatchObject({ code: 77, stdout: '' });
  });
});

describe('rotate SELECTION', () => {
  it('replaces all keys of a person at once, one record a line', async () => {
    const mine = await Promise.all([1, 2, 3].map(() => seedKey(admin, { owner: 'gone@example.com' })));
    await seedKey(admin, { owner: 'gone@example.com', status: 'pending' });
    const line = [
      '--owner',
      'gone@example.com',
      ...because,
      '--compromised',
      '--yes',
      '--deliver',
      'stdout',
      '-o',
      'ndjson',
    ];
    expect(await rotate([...line, '--expect', '4'])).toMatchObject({ code: 5, stdout: '' });
    const ran = await rotate([...line, '--expect', '3']);
    expect(ran.code).toBe(0);
    const records = ran.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(records.map((record) => record.old_key_id).sort()).toEqual(mine.map((key) => key.id).sort());
    for (const key of mine) expect(await keyRow(key.id)).toMatchObject({ status: 'replaced' });
  });

  it('says of each key what came of it, and exits 6 when some were refused', async () => {
    const fine = await seedKey(admin, { workspace: 'w-mixed' });
    const twice = await seedKey(admin);
    await rotate([twice.id, ...because, '--yes', '--deliver', `file:${newFile()}`]);
    const ran = await rotate([
      fine.id,
      twice.id,
      ...because,
      '--yes',
      '--deliver',
      'exec:/bin/cat',
      '--json',
    ]);
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      rotated: 1,
      failed: 1,
      results: [
        { outcome: 'rotated', old_key_id: fine.id },
        { outcome: 'refused', old_key_id: twice.id, key_id: null },
      ],
    });
  });
});
