import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { auditOf, type SeededKey, seedKey, seedUsage } from '../support/seed-keys.js';

const down = '\x1b[B';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const alone = (
  answers: NonNullable<FakeOptions['answers']>,
  args: readonly string[] = [],
  options: FakeOptions = {},
) => runCommand(args, { database, role: 'test_operator', terminal: true, answers, ...options });

const statusOf = async ({ id }: SeededKey) =>
  (await admin.sql`select status from keyctl.keys where id = ${id}`)[0]?.status;

describe('keyctl alone on a terminal', () => {
  it('takes a paste, shows the key and its use, and revokes it when told to', async () => {
    const key = await seedKey(admin, { name: 'leaky', owner: 'alice@example.com' });
    await seedUsage(admin, { keyId: key.id, times: 3, secondsAgo: 30, endpoint: '/v1/export' });
    const ran = await alone([
      ['What is there to do?', 'Whose key'],
      ['Paste the line', `export TOKEN=${key.token} # oops`],
      ['And now?', ''],
      ['to revoke it', key.id.slice(4, 8)],
      ['Reason', 'found in a public gist, SEC-204'],
    ]);
    expect(ran.code).toBe(0);
    // What is done is a command line, shown before.
    expect(ran.stderr).toContain(`this is  keyctl keys show ${key.id}`);
    expect(ran.stderr).toContain(`this is  keyctl audit endpoints ${key.id}`);
    expect(ran.stderr).toContain(`this is  keyctl revoke ${key.id} --code leaked`);
    expect(ran.stdout).toContain('alice@example.com');
    expect(ran.stdout).toContain('/v1/export');
    expect(ran.stdout + ran.stderr).not.toContain(key.token);
    expect(await statusOf(key)).toBe('revoked');
    expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({ action: 'key.revoked' });
  });

  it('leaves the key alone when told so', async () => {
    const key = await seedKey(admin, { name: 'spared' });
    const ran = await alone([
      ['What is there to do?', 'Whose key'],
      ['Paste the line', key.redacted],
      ['And now?', down],
    ]);
    expect([ran.code, await statusOf(key)]).toEqual([0, 'active']);
  });

  it('says when no token of ours stands in the paste: 3', async () => {
    const ran = await alone([
      ['What is there to do?', 'Whose key'],
      ['Paste the line', 'AKIAIOSFODNN7EXAMPLE'],
    ]);
    expect(ran).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('keyctl keys identify FILE'),
    });
    expect(ran.stderr).not.toContain('AKIAIOSFODNN7EXAMPLE');
  });

  it('runs the other jobs as their commands, with the global flags that were given', async () => {
    const listed = await alone([['What is there to do?', 'List the keys']], ['--quiet', '--actor', 'alice']);
    expect(listed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('this is  keyctl keys list --quiet --actor alice'),
    });
    expect(listed.stdout).toContain('leaky');
    const verified = await alone([['What is there to do?', 'Is the audit log']]);
    expect(verified.stderr).toContain('this is  keyctl audit verify');
  });

  it('begins with a leak: the walkthrough, step by step', async () => {
    const ran = await alone([
      ['What is there to do?', ''],
      ['Paste the leaked text', '\x03'],
    ]);
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(ran.stderr).toContain('this is  keyctl incidents run --playbook compromise');
  });

  it.each([
    ['What burns?', 'keyctl incidents triage'],
    ['What is unusual?', 'keyctl audit review'],
    ['Review access', 'keyctl keys review'],
  ])('leads from "%s" to %s', async (typed, shown) => {
    // Without a database each ends as it does when it is typed.
    const ran = await runCommand([], { terminal: true, answers: [['What is there to do?', typed]] });
    expect(ran).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining(`this is  ${shown}`) });
  });

  it('ends with 130 and nothing done on Ctrl-C', async () => {
    expect(await alone([['What is there to do?', '\x03']])).toMatchObject({ code: 130, stdout: '' });
  });
});

describe('keyctl alone where nobody can be asked', () => {
  it.each([
    ['off a terminal', {}, []],
    ['with --no-input', { terminal: true } as const, ['--no-input']],
    ['with its output in a pipe', { terminal: { stdin: true, stderr: true } }, []],
  ])('%s: says that a command is missing, 2', async (_case, options, args) => {
    expect(await runCommand(args, { database, ...options })).toEqual({
      code: 2,
      stdout: '',
      stderr: 'keyctl: COMMAND: which one?\n  try: keyctl --help\n',
    });
  });

  it('says it as JSON where JSON was asked for', async () => {
    const ran = await runCommand(['--json'], {});
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(ran.stderr).error).toMatchObject({
      code: 'usage',
      exit_code: 2,
      hint: 'keyctl --help',
    });
  });

  it('never takes a group without its command for the whole program', async () => {
    const ran = await runCommand(['keys'], { database, terminal: true });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('keyctl keys --help') });
  });
});
