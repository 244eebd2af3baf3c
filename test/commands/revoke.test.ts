import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { type FakeOptions, type Ran, runCommand } from '../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import {
  auditOf,
  bystanders,
  type SeededKey,
  type SeedStatus,
  seedKey,
  seedUsage,
} from '../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
const reason = 'leaked in acme/app commit 7a3f21';
const agreed = ['--reason', reason, '--yes'];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const revoke = (argv: readonly string[], options: FakeOptions = {}) =>
  runCommand(['revoke', ...argv], { database, role: 'test_operator', ...options });

interface Result {
  readonly key_id: string;
  readonly outcome: string;
}
const resultsOf = (ran: Ran): readonly Result[] => JSON.parse(ran.stdout).results;

/** Exactly these keys were revoked, each with its row; no other key was touched in any way. */
async function expectRevoked(keys: readonly SeededKey[], before: readonly unknown[]): Promise<void> {
  for (const key of keys) {
    expect(await auditOf(admin, key.id)).toMatchObject([
      { action: 'key.revoked', reason, actor_db: 'test_operator', actor_os: 'tester' },
    ]);
  }
  const ids = keys.map((key) => key.id);
  expect(await bystanders(admin, ids)).toEqual(before);
  const rows = await admin.sql`select status, revoked_by, revocation_reason, keyctl.decide(id) as decision
    from keyctl.keys where id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`;
  for (const row of rows) {
    expect(row).toEqual({
      status: 'revoked',
      revoked_by: 'test_operator',
      revocation_reason: reason,
      decision: 'revoked',
    });
  }
}

/** What every key is like, and how long the audit log is: equal before and after, nothing was done. */
async function everything(): Promise<unknown> {
  const [head] = await admin.sql`select seq::int from keyctl.audit_head`;
  return { keys: await bystanders(admin, []), audit: head?.seq };
}

describe('revoke KEY', () => {
  it('revokes it at once, for good, and answers with its audit row', async () => {
    const key = await seedKey(admin);
    const before = await bystanders(admin, [key.id]);
    const operation = randomUUID();
    const flags = ['--code', 'leaked', '--ticket', 'SEC-7', '--operation-id', operation, '--json'];
    const ran = await revoke([key.id, ...agreed, ...flags]);
    await expectRevoked([key], before);
    const [row] = await auditOf(admin, key.id);
    expect(row?.record).toMatchObject({
      ticket: 'SEC-7',
      details: { code: 'leaked', status_before: 'active' },
    });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toEqual({
      operation_id: operation,
      incident_id: null,
      results: [
        {
          key_id: key.id,
          outcome: 'revoked',
          revoked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          revoked_by: 'test_operator',
          reason,
          audit_seq: row?.seq,
          error: null,
          verification: null,
        },
      ],
      revoked: 1,
      already_revoked: 0,
      failed: 0,
    });
  });

  it.each<[SeedStatus, outcome: string, code: number]>([
    ['pending', 'revoked', 0],
    ['active', 'revoked', 0],
    ['retiring', 'revoked', 0],
    ['suspended', 'revoked', 0],
    ['expired', 'revoked', 0],
    ['revoked', 'already_revoked', 0],
    ['replaced', 'already_replaced', 4],
  ])('of a key that is %s: %s, exit %i', async (status, outcome, code) => {
    const key = await seedKey(admin, { status });
    const before = await bystanders(admin, [key.id]);
    const written = await auditOf(admin, key.id);
    const ran = await revoke([key.id, ...agreed, '--json']);
    expect(ran.code).toBe(code);
    expect(resultsOf(ran)).toMatchObject([{ key_id: key.id, outcome }]);
    expect(await bystanders(admin, [key.id])).toEqual(before);
    const added = (await auditOf(admin, key.id)).slice(written.length);
    const row = { action: 'key.revoked', reason, record: { details: { status_before: status } } };
    expect(added).toMatchObject(outcome === 'revoked' ? [row] : []);
    const [now] = await admin.sql`select status from keyctl.keys where id = ${key.id}`;
    expect(now?.status).toBe(outcome === 'already_replaced' ? 'replaced' : 'revoked');
  });

  it('a second time restamps nothing, and tells who did it first and why', async () => {
    const key = await seedKey(admin);
    const first = resultsOf(await revoke([key.id, ...agreed, '--json']));
    const other = ['--reason', 'another reason altogether', '--yes', '--json'];
    const second = resultsOf(await revoke([key.id, ...other], { role: 'test_admin' }));
    expect(second).toEqual([{ ...first[0], outcome: 'already_revoked', audit_seq: null }]);
    expect(await auditOf(admin, key.id)).toHaveLength(1);
  });

  it('of a replaced key names the successor and does not touch it', async () => {
    const old = await seedKey(admin, { status: 'replaced' });
    const successor = await seedKey(admin, { family: old });
    const before = await everything();
    const ran = await revoke([old.id, ...agreed]);
    expect(ran).toMatchObject({
      code: 4,
      stdout: expect.stringContaining(`already replaced by ${successor.id}`),
    });
    expect(await everything()).toEqual(before);
  });

  it('sixteen times at once is one revocation, and fifteen that find it done', async () => {
    const key = await seedKey(admin);
    const runs = await Promise.all(Array.from({ length: 16 }, () => revoke([key.id, ...agreed, '--json'])));
    expect(runs.map((ran) => ran.code)).toEqual(Array(16).fill(0));
    const outcomes = runs.flatMap(resultsOf).map((result) => result.outcome);
    expect(outcomes.filter((outcome) => outcome === 'revoked')).toHaveLength(1);
    expect(await auditOf(admin, key.id)).toHaveLength(1);
  });
});

describe('KEY can be', () => {
  it.each<[what: string, spell: (key: SeededKey) => string]>([
    ['an id', ({ id }) => id],
    ['the unique start of an id', ({ id }) => id.slice(0, 12)],
    ['an id with id:', ({ id }) => `id:${id}`],
    ['a name', ({ name }) => name],
    ['a name with (rotated)', ({ name }) => `${name} (rotated)`],
    ['a name with name:', ({ name }) => `name:${name}`],
    ['an external id', ({ name }) => `ext-${name}`],
    ['an external id with external:', ({ name }) => `external:ext-${name}`],
    ['a redacted token', ({ redacted }) => redacted],
    ['a token cut by a dashboard', ({ redacted }) => redacted.replace('****', '…')],
    ['a whole token', ({ token }) => token],
    ['surrounded by blanks', ({ id }) => ` ${id}\n`],
  ])('%s', async (_what, spell) => {
    const key = await seedKey(admin, { name: `spelled-${randomUUID()}` });
    await admin.sql`update keyctl.api_keys set external_id = 'ext-' || name where id = ${key.id}`;
    const before = await bystanders(admin, [key.id]);
    expect((await revoke([spell(key), ...agreed])).code).toBe(0);
    await expectRevoked([key], before);
  });

  it('off a terminal, no start of an id under 8 characters (3)', async () => {
    const key = await seedKey(admin);
    expect((await revoke([key.id.slice(0, 7), ...agreed])).code).toBe(3);
    expect(await auditOf(admin, key.id)).toEqual([]);
  });

  it('a fingerprint', async () => {
    const key = await seedKey(admin);
    const before = await bystanders(admin, [key.id]);
    const [row] = await admin.sql`select fingerprint from keyctl.keys where id = ${key.id}`;
    expect((await revoke([row?.fingerprint, ...agreed])).code).toBe(0);
    await expectRevoked([key], before);
  });

  it('the same key said twice: one result', async () => {
    const key = await seedKey(admin);
    const ran = await revoke([key.id, key.name, key.redacted, ...agreed, '--json']);
    expect(resultsOf(ran)).toMatchObject([{ key_id: key.id, outcome: 'revoked' }]);
  });

  it('a name: the key of the family that is active, not the one that it replaces', async () => {
    const old = await seedKey(admin, { name: `family-${randomUUID()}`, status: 'retiring' });
    const now = await seedKey(admin, { name: `${old.name} (rotated)`, family: old });
    const before = await bystanders(admin, [now.id]);
    expect((await revoke([old.name, ...agreed])).code).toBe(0);
    await expectRevoked([now], before);
  });
});

describe('several KEYs', () => {
  it('are revoked one by one, each with an outcome, in their order', async () => {
    const keys = [await seedKey(admin), await seedKey(admin, { status: 'suspended' })];
    const dead = await seedKey(admin, { status: 'revoked' });
    const before = await bystanders(
      admin,
      keys.map(({ id }) => id),
    );
    const ran = await revoke([keys[0]?.id ?? '', dead.id, keys[1]?.id ?? '', ...agreed, '--json']);
    expect(ran.code).toBe(0);
    expect(resultsOf(ran).map(({ outcome }) => outcome)).toEqual(['revoked', 'already_revoked', 'revoked']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ revoked: 2, already_revoked: 1, failed: 0 });
    expect(
      await bystanders(
        admin,
        keys.map(({ id }) => id),
      ),
    ).toEqual(before);
    for (const key of keys) expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({ reason });
  });

  it('of which one is replaced or unknown: the rest is done, exit 6', async () => {
    const key = await seedKey(admin);
    const replaced = await seedKey(admin, { status: 'replaced' });
    const before = await bystanders(admin, [key.id]);
    const ran = await revoke([replaced.id, 'key_000000000000', key.id, ...agreed]);
    expect(ran.code).toBe(6);
    expect(ran.stdout).toMatch(new RegExp(`^${replaced.id}  ● already replaced`, 'm'));
    expect(ran.stdout).toMatch(new RegExp(`^${key.id}  ✓ revoked`, 'm'));
    expect(ran.stdout).toMatch(/^key_000000000000 {2}▲ key key_000000000000 not found in database test_/m);
    expect(ran.stdout.trimEnd().split('\n').at(-1)).toBe('1 revoked, 2 not revoked');
    await expectRevoked([key], before);
  });

  it('of which none is known: 3, naming the database', async () => {
    const ran = await revoke(['nobody', 'noone', ...agreed]);
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toContain(`key nobody not found in database ${database.name} on`);
  });

  it('of which one is not clear: nothing is done (2)', async () => {
    const key = await seedKey(admin);
    await seedKey(admin, { name: 'not-clear' });
    await seedKey(admin, { name: 'not-clear' });
    const before = await everything();
    expect((await revoke([key.id, 'not-clear', ...agreed])).code).toBe(2);
    expect(await everything()).toEqual(before);
  });
});

describe('SELECTION means exactly the living keys', () => {
  const id = randomUUID().slice(0, 8);
  const alice = {
    owner: `alice-${id}@example.com`,
    userId: `u-${id}`,
    workspace: `ws-${id}`,
    prefix: `p${id.slice(1)}`,
  };

  async function population() {
    const first = await seedKey(admin, { ...alice, status: 'retiring' });
    return {
      first,
      second: await seedKey(admin, { ...alice, family: first }),
      other: await seedKey(admin, { ...alice, workspace: `${alice.workspace}-b`, status: 'suspended' }),
      pending: await seedKey(admin, { ...alice, prefix: 'other', status: 'pending' }),
      expired: await seedKey(admin, { ...alice, status: 'expired' }),
      revoked: await seedKey(admin, { ...alice, status: 'revoked' }),
      replaced: await seedKey(admin, { ...alice, status: 'replaced' }),
      bob: await seedKey(admin, { owner: `bob-${id}@example.com`, prefix: 'other' }),
      nobodys: await seedKey(admin),
    };
  }
  type Who = keyof Awaited<ReturnType<typeof population>>;

  it.each<[flags: string[], meant: Who[]]>([
    [
      ['--owner', alice.owner],
      ['first', 'second', 'other', 'pending', 'expired'],
    ],
    [
      ['--owner', alice.owner.toUpperCase()],
      ['first', 'second', 'other', 'pending', 'expired'],
    ],
    [
      ['--user-id', alice.userId],
      ['first', 'second', 'other', 'pending', 'expired'],
    ],
    [
      ['--workspace', alice.workspace],
      ['first', 'second', 'pending', 'expired'],
    ],
    [
      ['--prefix', alice.prefix],
      ['first', 'second', 'other', 'expired'],
    ],
    [['--owner', alice.owner, '--prefix', 'other'], ['pending']],
    [
      ['--workspace', alice.workspace, '--prefix', alice.prefix],
      ['first', 'second', 'expired'],
    ],
  ])('%j', async (flags, meant) => {
    const keys = await population();
    const chosen = meant.map((who) => keys[who]);
    const before = await bystanders(
      admin,
      chosen.map((key) => key.id),
    );
    const ran = await revoke([...flags, '--expect', String(chosen.length), ...agreed, '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(
      resultsOf(ran)
        .map(({ key_id }) => key_id)
        .sort(),
    ).toEqual(chosen.map((key) => key.id).sort());
    for (const key of chosen)
      expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({ action: 'key.revoked', reason });
    expect(
      await bystanders(
        admin,
        chosen.map((key) => key.id),
      ),
    ).toEqual(before);
    // What the next case counts must not be left over.
    await revoke(['--owner', alice.owner, ...agreed], { terminal: true });
  });

  it('--family KEY, by any of its members', async () => {
    const first = await seedKey(admin, { status: 'retiring' });
    const second = await seedKey(admin, { family: first });
    const before = await bystanders(admin, [first.id, second.id]);
    expect((await revoke(['--family', first.redacted, '--expect', '2', ...agreed])).code).toBe(0);
    await expectRevoked([first, second], before);
  });

  it('and none at all is 3, naming the database', async () => {
    const ran = await revoke(['--owner', 'nobody@example.com', '--expect', '1', ...agreed]);
    expect(ran).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`not found in database ${database.name}`),
    });
  });
});

describe('--stdin', () => {
  it.each<[what: string, text: (keys: readonly SeededKey[]) => string]>([
    ['ids, a line each', (keys) => keys.map((key) => key.id).join('\n')],
    [
      'ids with comments, blank lines and CRLF',
      (keys) => `# found by bob\r\n\r\n${keys.map((key) => key.id).join('\r\n')}\r\n`,
    ],
    ['names and redacted tokens', ([a, b]) => `${a?.name}\n${b?.redacted}\n`],
    ['NDJSON with key_id', (keys) => keys.map((key) => JSON.stringify({ key_id: key.id, x: 1 })).join('\n')],
    [
      'a list as keys list --json prints it',
      (keys) => JSON.stringify({ keys: keys.map((key) => ({ key_id: key.id })), next_cursor: null }),
    ],
    [
      'a text with tokens',
      ([a, b]) => `export A=${a?.token}; curl -H "Authorization: Bearer ${b?.token}" https://example.com`,
    ],
    [
      'a log with redacted tokens',
      ([a, b]) => `refused ${a?.redacted} from 192.0.2.1\nrefused ${b?.redacted} from 192.0.2.2\n`,
    ],
  ])('takes %s', async (_what, text) => {
    const keys = [await seedKey(admin), await seedKey(admin)];
    const before = await bystanders(
      admin,
      keys.map(({ id }) => id),
    );
    const ran = await revoke(['--stdin', '--expect', '2', ...agreed], { stdin: text(keys) });
    expect(ran.code).toBe(0);
    await expectRevoked(keys, before);
  });

  it('is one pipe with keys list', async () => {
    const owner = `pipe-${randomUUID()}@example.com`;
    const keys = [await seedKey(admin, { owner }), await seedKey(admin, { owner })];
    const before = await bystanders(
      admin,
      keys.map(({ id }) => id),
    );
    for (const form of ['json', 'ndjson', 'ids', 'csv']) {
      const listed = await runCommand(['keys', 'list', '--owner', owner, '-o', form], { database });
      const ran = await revoke(['--stdin', '--expect', '2', '--dry-run', '--json'], { stdin: listed.stdout });
      if (form === 'csv') expect(ran.code).not.toBe(0);
      else expect(JSON.parse(ran.stdout)).toMatchObject({ count: 2 });
    }
    const { stdout } = await runCommand(['keys', 'list', '--owner', owner, '-o', 'ids'], { database });
    expect((await revoke(['--stdin', '--expect', '2', ...agreed], { stdin: stdout })).code).toBe(0);
    await expectRevoked(keys, before);
  });

  it.each([
    ['nothing', ''],
    ['a text without a key of ours', 'hello, world\nnothing here\n'],
  ])('with %s in it is 3, and nothing is opened', async (_what, stdin) => {
    const ran = await revoke(['--stdin', '--expect', '1', ...agreed], {
      stdin,
      env: { DATABASE_URL: 'postgres://x@192.0.2.1/x' },
    });
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringMatching(/--stdin: no live key of ours/) });
  });

  it('of a terminal is refused (2)', async () => {
    expect(await revoke(['--stdin', '--reason', reason], { terminal: true })).toMatchObject({ code: 2 });
  });
});

it('--from-report takes the tokens of a gitleaks report', async () => {
  const key = await seedKey(admin);
  const before = await bystanders(admin, [key.id]);
  const file = path.join(inject('scratch'), `${randomUUID()}.json`);
  await writeFile(file, JSON.stringify([{ RuleID: 'generic-api-key', Secret: key.token, File: 'app.env' }]));
  expect((await revoke(['--from-report', file, '--expect', '1', ...agreed])).code).toBe(0);
  await expectRevoked([key], before);
});

describe('consent', () => {
  const pair = async () => {
    const owner = `pair-${randomUUID()}@example.com`;
    const keys = [await seedKey(admin, { owner }), await seedKey(admin, { owner })];
    return { owner, ids: keys.map((key) => key.id), keys };
  };
  type Pair = Awaited<ReturnType<typeof pair>>;
  const because = ['--reason', reason];
  const onTerminal: FakeOptions = { terminal: true };
  const one = ({ ids }: Pair) => ids.slice(0, 1);
  const all = ({ owner }: Pair) => ['--owner', owner];

  it.each<[what: string, argv: (two: Pair) => string[], options: FakeOptions, code: number, revoked: number]>(
    [
      ['one KEY, no terminal, no --yes', one, {}, 5, 0],
      ['one KEY, no terminal, --yes', (two) => [...one(two), '--yes'], {}, 0, 1],
      ['two KEYs, no terminal, --yes', (two) => [...two.ids, '--yes'], {}, 0, 2],
      ['a selection, no terminal, --yes alone', (two) => [...all(two), '--yes'], {}, 5, 0],
      ['a selection, no terminal, --expect alone', (two) => [...all(two), '--expect', '2'], {}, 5, 0],
      [
        'a selection, no terminal, --yes and the right --expect',
        (two) => [...all(two), '--yes', '--expect', '2'],
        {},
        0,
        2,
      ],
      [
        'a selection, no terminal, --yes and a wrong --expect',
        (two) => [...all(two), '--yes', '--expect', '3'],
        {},
        5,
        0,
      ],
      ['KEYs, --yes and a wrong --expect', (two) => [...two.ids, '--yes', '--expect', '1'], {}, 5, 0],
      ['a selection on a terminal, --yes', (two) => [...all(two), '--yes'], onTerminal, 0, 2],
      [
        'a selection on a terminal, a wrong --expect',
        (two) => [...all(two), '--expect', '1'],
        onTerminal,
        5,
        0,
      ],
      ['a terminal, --no-input', (two) => [...one(two), '--no-input'], onTerminal, 5, 0],
      ['stderr is no terminal', one, { terminal: { stdin: true, stdout: true } }, 5, 0],
    ],
  )('%s', async (_what, argv, options, code, revoked) => {
    const two = await pair();
    const before = await bystanders(admin, two.ids);
    const ran = await revoke([...argv(two), ...because], options);
    expect(ran.code).toBe(code);
    if (code === 5)
      expect(ran).toMatchObject({ stdout: '', stderr: expect.stringMatching(/--yes|--expect/) });
    const rows = await Promise.all(two.ids.map((id) => auditOf(admin, id)));
    expect(rows.flat().map((row) => row.action)).toEqual(Array(revoked).fill('key.revoked'));
    expect(await bystanders(admin, two.ids)).toEqual(before);
  });

  it('refused for want of it opens nothing', async () => {
    const nowhere = { env: { DATABASE_URL: 'postgres://x@192.0.2.1/x' } };
    expect((await runCommand(['revoke', 'key_000000000000', ...because], nowhere)).code).toBe(5);
    expect(
      (await runCommand(['revoke', '--owner', 'a@example.com', '--yes', ...because], nowhere)).code,
    ).toBe(5);
  });

  it.each<[answer: (id: string) => string, code: number]>([
    [(id) => id.slice(4, 8), 0],
    [(id) => id.slice(4), 0],
    [(id) => id, 0],
    [(id) => ` ${id.slice(4, 8)} `, 0],
    [(id) => id.slice(4, 7), 5],
    [(id) => id.slice(0, 8), 5],
    [(id) => id.slice(4, 8).split('').reverse().join(''), 5],
    [() => 'y', 5],
    [() => '', 5],
  ])('answer %#: exit %i', async (answer, code) => {
    const key = await seedKey(admin);
    // A locator that reads the same backwards would be a right answer.
    const typed = answer(key.id);
    const right = code === 0 || typed === key.id.slice(4, 8);
    const ran = await revoke([key.id, ...because], { terminal: true, answers: [['Type ', typed]] });
    expect(ran.code).toBe(right ? 0 : 5);
    expect(await auditOf(admin, key.id)).toHaveLength(right ? 1 : 0);
  });

  it('for several keys is their number', async () => {
    const two = await pair();
    const no = await revoke([...all(two), ...because], { terminal: true, answers: [['these 2 keys', '3']] });
    expect(no.code).toBe(5);
    const yes = await revoke([...all(two), ...because], { terminal: true, answers: [['these 2 keys', '2']] });
    expect(yes.code).toBe(0);
    for (const id of two.ids) expect(await auditOf(admin, id)).toHaveLength(1);
  });

  it('is not asked for keys that are dead already, nor is a reason', async () => {
    const key = await seedKey(admin, { status: 'revoked' });
    const ran = await revoke([key.id], { terminal: true });
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('already revoked') });
  });
});

describe('--dry-run', () => {
  it('shows what would break, and changes nothing', async () => {
    const key = await seedKey(admin, { name: 'looked-at', owner: 'alice@example.com' });
    await seedUsage(admin, { keyId: key.id, times: 600, secondsAgo: 5, endpoint: '/v1/runs' });
    await seedUsage(admin, { keyId: key.id, times: 60, secondsAgo: 7200, ip: '198.51.100.7', status: 403 });
    const before = await everything();
    const ran = await revoke([key.id, '--dry-run', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      dry_run: true,
      count: 1,
      keys: [
        {
          key_id: key.id,
          owner: 'alice@example.com',
          last_hour: {
            requests: 600,
            accepted: 600,
            requests_per_minute: 10,
            unique_ips: 1,
            endpoints: [{ endpoint: '/v1/runs', requests: 600 }],
          },
          last_day: { requests: 660, accepted: 600, unique_ips: 2 },
          new_ips_in_last_hour: 1,
          family: [],
        },
      ],
    });
    expect(await everything()).toEqual(before);
  });

  it('needs neither consent nor reason, and counts a selection', async () => {
    const owner = `dry-${randomUUID()}@example.com`;
    const keys = [await seedKey(admin, { owner }), await seedKey(admin, { owner })];
    const ran = await revoke(['--owner', owner, '--dry-run', '-o', 'ids']);
    expect(ran.code).toBe(0);
    expect(ran.stdout.trim().split('\n').sort()).toEqual(keys.map(({ id }) => id).sort());
  });

  it('beside a wrong --expect is 5, and beside an unknown KEY 6', async () => {
    const key = await seedKey(admin);
    expect((await revoke([key.id, '--dry-run', '--expect', '2'])).code).toBe(5);
    const ran = await revoke([key.id, 'nobody', '--dry-run']);
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('key nobody not found') });
  });
});

describe('what is refused (2) before anything is opened', () => {
  const closed: FakeOptions = { env: { DATABASE_URL: 'postgres://x@192.0.2.1:1/x' } };
  it.each<[argv: string[], says: RegExp]>([
    [['--yes', '--reason', reason], /KEY: which key\?/],
    [['key_000000000000', '--yes'], /--reason is required/],
    [['x', '--owner', 'a@example.com', ...agreed, '--expect', '1'], /name keys, or a selection, not both/],
    [['--stdin', '--owner', 'a@example.com', ...agreed, '--expect', '1'], /not both/],
    [['--stdin', '--from-report', 'x', ...agreed, '--expect', '1'], /not both/],
    [['x', ...agreed, '--expect', '0'], /--expect: a whole number from 1/],
    [['x', ...agreed, '--expect', '-1'], /--expect: a whole number from 1/],
    [['x', ...agreed, '--expect', '2.5'], /--expect: a whole number from 1/],
    [['x', ...agreed, '--expect', 'all'], /--expect: a whole number from 1/],
    [['x', ...agreed, '--code', 'stolen'], /--code.*leaked, departed, policy/],
    [['x', ...agreed, '--code', 'retired'], /--code.*leaked, departed, policy/],
    [['--from-report', '/nowhere/report.json', ...agreed, '--expect', '1'], /--from-report|report\.json/],
    [['', ...agreed], /KEY: is empty/],
    [['id:nonsense!', ...agreed], /KEY: id: is followed by an id/],
    [['sha256:xyz', ...agreed], /KEY: a fingerprint is sha256:/],
    [
      [`kc_${'7Q2mK9xZab3d'.repeat(5)}7Q2m`, ...agreed],
      /kc_7Q2mK9xZab3d\*\*\*\* has the form of a token, but its checksum is wrong/,
    ],
  ])('%j', async (argv, says) => {
    const ran = await runCommand(['revoke', ...argv], closed);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr.split('\n')[0]).toMatch(says);
  });

  it.each([
    ['old'],
    ['revoked'],
    ['test key, old'],
    ['n/a - none.'],
    ['          '],
    ['too shor'.slice(0, 7)],
    ['line one\nkey.created forged'],
    ['carriage\rreturn that hides'],
    ['an escape \x1b[2J sequence'],
    ['a NUL \u0000 in the middle'],
    ['a separator \u2028 of lines'],
    ['r\u200be\u200bv\u200bo\u200bk\u200be\u200bd'],
    ['ｒｅｖｏｋｅｄ key'],
    ['x'.repeat(2001)],
  ])('--reason %j, with good examples', async (bad) => {
    const ran = await runCommand(['revoke', 'x', '--yes', '--reason', bad], closed);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    const [first, second] = ran.stderr.split('\n');
    expect(first).toMatch(/^keyctl: --reason: /);
    expect(second).toMatch(/^ {2}try: --reason "leaked in acme\/app commit 7a3f21"/);
    expect(ran.stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]/);
  });
});

describe('a reason', () => {
  it.each([
    ['“leaked” – café ☕ 日本語'],
    ['\u202ekcab desrever si siht, says mallory'],
    ["=cmd|'/c calc'!A1, from a form"],
    ['x'.repeat(2000)],
    [`'; drop table keyctl.api_keys; --`],
  ])('is kept as it was given: %j', async (given) => {
    const key = await seedKey(admin);
    const ran = await revoke([key.id, '--yes', '--reason', given, '--json']);
    expect(ran.code).toBe(0);
    expect(await auditOf(admin, key.id)).toMatchObject([{ reason: given }]);
    expect(resultsOf(ran)).toMatchObject([{ reason: given }]);
    // A second time it is printed for people: shown, not obeyed.
    expect((await revoke([key.id, ...agreed])).stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });

  it('loses the secret of a token that stands in it', async () => {
    const key = await seedKey(admin);
    await revoke([key.id, '--yes', '--reason', `found ${key.token} in a public gist`]);
    expect(await auditOf(admin, key.id)).toMatchObject([
      { reason: `found ${key.redacted} in a public gist` },
    ]);
  });

  it.each(['leaked', 'departed', 'policy', 'abuse', 'superseded', 'mistake', 'other'])(
    'is of the kind --code %s',
    async (code) => {
      const key = await seedKey(admin);
      expect((await revoke([key.id, ...agreed, '--code', code])).code).toBe(0);
      expect(await auditOf(admin, key.id)).toMatchObject([{ record: { details: { code } } }]);
    },
  );
});

it('a whole token as KEY is warned of, and shown by its public part only', async () => {
  const key = await seedKey(admin);
  const ran = await revoke([key.token, ...agreed]);
  expect(ran.stderr).toContain('shell history');
  expect(ran.stdout + ran.stderr).not.toContain(key.token.slice(-20));
});
