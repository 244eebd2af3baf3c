import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mintKey } from '../../../src/actions/mint-key.js';
import type { Connection } from '../../../src/db/connect.js';
import { rotateActivate, rotatePrepare } from '../../../src/db/kernel-rotation.js';
import { derivedOperation } from '../../../src/domain/derived-operation.js';
import { run } from '../../../src/program.js';
import { type FakeOptions, fakeMachine, runCommand } from '../../support/fake-machine.js';
import { importedKey } from '../../support/imported-key.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, type KeySeed, type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let home: string;
let directory: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-due-'));
});
afterAll(() => rm(home, { recursive: true }));

// A run means every key there is, so each test has a database of its own.
beforeEach(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  directory = await mkdtemp(join(home, 'keys-'));
});
afterEach(() => database.drop());

const because = ['--reason', 'rotation by date, cron on ops-1'];
const due = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  runCommand(['rotate', 'due', ...because, '--yes', ...args], {
    database,
    role: 'test_operator',
    ...options,
  });
const intoDirectory = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  due(['--deliver-dir', directory, ...args], options);

interface Line {
  readonly outcome: string;
  readonly old_key_id: string;
  readonly key_id: string | null;
  readonly [field: string]: unknown;
}
const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text));

async function age(key: SeededKey, days: number): Promise<void> {
  await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - make_interval(days => ${days}) where id = ${key.id}`;
}
/** Older than the 90 days of the policy `standard`. */
async function dueKey(seed: KeySeed = {}, days = 100): Promise<SeededKey> {
  const key = await seedKey(admin, seed);
  await age(key, days);
  return key;
}
const keyRow = async (id: string) => (await admin.sql`select * from keyctl.api_keys where id = ${id}`)[0];
const actions = async (id: string) => (await auditOf(admin, id)).map((row) => row.action);

const countOf = async (action: string) =>
  Number((await admin.sql`select count(*)::int as n from keyctl.audit_log where action = ${action}`)[0]?.n);

/** What a run leaves that died after PREPARE, or (`activated`) before its last step; an hour and more ago. */
async function leftBehind(
  key: SeededKey,
  { activated = false, deliverTo = [] as string[], ageHours = 2 } = {},
): Promise<{ newKeyId: string; rotationId: string; secret: string }> {
  const minted = mintKey({ randomBytes: (size) => randomBytes(size) }, 'kc');
  const change = () => ({
    operationId: randomUUID(),
    context: { actor_os: 'dead', actor_claimed: null, host: 'ops-0' },
  });
  const version = Number((await keyRow(key.id))?.version);
  const [prepared] = await admin.run({ sends: 'read' }, (db) =>
    rotatePrepare(db, change(), {
      items: [{ keyId: key.id, version, successor: minted.key, deliverTo }],
      options: {},
      reason: 'a run that died on the way',
    }),
  );
  if (prepared?.outcome !== 'prepared') throw new Error(JSON.stringify(prepared));
  const rotationId = prepared.rotation_id;
  if (activated) {
    const items = [{ rotationId, deliveredTo: deliverTo, inPlace: true }];
    await admin.run({ sends: 'read' }, (db) => rotateActivate(db, change(), { items }));
  }
  await admin.sql`update keyctl.rotations set prepared_at = prepared_at - make_interval(hours => ${ageHours}),
    activated_at = activated_at - make_interval(hours => ${ageHours}) where rotation_id = ${rotationId}`;
  return { newKeyId: minted.key.id, rotationId, secret: minted.secret.reveal() };
}

describe('rotate due', () => {
  it('rotates what is due by policy, a line for each key, and leaves the rest alone', async () => {
    const old = await dueKey({ name: 'alice-prod', owner: 'alice@example.com', scopes: ['workflow:*'] });
    await seedKey(admin, { name: 'young' });
    await dueKey({ name: 'dead', status: 'revoked' });
    const others = await bystanders(admin, [old.id]);

    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(ran.code).toBe(0);
    const [line, ...more] = linesOf(ran.stdout);
    expect(more).toEqual([]);
    expect(line).toEqual({
      outcome: 'rotated',
      operation_id: expect.any(String),
      key_id: expect.stringMatching(/^key_/),
      key: null,
      fingerprint: expect.stringMatching(/^sha256:/),
      name: 'alice-prod (rotated)',
      version: 2,
      scopes: ['workflow:*'],
      created_at: expect.any(String),
      expires_at: null,
      delivered_to: [`file:${directory}/${line?.key_id}`],
      audit_seq: expect.any(Number),
      rotation_id: expect.stringMatching(/^rot_/),
      old_key_id: old.id,
      old_fingerprint: expect.stringMatching(/^sha256:/),
      old_key_status: 'retiring',
      grace_ends_at: expect.any(String),
      ended_key_ids: [],
      probe_status: null,
      left_out: null,
      left_out_reason: null,
      error: null,
    });
    const file = await readFile(join(directory, String(line?.key_id)), 'utf8');
    expect(`key_${file.slice(3, 15)}`).toBe(line?.key_id);
    expect(ran.stderr).toContain(`1 rotated in database ${database.name}`);
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated']);
    expect(await bystanders(admin, [old.id, String(line?.key_id)])).toEqual(others);
  });

  it('rotates nothing when it is repeated, says so and names the database', async () => {
    await dueKey();
    await intoDirectory();
    const rows = await bystanders(admin, []);
    const again = await intoDirectory();
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain(`nothing was due in database ${database.name}`);
    expect(await bystanders(admin, [])).toEqual(rows);
    expect(await countOf('rotation.activated')).toBe(1);
  });

  it('means the age instead of the policy with --older-than, and never its own successors', async () => {
    const keys = [await dueKey({}, 2), await dueKey({}, 3)];
    await seedKey(admin);
    expect(linesOf((await intoDirectory(['-o', 'ndjson'])).stdout)).toEqual([]);
    const ran = await intoDirectory(['--older-than', '1d', '-o', 'ndjson']);
    expect(
      linesOf(ran.stdout)
        .map((line) => line.old_key_id)
        .sort(),
    ).toEqual(keys.map((key) => key.id).sort());
  });

  it('means the keys of one policy or environment with --policy', async () => {
    const plain = await dueKey({}, 400);
    const high = await dueKey({}, 400);
    const staged = await dueKey({}, 400);
    await admin.sql`update keyctl.api_keys set policy = 'high' where id = ${high.id}`;
    await admin.sql`update keyctl.api_keys set environment = 'staging' where id = ${staged.id}`;
    const rotated = async (policy: string) =>
      linesOf((await intoDirectory(['--policy', policy, '-o', 'ndjson'])).stdout).map(
        (line) => line.old_key_id,
      );
    expect(await rotated('staging')).toEqual([staged.id]);
    expect(await rotated('high')).toEqual([high.id]);
    expect(await rotated('standard')).toEqual([plain.id]);
  });

  it('stops at --max, the longest due first, and says what is due still', async () => {
    const keys = [await dueKey({}, 110), await dueKey({}, 300), await dueKey({}, 200)];
    const ran = await intoDirectory(['--max', '2', '-o', 'ndjson']);
    expect(ran.code).toBe(0);
    expect(linesOf(ran.stdout).map((line) => line.old_key_id)).toEqual([keys[1]?.id, keys[2]?.id]);
    expect(ran.stderr).toContain('stopped at --max; 1 key still due');
  });

  it('lists keys that are left out by date, with the reason', async () => {
    const exempt = await dueKey({ name: 'vault-root' });
    const decoy = await dueKey({ name: 'honey' });
    const retires = await dueKey({ name: 'old-batch' });
    await admin.sql`update keyctl.api_keys set exempt_reason = 'burnt into an appliance' where id = ${exempt.id}`;
    await admin.sql`update keyctl.api_keys set decoy = true where id = ${decoy.id}`;
    await admin.sql`update keyctl.api_keys set retire_on = '2030-01-02 03:04:05+00', usable_until = '2030-01-02 03:04:05+00'
      where id = ${retires.id}`;
    const rows = await bystanders(admin, []);
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(ran.code).toBe(0);
    const told = Object.fromEntries(
      linesOf(ran.stdout).map((line) => [line.name, [line.outcome, line.left_out, line.left_out_reason]]),
    );
    expect(told).toEqual({
      'vault-root': ['exempt', 'exempt', 'exempt: burnt into an appliance'],
      honey: ['exempt', 'decoy', 'a decoy: nobody uses it'],
      'old-batch': ['exempt', 'retirement_planned', 'its retirement is planned for 2030-01-02T03:04:05.000Z'],
    });
    expect(ran.stderr).toContain('3 exempt');
    expect(await bystanders(admin, [])).toEqual(rows);
  });

  it('writes down what ended by itself, and says each', async () => {
    const old = await dueKey({ name: 'alice-prod' });
    await intoDirectory();
    await admin.sql`update keyctl.api_keys set usable_until = clock_timestamp() - interval '1 minute' where id = ${old.id}`;
    const retired = await seedKey(admin, { name: 'old-batch' });
    await admin.sql`update keyctl.api_keys set retire_on = '2026-01-02 03:04:05+00', usable_until = '2026-01-02 03:04:05+00',
      retire_reason = 'the batch moved to the new gateway' where id = ${retired.id}`;
    const paused = await seedKey(admin, { name: 'visitor' });
    await admin.sql`update keyctl.api_keys set on_expiry = 'suspend', expires_at = clock_timestamp() - interval '1 minute'
      where id = ${paused.id}`;

    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(ran.code).toBe(0);
    const lines = linesOf(ran.stdout);
    const told = Object.fromEntries(
      lines.map((line) => [line.old_key_id, [line.outcome, line.old_key_status]]),
    );
    expect(told).toEqual({
      [old.id]: ['finalized', 'replaced'],
      [retired.id]: ['retired', 'revoked'],
      [paused.id]: ['suspended', 'suspended'],
    });
    expect(lines.find((line) => line.outcome === 'finalized')).toMatchObject({
      key_id: (await keyRow(old.id))?.replaced_by,
      rotation_id: expect.stringMatching(/^rot_/),
    });
    expect(await keyRow(retired.id)).toMatchObject({ status: 'revoked', revocation_code: 'retired' });
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated', 'rotation.finalized']);
    expect(await actions(retired.id)).toEqual(['key.revoked']);
    expect(await actions(paused.id)).toEqual(['key.suspended']);
    expect(ran.stderr).toContain('1 finalized · 1 retired · 1 suspended');
  });

  it('leaves a family with two usable keys alone and says so', async () => {
    const old = await dueKey();
    await intoDirectory();
    const successor = String((await keyRow(old.id))?.replaced_by);
    await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '100 days' where id = ${successor}`;
    const rows = await bystanders(admin, []);
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(ran.code).toBe(0);
    expect(linesOf(ran.stdout)).toMatchObject([
      {
        outcome: 'skipped',
        old_key_id: successor,
        error: expect.stringContaining('at most two usable keys'),
      },
    ]);
    expect(await bystanders(admin, [])).toEqual(rows);
  });

  it('ends a key that was kept until the next rotation', async () => {
    await admin.sql`update keyctl.policies set keep_previous = true where name = 'standard'`;
    const old = await dueKey();
    await intoDirectory();
    expect(await keyRow(old.id)).toMatchObject({ status: 'retiring', usable_until: null });
    const successor = String((await keyRow(old.id))?.replaced_by);
    await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '100 days' where id = ${successor}`;
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(linesOf(ran.stdout)).toMatchObject([
      { outcome: 'rotated', old_key_id: successor, ended_key_ids: [old.id] },
    ]);
    expect(await keyRow(old.id)).toMatchObject({ status: 'replaced' });
  });
});

describe('what earlier runs left behind', () => {
  it('goes on with a dead pending successor whose secret is where this run delivers to', async () => {
    const old = await dueKey({ name: 'alice-prod' });
    const { newKeyId, rotationId, secret } = await leftBehind(old);
    await writeFile(join(directory, newKeyId), secret, { mode: 0o600 });
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(ran.code).toBe(0);
    expect(linesOf(ran.stdout)).toMatchObject([
      {
        outcome: 'resumed',
        old_key_id: old.id,
        key_id: newKeyId,
        rotation_id: rotationId,
        old_key_status: 'retiring',
      },
    ]);
    expect(await keyRow(newKeyId)).toMatchObject({ status: 'active', replaces: old.id });
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated']);
    expect(await readdir(directory)).toEqual([newKeyId]);
  });

  it.each([
    ['nowhere', () => ''],
    [
      'that of another key',
      () => mintKey({ randomBytes: (size) => randomBytes(size) }, 'kc').secret.reveal(),
    ],
  ])(
    'gives up a dead pending successor whose secret is %s, and rotates its key anew',
    async (_where, content) => {
      const old = await dueKey();
      const { newKeyId, rotationId } = await leftBehind(old);
      if (content() !== '') await writeFile(join(directory, newKeyId), content(), { mode: 0o600 });
      const ran = await intoDirectory(['-o', 'ndjson']);
      expect(ran.code).toBe(0);
      const lines = linesOf(ran.stdout);
      expect(lines).toMatchObject([
        { outcome: 'aborted', old_key_id: old.id, key_id: newKeyId, rotation_id: rotationId },
        { outcome: 'rotated', old_key_id: old.id },
      ]);
      expect(await keyRow(newKeyId)).toMatchObject({ status: 'revoked', revocation_code: 'abandoned' });
      expect(await keyRow(String(lines[1]?.key_id))).toMatchObject({ status: 'active', version: 3 });
      expect(await actions(old.id)).toEqual([
        'rotation.prepared',
        'rotation.aborted',
        'rotation.prepared',
        'rotation.activated',
      ]);
      // The row of the abort is found by the operation that its line names.
      const [aborted] = (await auditOf(admin, old.id)).filter((row) => row.action === 'rotation.aborted');
      expect(aborted?.operation_id).toBe(lines[0]?.operation_id);
      expect(aborted?.operation_id).toBe(derivedOperation(String(lines[1]?.operation_id), 'unfinished'));
    },
  );

  it('gives up a dead pending successor of a key that is not due any more', async () => {
    const old = await seedKey(admin);
    const { newKeyId } = await leftBehind(old);
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(linesOf(ran.stdout)).toMatchObject([{ outcome: 'aborted', key_id: newKeyId }]);
    expect(await keyRow(old.id)).toMatchObject({ status: 'active', replaced_by: null });
  });

  it('aborts both when the new rotation of the same key cannot be delivered either', async () => {
    const old = await dueKey();
    const { newKeyId } = await leftBehind(old);
    const ran = await due(['--deliver', 'exec:/bin/false', '-o', 'ndjson']);
    expect(ran.code).toBe(8);
    const lines = linesOf(ran.stdout);
    expect(lines).toMatchObject([{ outcome: 'aborted', key_id: newKeyId }, { outcome: 'undelivered' }]);
    expect(await keyRow(String(lines[1]?.key_id))).toMatchObject({
      status: 'revoked',
      revocation_code: 'abandoned',
    });
    expect(await keyRow(old.id)).toMatchObject({ status: 'active', replaced_by: null });
  });

  it('leaves a young pending successor to the run that made it', async () => {
    const old = await dueKey();
    const { newKeyId, rotationId } = await leftBehind(old, { ageHours: 0 });
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(ran.code).toBe(0);
    expect(linesOf(ran.stdout)).toMatchObject([
      { outcome: 'skipped', old_key_id: old.id, error: expect.stringContaining(rotationId) },
    ]);
    expect(await keyRow(newKeyId)).toMatchObject({ status: 'pending' });
  });

  it('finishes the commit of an env file that a run died before', async () => {
    const old = await seedKey(admin, { name: 'billing' });
    const env = join(home, `${old.id}.env`);
    await writeFile(env, `API_KEY=${old.token}\nOTHER=1\n`, { mode: 0o600 });
    const map = join(home, `${old.id}.map`);
    const rules = [{ key: 'name:billing', deliver: `env:${env}#API_KEY` }];
    await writeFile(map, JSON.stringify(rules), { mode: 0o600 });
    await age(old, 100);
    const failing = await due(['--deliver-map', map, '--after', '/bin/false', '-o', 'ndjson']);
    expect(failing.code).toBe(6);
    expect(linesOf(failing.stdout)).toMatchObject([{ outcome: 'unfinished', old_key_id: old.id }]);
    const [line] = linesOf(failing.stdout);
    expect(await keyRow(String(line?.key_id))).toMatchObject({ status: 'active' });

    const early = await due(['--deliver-map', map, '-o', 'ndjson']);
    expect(linesOf(early.stdout)).toEqual([]);
    await admin.sql`update keyctl.rotations set activated_at = activated_at - interval '1 hour'`;
    const ran = await due(['--deliver-map', map, '--after', '/bin/true', '-o', 'ndjson']);
    expect(ran.code).toBe(0);
    expect(linesOf(ran.stdout)).toMatchObject([{ outcome: 'resumed', key_id: line?.key_id }]);
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated', 'rotation.committed']);
    expect(await readFile(env, 'utf8')).toContain(String(line?.key_id).slice(4));
    expect(linesOf((await due(['--deliver-map', map, '-o', 'ndjson'])).stdout)).toEqual([]);
  });

  it('says what it cannot finish, and counts it as nobody’s failure', async () => {
    const old = await seedKey(admin);
    const { newKeyId, rotationId } = await leftBehind(old, { activated: true, deliverTo: ['env:/srv/a#B'] });
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(ran.code).toBe(0);
    expect(linesOf(ran.stdout)).toMatchObject([
      {
        outcome: 'skipped',
        old_key_id: old.id,
        error: expect.stringContaining('env:/srv/a#B was never finished'),
      },
    ]);
    expect(await keyRow(newKeyId)).toMatchObject({ status: 'active' });
    expect(
      (await admin.sql`select commit_pending from keyctl.rotations where rotation_id = ${rotationId}`)[0],
    ).toEqual({
      commit_pending: true,
    });
  });

  it('never brings back the secret of a successor that was itself replaced', async () => {
    const old = await seedKey(admin);
    const { newKeyId, secret } = await leftBehind(old, { activated: true });
    await writeFile(join(directory, newKeyId), secret, { mode: 0o600 });
    await admin.sql`update keyctl.api_keys set status = 'replaced', usable_until = clock_timestamp() where id = ${old.id}`;
    await runCommand(['rotate', newKeyId, ...because, '--yes', '--deliver', `file:${join(home, newKeyId)}`], {
      database,
      role: 'test_operator',
    });
    const ran = await intoDirectory(['-o', 'ndjson']);
    expect(linesOf(ran.stdout).filter((line) => line.outcome !== 'finalized')).toEqual([]);
  });
});

describe('failures', () => {
  it('stops minting when the place of the secrets is gone, exit 8, and a rerun does the rest', async () => {
    for (let made = 0; made < 4; made += 1) await dueKey();
    const gone = join(home, `gone-${randomUUID()}`);
    await mkdir(gone, { mode: 0o700 });
    // The directory goes away after it was looked at: while the database is asked for what is due.
    const ran = await due(['--deliver-dir', gone, '-o', 'ndjson'], {
      randomBytes(size) {
        rmSync(gone, { recursive: true, force: true });
        return randomBytes(size);
      },
    });
    expect(ran.code).toBe(8);
    expect(new Set(linesOf(ran.stdout).map((line) => line.outcome))).toEqual(new Set(['undelivered']));
    expect(ran.stderr).toContain(
      'the place of the secrets is gone, so nothing more was minted; 4 keys still due',
    );
    expect(await countOf('rotation.activated')).toBe(0);
    expect(await countOf('rotation.aborted')).toBe(4);

    const again = await intoDirectory(['-o', 'ndjson']);
    expect(again.code).toBe(0);
    expect(linesOf(again.stdout).map((line) => line.outcome)).toEqual(Array(4).fill('rotated'));
  });

  it('exits 6 when some failed, and a rerun does only the rest', async () => {
    const good = await dueKey({ name: 'good' });
    const bad = await dueKey({ name: 'bad' });
    const map = join(home, `${bad.id}.map`);
    const rules = [{ key: 'name:good', deliver: `file:${directory}/{id}` }];
    await writeFile(map, JSON.stringify(rules), { mode: 0o600 });
    const ran = await due(['--deliver-map', map, '-o', 'ndjson']);
    expect(ran.code).toBe(6);
    expect(linesOf(ran.stdout)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ outcome: 'rotated', old_key_id: good.id }),
        expect.objectContaining({
          outcome: 'refused',
          old_key_id: bad.id,
          error: expect.stringContaining('no place for the secret'),
        }),
      ]),
    );
    const again = await due(['--deliver-map', map, '-o', 'ndjson']);
    // Alone it is the code of its own failure.
    expect(again.code).toBe(8);
    expect(linesOf(again.stdout).map((line) => line.old_key_id)).toEqual([bad.id]);
  });

  it('does not let one key with a name that is no path stop the others', async () => {
    const good = await dueKey({ name: 'good' });
    const hostile = await dueKey({ name: '../../etc/cron.d/x' });
    const map = join(home, `${good.id}.map`);
    const rules = [{ key: '*', deliver: `file:${directory}/{name}` }];
    await writeFile(map, JSON.stringify(rules), { mode: 0o600 });
    const ran = await due(['--deliver-map', map, '-o', 'ndjson']);
    expect(ran.code).toBe(6);
    const told = Object.fromEntries(linesOf(ran.stdout).map((line) => [line.old_key_id, line.outcome]));
    expect(told).toEqual({ [good.id]: 'rotated', [hostile.id]: 'refused' });
    expect(await readdir(directory)).toEqual(['good']);
  });

  it('stops when nobody reads its output any more, says where things stand, and a rerun does the rest', async () => {
    for (let made = 0; made < 101; made += 1) await dueKey();
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('EPIPE'), { code: 'EPIPE' })),
    });
    const ran = await intoDirectory(['-o', 'ndjson'], { stdout: broken });
    expect(ran.code).toBe(6);
    expect(ran.stderr).toMatch(
      /nobody reads the output any more; nothing is under way; (1|100) keys? still due/,
    );
    const [row] = await admin.sql`select count(*)::int as n from keyctl.api_keys where status = 'pending'`;
    expect(row?.n).toBe(0);
    expect((await intoDirectory()).code).toBe(0);
    expect(await countOf('rotation.activated')).toBe(101);
  }, 60_000);

  it('finishes the batch that is under way when it is interrupted, and exits 130', async () => {
    for (let made = 0; made < 101; made += 1) await dueKey();
    const machine = fakeMachine({
      database,
      role: 'test_operator',
      stdout: new Writable({
        write(_chunk, _encoding, done) {
          machine.interrupt();
          done();
        },
      }),
    });
    const argv = ['rotate', 'due', ...because, '--yes', '--deliver-dir', directory, '-o', 'ndjson'];
    expect(await run(argv, machine)).toBe(130);
    expect(machine.written().stderr).toMatch(/interrupted: nothing is under way; (1|100) keys? still due/);
    const [row] = await admin.sql`select count(*)::int as n from keyctl.api_keys where status = 'pending'`;
    expect(row?.n).toBe(0);
  }, 60_000);

  it('takes a signal that called off a hook as meant for the whole run', async () => {
    const started = join(home, `started-${randomUUID()}`);
    const hook = join(home, `hook-${randomUUID()}`);
    await writeFile(hook, `#!/bin/sh\ncat >/dev/null\n: >${started}\nexec sleep 60\n`);
    await chmod(hook, 0o755);
    const old = await dueKey();
    const machine = fakeMachine({ database, role: 'test_operator' });
    const argv = ['rotate', 'due', ...because, '--yes', '--deliver', `exec:${hook}`, '-o', 'ndjson'];
    const running = run(argv, machine);
    await expect
      .poll(() => readdir(home).then((names) => names.some((name) => started.endsWith(name))))
      .toBe(true);
    machine.interrupt();
    expect(await running).toBe(130);
    expect(linesOf(machine.written().stdout)).toMatchObject([{ outcome: 'undelivered', old_key_id: old.id }]);
    expect(await keyRow(old.id)).toMatchObject({ status: 'active', replaced_by: null });
  });

  it('exits 77 for a login that may not rotate, and changes nothing', async () => {
    await dueKey();
    const rows = await bystanders(admin, []);
    const ran = await intoDirectory([], { role: 'test_viewer' });
    expect(ran.code).toBe(77);
    expect(await bystanders(admin, [])).toEqual(rows);
    expect(await readdir(directory)).toEqual([]);
  });

  it('exits 69 when the database cannot be reached', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' };
    const ran = await runCommand(['rotate', 'due', ...because, '--yes', '--deliver-dir', directory], { env });
    expect(ran.code).toBe(69);
  });

  it('exits 78 for a directory that others can write to, before anything is opened', async () => {
    await chmod(directory, 0o777);
    expect((await runCommand(['rotate', 'due', ...because, '--yes', '--deliver-dir', directory])).code).toBe(
      78,
    );
  });
});

describe('the command line', () => {
  it.each([
    ['a missing reason', ['--yes', '--deliver-dir', '/tmp'], '--reason'],
    ['a reason that says nothing', ['--yes', '--reason', 'old', '--deliver-dir', '/tmp'], '--reason'],
    ['an age that is none', [...because, '--yes', '--older-than', 'long'], '--older-than'],
    ['a --max of nothing', [...because, '--yes', '--max', '0'], '--max'],
    ['a file for many keys', [...because, '--yes', '--deliver', 'file:/tmp/x'], '--deliver'],
  ])('refuses %s with exit 2', async (_what, args, flag) => {
    const ran = await runCommand(['rotate', 'due', ...args]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(flag);
    expect(ran.stderr).toContain('try:');
  });

  it('refuses a policy that is not known: a misspelled cron line would do nothing for ever', async () => {
    const ran = await intoDirectory(['--policy', 'hihg']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('there is no policy or environment hihg');
  });

  it.each([
    ['nobody to ask and no --yes', [...because, '--deliver-dir', '/tmp']],
    ['no place for the secrets', [...because, '--yes']],
  ])('refuses %s with exit 5, before anything is opened', async (_what, args) => {
    expect(await runCommand(['rotate', 'due', ...args])).toMatchObject({ code: 5, stdout: '' });
  });

  it('has the number of due keys typed where somebody can be asked', async () => {
    const keys = [await dueKey(), await dueKey()];
    const argv = ['rotate', 'due', ...because, '--deliver-dir', directory];
    const options = { database, role: 'test_operator', terminal: true } as const;
    const declined = await runCommand(argv, { ...options, answers: [['Type 2 to rotate them', '3']] });
    expect(declined.code).toBe(5);
    expect(await countOf('rotation.prepared')).toBe(0);
    const agreed = await runCommand(argv, { ...options, answers: [['Type 2 to rotate them', '2']] });
    expect(agreed.code).toBe(0);
    for (const key of keys) expect(await keyRow(key.id)).toMatchObject({ status: 'retiring' });
  });

  it('shows with --dry-run what is due, why, and where each secret would go, and mints nothing', async () => {
    const old = await dueKey({ name: 'alice-prod' }, 120);
    const weak = await importedKey(admin, 'key_Imported0001', 'token-of-another-system');
    const exempt = await dueKey({ name: 'appliance' });
    await admin.sql`update keyctl.api_keys set exempt_reason = 'burnt into an appliance' where id = ${exempt.id}`;
    const rows = await bystanders(admin, []);
    const ran = await runCommand(['rotate', 'due', '--deliver-dir', directory, '--dry-run', '--json'], {
      database,
      role: 'test_viewer',
    });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toEqual({
      dry_run: true,
      count: 2,
      keys: [
        expect.objectContaining({
          key_id: old.id,
          due_cause: 'policy',
          deliver_to: [`file:${directory}/KEY_ID`],
        }),
        expect.objectContaining({ key_id: weak, due_cause: 'weak', problem: null }),
        expect.objectContaining({ key_id: exempt.id, left_out: 'exempt', deliver_to: [] }),
      ],
      next_cursor: null,
    });
    expect(await bystanders(admin, [])).toEqual(rows);
    expect(await readdir(directory)).toEqual([]);
    const text = await runCommand(['rotate', 'due', '--deliver-dir', directory, '--dry-run', '--max', '1'], {
      database,
    });
    expect(text.stdout).toMatch(
      /alice-prod .* due since .*, by its policy · secret to file:.*KEY_ID\n.*appliance .* not rotated/,
    );
    expect(text.stderr).toContain('would rotate 1 key in database');
  });

  it('prints one JSON document with results and counts, and CSV with one heading', async () => {
    const old = await dueKey();
    const ran = await intoDirectory(['--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      results: [{ outcome: 'rotated', old_key_id: old.id }],
      rotated: 1,
      resumed: 0,
      finalized: 0,
      skipped: 0,
      exempt: 0,
      failed: 0,
      stopped: null,
      due: null,
    });
    const empty = await intoDirectory(['--json']);
    expect(JSON.parse(empty.stdout)).toMatchObject({ results: [], rotated: 0 });
    await dueKey();
    const csv = await intoDirectory(['-o', 'csv']);
    expect(csv.stdout.split('\r\n')).toHaveLength(3);
    await dueKey();
    const ids = await intoDirectory(['-o', 'ids']);
    expect(ids.stdout).toMatch(/^key_\w{12}\n$/);
  });

  it('prints secrets alone on stdout when they are asked for there, and the lines beside them', async () => {
    const old = await dueKey({ name: 'alice-prod' });
    const ran = await due(['--deliver', 'stdout']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^kc_\w{64}\n$/);
    expect(ran.stderr).toContain('alice-prod (rotated)');
    await dueKey();
    const records = linesOf((await due(['--deliver', 'stdout', '-o', 'ndjson'])).stdout);
    expect(records).toMatchObject([
      { key: expect.stringMatching(/^kc_/) },
      { outcome: 'rotated', key: null },
    ]);
    expect(await keyRow(old.id)).toMatchObject({ status: 'retiring' });
  });

  it('writes a hostile name so that no terminal obeys it', async () => {
    await dueKey({ name: 'a\u001b]52;c;aGk=\u0007b\u202e' });
    const ran = await intoDirectory();
    expect(ran.stdout).not.toMatch(/[\u001b\u0007\u202e]/);
    expect(ran.stdout).toContain('(rotated)');
  });

  it('does not repeat its work under the same operation id', async () => {
    await dueKey();
    const operation = ['--operation-id', randomUUID(), '-o', 'ndjson'];
    expect(linesOf((await intoDirectory(operation)).stdout)).toMatchObject([{ outcome: 'rotated' }]);
    expect(linesOf((await intoDirectory(operation)).stdout)).toEqual([]);
    expect(await countOf('rotation.activated')).toBe(1);
  });
});
