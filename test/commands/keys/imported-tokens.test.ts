import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { mintToken } from '../../../src/domain/token.js';
import { createVerifier } from '../../../src/verify.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let folder: string;
let ours: SeededKey;
const own = mintToken('kc', randomBytes);
const tokens = {
  billing: 'sk-live-billing-Zx81pQr0Lk2v',
  worker: 'abcDEF0123456789+/abcDEF==',
  gone: 'sk_old_0123456789abcdef',
  named: 'word-that-is-a-name-too-1',
  form: own.token.reveal(),
} as const;
const ids: Record<string, string> = {};
const run = (argv: readonly string[], options: FakeOptions = {}) =>
  runCommand(argv, { database, role: 'test_operator', workingDirectory: folder, ...options });
const reason = ['--reason', 'leaked in acme/app commit 7a3f21', '--code', 'leaked'];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  folder = await mkdtemp(join(tmpdir(), 'keyctl-foreign-'));
  ours = await seedKey(admin, { name: 'ours' });
  const rows = Object.entries(tokens).map(
    ([name, token]) =>
      `${name},${token},${name}@example.org,${name === 'gone' ? 'revoked' : 'active'},"a:read"`,
  );
  const stdin = `external_id,token,owner,status,scopes\n${rows.join('\n')}\n`;
  const ran = await run(['keys', 'import', '-', '--format', 'csv', '--yes'], { role: 'test_admin', stdin });
  expect(ran.code).toBe(0);
  for (const row of await admin.sql`select id, external_id from keyctl.api_keys where origin = 'imported'`)
    ids[row.external_id] = row.id;
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

async function identified(argv: readonly string[], options: FakeOptions = {}) {
  const ran = await run(['keys', 'identify', ...argv, '--json'], { role: 'test_viewer', ...options });
  const everywhere = ran.stdout + ran.stderr;
  for (const token of Object.values(tokens)) expect(everywhere).not.toContain(token);
  return { ...ran, json: JSON.parse(ran.stdout) };
}

describe('keys identify finds imported tokens', () => {
  it('in a text: whose, live or dead, where, beside tokens of ours, and never the token', async () => {
    const text = `a "${tokens.billing}",\nAPI_KEY=${tokens.worker}\n ${tokens.gone} ${ours.token}\nhttps://h/?key=${tokens.billing}&x=1 ${tokens.form}\n`;
    const { json, code } = await identified(['-'], { stdin: text });
    expect(code).toBe(0);
    expect(json).toMatchObject({ live: 4, dead: 1, unknown: 0, complete: true });
    const of = (id: string | undefined) => json.tokens.find((each: { key_id: string }) => each.key_id === id);
    expect(of(ids.billing)).toMatchObject({
      verdict: 'live',
      name: 'billing',
      owner: 'billing@example.org',
      redacted: 'sk-l****',
      fingerprint: `sha256:${createHash('sha256').update(tokens.billing).digest('hex').slice(0, 16)}`,
      cause: null,
      times: 2,
      places: [
        { line: 1, column: 4 },
        { line: 4, column: 16 },
      ],
    });
    expect(of(ids.worker)).toMatchObject({ verdict: 'live', places: [{ line: 2, column: 9 }] });
    expect(of(ids.gone)).toMatchObject({
      verdict: 'dead',
      status: 'revoked',
      places: [{ line: 3, column: 2 }],
    });
    expect(of(ours.id)).toMatchObject({ verdict: 'live', times: 1 });
    expect(of(ids.form)).toMatchObject({ times: 1, redacted: `kc_${own.locator}****` });
  });

  it('cut, when they have our own form', async () => {
    expect(ids.form).toBe(own.id);
    const { json } = await identified(['-'], { stdin: `kc_${own.locator}****` });
    expect(json.tokens).toMatchObject([{ key_id: own.id, verdict: 'live' }]);
  });

  it('of our form with a digest alone, whose key has an id of its own', async () => {
    const other = mintToken('fie_bob', randomBytes).token.reveal();
    const digest = createHash('sha256').update(other).digest('hex');
    const stdin = `subkey,digest\nbare,${digest}\n`;
    await run(['keys', 'import', '-', '--format', 'csv', '--yes'], { role: 'test_admin', stdin });
    const { json } = await identified(['-'], { stdin: `x ${other} y ${other}` });
    expect(json).toMatchObject({ live: 1, unknown: 0, tokens: [{ name: 'bare', times: 2 }] });
  });

  it('in a gitleaks report, once a finding', async () => {
    const finding = {
      RuleID: 'generic-api-key',
      File: 'a/.env',
      StartLine: 3,
      StartColumn: 1,
      Commit: '7a3f21',
      Match: `K="${tokens.billing}"`,
      Secret: tokens.billing,
    };
    await writeFile(join(folder, 'gitleaks.json'), JSON.stringify([finding]));
    const { json } = await identified(['--from-report', 'gitleaks.json']);
    expect(json.tokens).toMatchObject([
      { key_id: ids.billing, times: 1, places: [{ path: 'a/.env', line: 3 }] },
    ]);
  });

  it('in a git history, in a file that is gone and in a file’s name, which is told without it', async () => {
    const directory = await mkdtemp(join(folder, 'git-'));
    const git = (...args: string[]) =>
      promisify(execFile)('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
        cwd: directory,
      });
    await git('init', '-q');
    await writeFile(join(directory, '.env'), `KEY=${tokens.billing}\n`);
    await writeFile(join(directory, tokens.named), `KEY=${tokens.worker} ${tokens.named}\n`);
    await git('add', '-A');
    await git('commit', '-qm', 'add');
    await git('rm', '-qf', '.env');
    await git('commit', '-qm', 'remove');
    const { json } = await identified(['--git', directory]);
    expect(json.live).toBe(3);
    expect(json.tokens).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          key_id: ids.billing,
          places: [expect.objectContaining({ path: '.env', line: 1 })],
        }),
        expect.objectContaining({ key_id: ids.named }),
        expect.objectContaining({
          key_id: ids.worker,
          places: [expect.objectContaining({ path: 'word****' })],
        }),
      ]),
    );
  });

  it('and is asked about none of them where there is no digest', async () => {
    const empty = await freshDatabase();
    const ran = await run(['keys', 'identify', '-', '--json'], { database: empty, stdin: tokens.billing });
    expect(JSON.parse(ran.stdout)).toMatchObject({ live: 0, unknown: 0 });
    await empty.drop();
  });
});

describe('keys verify and gateways take imported tokens', () => {
  it.each(['billing', 'worker', 'form'] as const)(
    'valid, with version, owner and scopes: %s',
    async (name) => {
      const ran = await run(['keys', 'verify', '--scope', 'a:read', '--json'], {
        stdin: `${tokens[name]}\n`,
      });
      expect(JSON.parse(ran.stdout)).toEqual({
        ...{ valid: true, decision: 'ok', key_id: ids[name], version: 1, owner: `${name}@example.org` },
        ...{ scopes: ['a:read'], successor_id: null },
      });
      expect(ran.code).toBe(0);
      const gateway = await database.connect('test_gateway');
      const keys = createVerifier({ query: gateway.sql });
      expect(await keys.verify(tokens[name])).toMatchObject({ valid: true, keyId: ids[name] });
      const digest = createHash('sha256').update(tokens[name]).digest('hex');
      const rows = await gateway.sql`select key_id, decision from keyctl.verification(${`sha256:${digest}`})`;
      expect(rows).toEqual([{ key_id: ids[name], decision: 'ok' }]);
    },
  );

  it('refuses the dead one by the kernel’s decision, and another secret of our form (7)', async () => {
    const dead = await run(['keys', 'verify', '--json'], { stdin: tokens.gone });
    expect([dead.code, JSON.parse(dead.stdout).decision]).toEqual([7, 'revoked']);
    const forged = `${tokens.form.slice(0, 30)}${tokens.form[30] === 'a' ? 'b' : 'a'}${tokens.form.slice(31)}`;
    expect(JSON.parse((await run(['keys', 'verify', '--json'], { stdin: forged })).stdout).valid).toBe(false);
  });
});

describe('imported keys in lists and plans', () => {
  it('are weak, and due at once', async () => {
    const { stdout } = await run(['keys', 'list', '--weak', '-o', 'ids']);
    expect(stdout.trim().split('\n')).toEqual(expect.arrayContaining([ids.billing, ids.worker, ids.form]));
    expect(stdout).not.toContain(ours.id);
    const [plan] =
      await admin.sql`select due_cause, left_out, due_at <= clock_timestamp() as due from keyctl.rotation_plan
      where key_id = ${ids.billing ?? ''}`;
    expect(plan).toEqual({ due_cause: 'weak', left_out: null, due: true });
  });
});

describe('a pasted imported token stops its key', () => {
  async function fresh(token: string): Promise<string> {
    const stdin = `external_id,token\nx-${token},${token}\n`.replace(
      `x-${token}`,
      `x-${createHash('md5').update(token).digest('hex')}`,
    );
    await run(['keys', 'import', '-', '--format', 'csv', '--yes'], { role: 'test_admin', stdin });
    const digest = createHash('sha256').update(token).digest('hex');
    const [row] = await admin.sql`select id from keyctl.api_keys where digest = decode(${digest}, 'hex')`;
    return row?.id;
  }
  const revoked = (id: string) => auditOf(admin, id).then((rows) => rows.map((row) => row.action));

  it('as KEY; a name goes before a token', async () => {
    const id = await fresh('sk-live-typed-0123456789');
    const ran = await run(['revoke', 'sk-live-typed-0123456789', ...reason, '--yes', '--json']);
    expect([ran.code, JSON.parse(ran.stdout).results[0].key_id]).toEqual([0, id]);
    expect(ran.stdout + ran.stderr).not.toContain('sk-live-typed');
    expect(await revoked(id)).toEqual(['key.imported', 'key.revoked']);
    const called = await seedKey(admin, { name: tokens.named });
    const shown = await run(['keys', 'show', tokens.named, '--json']);
    expect(JSON.parse(shown.stdout).key_id).toBe(called.id);
  });

  it('as KEY that nobody knows: 3, and not shown', async () => {
    const ran = await run(['revoke', 'sk-live-nobody-0123456789', ...reason, '--yes']);
    expect(ran.code).toBe(3);
    expect(ran.stderr).not.toContain('sk-live-nobody');
  });

  it.each([
    ['in a leak', (token: string) => `we found KEY=${token} in the logs`],
    ['in an env file', (token: string) => `API_KEY=${token}\n`],
    ['alone on a line', (token: string) => `${token}\n`],
    ['in JSON', (token: string) => `{"note":"${token}"}`],
  ])('by revoke --stdin, %s', async (what, dress) => {
    const token = `sk-live-stdin-${what.replace(/\W/g, '')}-0123456789`;
    const id = await fresh(token);
    const ran = await run(['revoke', '--stdin', '--expect', '1', ...reason, '--yes', '--json'], {
      stdin: dress(token),
    });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(JSON.parse(ran.stdout).results).toMatchObject([{ key_id: id, outcome: 'revoked' }]);
    expect(ran.stdout).not.toContain(token);
    expect(await revoked(id)).toEqual(['key.imported', 'key.revoked']);
  });

  it('by revoke --stdin, in a list of KEYs', async () => {
    const id = await fresh('sk-live-listed-0123456789');
    const other = await seedKey(admin);
    const stdin = `${other.id}\nsk-live-listed-0123456789\n`;
    const ran = await run(['revoke', '--stdin', '--expect', '2', ...reason, '--yes', '--json'], { stdin });
    expect(JSON.parse(ran.stdout).results.map((each: { key_id: string }) => each.key_id)).toEqual([
      other.id,
      id,
    ]);
  });

  it('by revoke --from-report; a text with no token at all is 3 as before', async () => {
    const token = 'sk-live-report-0123456789';
    const id = await fresh(token);
    await writeFile(join(folder, 'one.json'), JSON.stringify([{ RuleID: 'x', File: 'f', Secret: token }]));
    const ran = await run([
      'revoke',
      '--from-report',
      'one.json',
      '--expect',
      '1',
      ...reason,
      '--yes',
      '--json',
    ]);
    expect(JSON.parse(ran.stdout).results).toMatchObject([{ key_id: id, outcome: 'revoked' }]);
    await writeFile(
      join(folder, 'none.json'),
      JSON.stringify([{ RuleID: 'x', File: 'f', Secret: 'nothing' }]),
    );
    const none = await run(['revoke', '--from-report', 'none.json', '--expect', '1', ...reason, '--yes']);
    expect(none.code).toBe(3);
    const words = await run(['revoke', '--stdin', '--expect', '1', ...reason, '--yes'], {
      stdin: 'a text with longish-words-in-it only',
    });
    expect(words.code).toBe(3);
  });
});
