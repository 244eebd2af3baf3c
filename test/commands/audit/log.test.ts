import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { run } from '../../../src/program.js';
import { hostile } from '../../render/hostile.js';
import { type FakeOptions, fakeMachine, type Ran, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedAudit } from '../../support/seed-audit.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let alice: SeededKey;
let successor: SeededKey;

const log = (argv: readonly string[], options: FakeOptions = {}): Promise<Ran> =>
  runCommand(['audit', 'log', ...argv], { database, role: 'test_viewer', ...options });

interface Entry {
  readonly seq: number;
  readonly at: string;
  readonly action: string;
  readonly key_id: string | null;
  readonly [field: string]: unknown;
}

async function entries(...argv: string[]): Promise<Entry[]> {
  const { code, stdout } = await log([...argv, '--json']);
  expect(code).toBe(0);
  const answer = JSON.parse(stdout) as { entries: Entry[]; next_cursor: null };
  expect(Object.keys(answer)).toEqual(['entries', 'next_cursor']);
  return answer.entries;
}

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  expect((await log([])).stdout).toContain(`no row of the audit log fits in database ${database.name}`);
  alice = await seedKey(admin, { name: 'alice-prod', prefix: 'fie_alice', status: 'replaced' });
  successor = await seedKey(admin, { name: 'alice-prod (rotated)', family: alice });
  await seedAudit(admin, [
    {
      action: 'key.updated',
      keyId: successor.id,
      familyId: alice.id,
      reason: 'billing needs more requests',
      actorOs: 'jdoe',
      actorClaimed: 'bob@example.com',
      host: 'bastion-1',
      ticket: 'OPS-12',
      incidentId: 'INC-4',
      details: { before: { rpm: 100 }, after: { rpm: 200 } },
    },
    {
      action: 'ip.blocked',
      actorOs: 'carol',
      reason: 'scanning our endpoints for hours',
      details: { cidr: '198.51.100.0/24' },
    },
    {
      action: 'key.revoked',
      keyId: successor.id,
      familyId: alice.id,
      actorOs: 'jdoe',
      reason: 'leaked in acme/app',
    },
  ]);
});
afterAll(() => database.drop());

describe('audit log', () => {
  it('is newest first, every field there', async () => {
    const all = await entries();
    const seqs = all.map((entry) => entry.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => b - a));
    const updated = all.find((entry) => entry.action === 'key.updated');
    expect(updated).toEqual({
      seq: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      operation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      action: 'key.updated',
      key_id: successor.id,
      key_name: 'alice-prod (rotated)',
      key_version: 2,
      family_id: alice.id,
      incident_id: 'INC-4',
      actor_db: 'postgres',
      actor_os: 'jdoe',
      actor_claimed: 'bob@example.com',
      host: 'bastion-1',
      reason: 'billing needs more requests',
      ticket: 'OPS-12',
      details: { before: { rpm: 100 }, after: { rpm: 200 } },
      answer: {},
      prev_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('agrees with the table row by row', async () => {
    const rows = await admin.sql`select seq::int, action, key_id, reason, encode(hash, 'hex') as hash
      from keyctl.audit_log order by seq desc`;
    const shown = await entries('--limit', '1000');
    expect(
      shown.map(({ seq, action, key_id, reason, hash }) => ({ seq, action, key_id, reason, hash })),
    ).toEqual([...rows]);
  });

  it('says who: the database role, the OS user and host, and a claim as a claim', async () => {
    const { stdout } = await log(['--action', 'key.updated']);
    expect(stdout).toContain(`key.updated  ${successor.id} v2  alice-prod (rotated)`);
    expect(stdout).toContain('by postgres (jdoe on bastion-1; claims to be bob@example.com)');
    expect(stdout).toContain('billing needs more requests');
    expect(stdout).toContain('rpm 100 → 200 · ticket OPS-12 · INC-4');
  });

  const seen = async (...argv: string[]) => (await entries(...argv)).map(({ action }) => action);

  it('narrows to a key: an id means that key, a name its family’s present one', async () => {
    expect((await entries('--key', alice.id)).every(({ key_id }) => key_id === alice.id)).toBe(true);
    expect(await seen('--key', 'alice-prod')).toContain('key.updated');
    expect(await seen('--key', alice.redacted)).not.toContain('key.updated');
  });

  it('narrows to a family by any of its keys', async () => {
    const keys = new Set((await entries('--family', alice.id)).map(({ key_id }) => key_id));
    expect(keys).toEqual(new Set([alice.id, successor.id]));
  });

  it('narrows to a version', async () => {
    const versions = (await entries('--family', alice.id, '--key-version', '2')).map(
      (entry) => entry.key_version,
    );
    expect(new Set(versions)).toEqual(new Set([2]));
  });

  it.each([
    ['the claimed actor', 'bob@example.com', ['key.updated']],
    ['the OS user', 'carol', ['ip.blocked']],
    ['several rows of one', 'jdoe', ['key.revoked', 'key.updated']],
    ['nobody', 'mallory', []],
  ])('finds by actor: %s', async (_what, actor, expected) => {
    expect(await seen('--actor', actor)).toEqual(expected);
  });

  it('finds by the database role', async () => {
    expect((await entries('--actor', 'postgres')).length).toBe((await entries()).length);
  });

  it('finds by actions, several at once or all of a noun', async () => {
    expect(await seen('--action', 'ip.blocked,key.revoked')).toEqual(['key.revoked', 'ip.blocked']);
    expect(await seen('--action', 'ip.blocked', '--action', 'key.updated')).toEqual([
      'ip.blocked',
      'key.updated',
    ]);
    expect(new Set((await seen('--action', 'key.*')).map((action) => action.split('.')[0]))).toEqual(
      new Set(['key']),
    );
  });

  it('takes half-open times', async () => {
    const all = await entries();
    const [newestEntry] = all;
    const at = newestEntry?.at ?? '';
    const later = new Date(Date.parse(at) + 1).toISOString();
    expect((await entries('--since', at)).map(({ seq }) => seq)).toContain(newestEntry?.seq);
    expect((await entries('--until', later)).length).toBe(all.length);
    expect((await entries('--until', at)).map(({ seq }) => seq)).not.toContain(newestEntry?.seq);
    expect(await entries('--since', later)).toEqual([]);
    expect((await entries('--since', '1h')).length).toBe(all.length);
  });

  it('says when older rows were left out, and how to see them', async () => {
    const { stdout, stderr } = await log(['--limit', '2', '-o', 'ids']);
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect(stderr).toContain('the newest 2 are shown');
    const all = (await entries()).length;
    expect((await log(['--limit', String(all)])).stderr).toBe('');
  });

  it('prints csv with a heading and details as JSON', async () => {
    const { stdout } = await log(['--action', 'ip.blocked', '-o', 'csv']);
    const [heading, row] = stdout.split('\r\n');
    expect(heading?.split(',').slice(0, 4)).toEqual(['seq', 'at', 'action', 'key_id']);
    expect(row).toContain('"{""cidr"":""198.51.100.0/24""}"');
  });

  it('a key that is not there is 3 and names the database', async () => {
    const { code, stderr } = await log(['--key', 'nobody-prod']);
    expect(code).toBe(3);
    expect(stderr).toContain(`key nobody-prod not found in database ${database.name}`);
  });

  it.each([
    ['an action without a verb', ['--action', 'revoked'], '--action'],
    ['an action in capitals', ['--action', 'KEY.REVOKED'], '--action'],
    ['a limit of nothing', ['--limit', '0'], '--limit'],
    ['a version that is none', ['--key-version', 'v2'], '--key-version'],
    ['a date that is none', ['--since', '2026-02-30'], '--since'],
    ['an end before the start', ['--since', '1h', '--until', '2h'], '--until'],
    ['following into the past', ['--follow', '--until', '1h'], '--follow'],
    ['following in one object', ['--follow', '--json'], '--follow'],
    ['a key and a family', ['--key', 'a-key', '--family', 'a-key'], '--key'],
  ])('%s is 2, names the flag, opens nothing', async (_what, argv, flag) => {
    const { code, stdout, stderr } = await log(argv, {
      env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(flag);
  });

  it('is not for the gateway role: 77', async () => {
    expect((await log([], { role: 'test_gateway' })).code).toBe(77);
  });
});

describe('audit log of hostile texts', () => {
  it('shows them on a terminal of 80 columns without obeying one, each row where it belongs', async () => {
    const storable = hostile.filter(
      ([, text]) => !text.includes('\0') && Buffer.from(text).toString() === text,
    );
    await seedAudit(
      admin,
      storable.map(([trick, text]) => ({
        action: 'key.exposed',
        actorOs: text,
        actorClaimed: text,
        host: text,
        reason: text,
        ticket: text,
        details: { where: text, trick },
      })),
    );
    const { code, stdout } = await log(['--action', 'key.exposed', '--limit', '1000'], { terminal: true });
    expect(code).toBe(0);
    const plain = stdout.replace(/\x1b\[[\d;]*m/g, '');
    expect(plain).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
    const firsts = plain.split('\n').filter((line) => /^ *\d+ {2}\d{4}-/.test(line));
    expect(firsts).toHaveLength(storable.length);
    expect(firsts.every((line) => /^ *\d+ {2}\S+Z {2}key\.exposed$/.test(line))).toBe(true);

    const { stdout: json } = await log(['--action', 'key.exposed', '--limit', '1000', '--json']);
    const told = (JSON.parse(json) as { entries: Entry[] }).entries.map((entry) => entry.reason);
    expect(told.reverse()).toEqual(storable.map(([, text]) => text));
  });
});

describe('audit log --follow', { timeout: 120_000 }, () => {
  it('begins with the newest, oldest first, goes on with what is added, and ends by an interrupt with 130', async () => {
    const machine = fakeMachine({ database, role: 'test_viewer' });
    const running = run(['audit', 'log', '--follow', '--limit', '2', '-o', 'ndjson'], machine);
    const lines = () =>
      machine
        .written()
        .stdout.split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Entry);
    await expect.poll(() => lines().length, { timeout: 60_000 }).toBe(2);
    await seedAudit(admin, [{ action: 'key.resumed' }, { action: 'key.suspended' }]);
    await expect
      .poll(() => lines().map(({ action }) => action), { timeout: 60_000 })
      .toContain('key.suspended');
    await seedAudit(admin, [{ action: 'ip.unblocked' }]);
    await expect
      .poll(() => lines().map(({ action }) => action), { timeout: 60_000 })
      .toContain('ip.unblocked');
    machine.interrupt();
    expect(await running).toBe(130);
    const seqs = lines().map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from(seqs, (_seq, at) => (seqs[0] ?? 0) + at));
    expect(machine.written().stderr).toBe('');
  });

  it('keeps to its filter and says nothing while nothing happens', async () => {
    const machine = fakeMachine({ database, role: 'test_viewer' });
    const running = run(['audit', 'log', '--follow', '--action', 'policy.set', '-o', 'ids'], machine);
    await seedAudit(admin, [{ action: 'key.resumed' }, { action: 'policy.set' }]);
    await expect.poll(() => machine.written().stdout, { timeout: 60_000 }).toMatch(/^\d+\n$/);
    machine.interrupt();
    expect(await running).toBe(130);
  });

  it('ends quietly when nobody reads any more', async () => {
    const gone = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const { code, stderr } = await log(['--follow'], { stdout: gone });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
