import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { mintToken } from '../../../src/domain/token.js';
import { type FakeOptions, fakeMachine, runCommand } from '../../support/fake-machine.js';
import { forgedToken } from '../../support/forged-token.js';
import { heldBytes } from '../../support/held-memory.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, type SeededKey, type SeedStatus, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let folder: string;
let alice: SeededKey;
let dead: SeededKey;
const stranger = mintToken('kc', (size) => new Uint8Array(size).fill(7)).token.reveal();
const reason = 'leaked in acme/app commit 7a3f21';

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  folder = await mkdtemp(join(tmpdir(), 'keyctl-identify-'));
  alice = await seedKey(admin, { name: 'alice-prod', prefix: 'fie_alice', owner: 'alice@example.org' });
  dead = await seedKey(admin, { name: 'bob-ci', owner: 'bob@example.org', status: 'revoked' });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

const identify = (argv: readonly string[], options: FakeOptions = {}) =>
  runCommand(['keys', 'identify', ...argv], {
    database,
    role: 'test_viewer',
    workingDirectory: folder,
    ...options,
  });

async function found(argv: readonly string[], options: FakeOptions = {}) {
  const ran = await identify([...argv, '--json'], options);
  return { ...ran, json: JSON.parse(ran.stdout) };
}

const file = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);

describe('keys identify', () => {
  it('says of every token whose it is, whether it lives, and each place, and never the token', async () => {
    await file('leak.txt', `a ${alice.token}\n\n${dead.token} x ${stranger}\nagain: ${alice.redacted}\n`);
    const { json, code, stdout } = await found(['leak.txt']);
    expect(json).toEqual({
      source: 'leak.txt',
      complete: true,
      gaps: [],
      incident_id: null,
      tokens: [
        {
          verdict: 'live',
          key_id: alice.id,
          status: 'active',
          name: 'alice-prod',
          version: 1,
          owner: 'alice@example.org',
          successor_id: null,
          redacted: alice.redacted,
          fingerprint: expect.stringMatching(/^sha256:[0-9a-f]{16}$/),
          cause: null,
          times: 2,
          places: [place(1, 3), place(4, 8)],
        },
        expect.objectContaining({
          verdict: 'unknown',
          key_id: null,
          cause: 'no_such_key',
          places: [place(3, dead.token.length + 4)],
        }),
        expect.objectContaining({
          verdict: 'dead',
          key_id: dead.id,
          status: 'revoked',
          places: [place(3, 1)],
        }),
      ],
      live: 1,
      dead: 1,
      unknown: 1,
    });
    expect(code).toBe(0);
    for (const token of [alice.token, dead.token, stranger]) expect(stdout).not.toContain(token);
  });

  it('shows the same to people, with what to type next', async () => {
    await file('leak.txt', `${alice.token} ${stranger}`);
    const { stdout, stderr } = await identify(['leak.txt']);
    expect(stdout).toContain('leak.txt: 1 live, 1 unknown');
    expect(stdout).toContain(`▲ live     ${alice.id}  alice-prod  v1  ✓ active`);
    expect(stdout).toContain('line 1:1');
    expect(stderr).toContain(`keyctl revoke ${alice.id} --code leaked`);
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
  });

  it.each<[SeedStatus, string]>([
    ['pending', 'live'],
    ['active', 'live'],
    ['retiring', 'live'],
    ['suspended', 'live'],
    ['expired', 'live'],
    ['replaced', 'dead'],
    ['revoked', 'dead'],
  ])('calls a key that is %s %s: dead is what cannot come back', async (status, verdict) => {
    const key = await seedKey(admin, { status });
    const { json } = await found(['-'], { stdin: key.token });
    expect(json.tokens).toMatchObject([{ key_id: key.id, status, verdict }]);
  });

  it('names the successor', async () => {
    const old = await seedKey(admin, { status: 'replaced' });
    const next = await seedKey(admin, { family: old });
    const { json, stdout } = await found(['-'], { stdin: old.token });
    expect(json.tokens[0].successor_id).toBe(next.id);
    expect(stdout).not.toContain(old.token);
    expect((await identify(['-'], { stdin: old.token })).stdout).toContain(`successor    ${next.id}`);
  });

  it('does not take a forged secret for the key whose locator it carries', async () => {
    const { json } = await found(['-'], { stdin: `${forgedToken(alice.token)} ${alice.token}` });
    expect(json.tokens).toMatchObject([
      { verdict: 'live', key_id: alice.id, times: 1 },
      { verdict: 'unknown', key_id: null, cause: 'other_secret', redacted: alice.redacted },
    ]);
  });

  it('finds nothing in what only looks like a token, or only names a key', async () => {
    const text = `${alice.id}... ${alice.id} some_longFunctionName... kc_zzzzzzzzzzzz**** ${alice.token.slice(0, -1)}`;
    const { json, code } = await found(['-'], { stdin: text });
    expect([json.tokens, code]).toEqual([[], 0]);
    expect((await identify(['-'], { stdin: text })).stdout).toBe('no token of ours stands in stdin\n');
  });

  it('reads gzip and UTF-16, and a FILE whose name begins with a dot-slash like a token', async () => {
    await file('app.log.1.gz', gzipSync(`\n${alice.token}\n`));
    expect((await found(['app.log.1.gz'])).json.tokens).toMatchObject([{ places: [{ line: 2, column: 1 }] }]);
    await file('windows.txt', Buffer.from(`\ufeffKEY = ${alice.token}\r\n`, 'utf16le'));
    expect((await found(['windows.txt'])).json.live).toBe(1);
    await file(`${alice.redacted}`, dead.token);
    expect((await found([`./${alice.redacted}`])).json.tokens).toMatchObject([{ key_id: dead.id }]);
  });

  it('takes a token as the text itself, and warns about the shell history', async () => {
    const { json, stderr } = await found([alice.token]);
    expect(json.tokens).toMatchObject([{ key_id: alice.id }]);
    expect(stderr).toContain('shell history');
    expect(stderr).not.toContain(alice.token);
    const cut = await found([alice.redacted]);
    expect([cut.json.live, cut.stderr]).toEqual([1, '']);
  });

  it('prints the ids of live ones with -o ids, and one record a line with -o ndjson and -o csv', async () => {
    const stdin = `${alice.token} ${dead.token} ${stranger}`;
    expect((await identify(['-', '-o', 'ids'], { stdin })).stdout).toBe(`${alice.id}\n`);
    const ndjson = await identify(['-', '-o', 'ndjson'], { stdin });
    expect(
      ndjson.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).verdict),
    ).toEqual(['live', 'unknown', 'dead']);
    const csv = await identify(['-', '-o', 'csv'], { stdin });
    expect(csv.stdout.split('\r\n')[0]).toBe(
      'verdict,key_id,status,name,version,owner,successor_id,redacted,fingerprint,cause,times,places',
    );
  });

  it('exits 7 with --fail-on-found when a live one was found, and only then', async () => {
    expect((await identify(['-', '--fail-on-found'], { stdin: alice.token })).code).toBe(7);
    expect((await identify(['-', '--fail-on-found'], { stdin: `${dead.token} ${stranger}` })).code).toBe(0);
    expect((await identify(['-'], { stdin: alice.token })).code).toBe(0);
  });

  it('asks for the paste of a leak on a terminal, and does not show it', async () => {
    const { code, stdout, stderr } = await identify([], {
      terminal: true,
      answers: [['Paste the leaked text', `x\r${alice.token}\r\x04`]],
    });
    expect(code).toBe(0);
    expect(stdout).toContain(alice.id);
    expect(stdout).toContain('line 2:1');
    expect(stdout + stderr).not.toContain(alice.token);
  });

  it('ends with 130 when the paste is called off', async () => {
    const answers = [['Paste', 'half of it\x03']] as const;
    expect((await identify([], { terminal: true, answers })).code).toBe(130);
  });

  it('searches what could be read of a broken file, says so, and exits 6', async () => {
    const whole = gzipSync(`${alice.token}\n${'x'.repeat(100_000)}`, { level: 0 });
    await file('broken.gz', whole.subarray(0, 60_000));
    const { json, code, stderr } = await found(['broken.gz']);
    expect([json.live, json.complete, code]).toEqual([1, false, 6]);
    expect(stderr).toContain('broken.gz could be read in part only');
  });

  it('counts what it does not list: places beyond the first 20', async () => {
    const { json } = await found(['-'], { stdin: `${alice.token}\n`.repeat(1000) });
    expect(json.tokens[0].times).toBe(1000);
    expect(json.tokens[0].places).toHaveLength(20);
  });

  it('asks about thousands of tokens in batches and about noise once', async () => {
    const noise = Array.from({ length: 3000 }, (_, at) => `kc_noise${String(at).padStart(7, '0')}****`);
    const text = [...noise, alice.token, ...noise].join('\n');
    const { json } = await found(['-'], { stdin: text });
    expect(json.tokens).toMatchObject([{ key_id: alice.id, places: [{ line: 3001 }] }]);
  });

  it('shows hostile names and file names harmlessly', async () => {
    const key = await seedKey(admin, {
      name: 'eve\x1b]0;pwned\x07\u202e\n✓ revoked',
      owner: 'eve@example.org',
    });
    await file('a\x1b[2Jb', key.token);
    const { stdout } = await identify(['a\x1b[2Jb']);
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/);
    expect(stdout).toContain('eve\\x1b]0;pwned\\x07\\u{202e}\\n✓ revoked');
  });

  it.each([
    [['missing.txt'], 'missing.txt: there is no such file'],
    [['archive.zst'], 'archive.zst: is compressed'],
    [['.'], 'is a directory'],
    [['leak.txt', '--git', '.'], 'one thing at a time'],
    [['--git', '/nonexistent'], 'is no git repository'],
    [['--from-report', 'missing.json'], 'missing.json: there is no such file'],
  ])('refuses %j with one line and exit 2', async (argv, words) => {
    await file('archive.zst', Buffer.from('28b52ffd0000', 'hex'));
    const ran = await identify(argv);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain(words);
  });

  it('exits 2 without a text on a terminal that may not be asked', async () => {
    expect((await identify(['--no-input'], { terminal: true })).code).toBe(2);
  });

  it('exits 78 without a database, and does not wait for a pipe first', async () => {
    const stdin = new Readable({ read() {} });
    expect((await runCommand(['keys', 'identify', '-'], { stdin })).code).toBe(78);
    expect(
      (await runCommand(['keys', 'identify', '--git', '.'], { workingDirectory: import.meta.dirname })).code,
    ).toBe(78);
  });

  it('reads a gzip out of a pipe', async () => {
    expect((await found(['-'], { stdin: gzipSync(alice.token) })).json.live).toBe(1);
  });

  it('works as a gateway’s neighbour: a role that may not read keys gets 77', async () => {
    expect((await identify(['-'], { stdin: alice.token, role: 'test_gateway' })).code).toBe(77);
  });
});

describe('keys identify | revoke --stdin', () => {
  const revoke = (stdin: string, flags: readonly string[]) =>
    runCommand(['revoke', '--stdin', '--reason', reason, '--code', 'leaked', '--yes', '--json', ...flags], {
      database,
      role: 'test_operator',
      stdin,
    });

  it.each(['json', 'ndjson', 'ids'])(
    'is one pipe as %s: the live ones are revoked, the others left',
    async (format) => {
      const [one, two] = [await seedKey(admin), await seedKey(admin)];
      const replaced = await seedKey(admin, { status: 'replaced' });
      const leak = `${one.token} ${stranger}\n${replaced.token} ${two.redacted} ${forgedToken(alice.token)}`;
      const { stdout } = await identify(['-', '-o', format], { stdin: leak });
      const ran = await revoke(stdout, ['--expect', '2']);
      expect(ran.code).toBe(0);
      expect(
        JSON.parse(ran.stdout)
          .results.map((each: { key_id: string }) => each.key_id)
          .sort(),
      ).toEqual([one.id, two.id].sort());
      for (const key of [one, two]) {
        expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
      }
      expect(await auditOf(admin, replaced.id)).toEqual([]);
      expect((await found(['-'], { stdin: alice.token })).json.live).toBe(1);
    },
  );

  it('means the same when the leak itself is piped, and says what it left out', async () => {
    const key = await seedKey(admin);
    const ran = await revoke(`x=${key.token}\ny=${stranger}\nz=${dead.token}`, ['--expect', '1']);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('left out: tokens that are no keys of this database: 1');
    expect(await auditOf(admin, key.id)).toHaveLength(1);
  });

  it('does nothing (5) when another number of keys is meant than was expected', async () => {
    const key = await seedKey(admin);
    const { stdout } = await identify(['-', '--json'], { stdin: key.token });
    expect((await revoke(stdout, ['--expect', '2'])).code).toBe(5);
    expect(await auditOf(admin, key.id)).toEqual([]);
  });

  it.each([
    ['the report of a text without tokens', () => ''],
    ['the report of dead tokens alone', () => dead.token],
  ])('finds nothing to do (3) in %s', async (_what, text) => {
    const { stdout } = await identify(['-', '--json'], { stdin: text() });
    const ran = await revoke(stdout, ['--expect', '1']);
    expect([ran.code, ran.stdout]).toEqual([3, '']);
  });

  it('finds nothing to do (3) when identify failed and printed nothing, or the leak holds dead tokens only', async () => {
    expect((await revoke('', ['--expect', '1'])).code).toBe(3);
    const ran = await revoke(`x=${dead.token}`, ['--expect', '1']);
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain('1 are dead, 0 unknown');
  });
});

describe('--from-report', () => {
  const gitleaks = (secret: string, more: object = {}) => ({
    RuleID: 'keyctl-api-key',
    Description: 'keyctl API key',
    StartLine: 12,
    EndLine: 12,
    StartColumn: 9,
    EndColumn: 80,
    Match: `key = "${secret}"`,
    Secret: secret,
    File: 'deploy/.env',
    SymlinkFile: '',
    Commit: '7a3f21c0ffee7a3f21c0ffee7a3f21c0ffee7a3f',
    Author: 'Alice',
    Email: 'alice@example.org',
    Date: '2026-08-20T03:12:09Z',
    Message: 'add env',
    Tags: [],
    Fingerprint: '7a3f21c0ffee7a3f21c0ffee7a3f21c0ffee7a3f:deploy/.env:keyctl-api-key:12',
    ...more,
  });
  const trufflehog = (raw: string, data: object) => ({
    SourceMetadata: { Data: data },
    SourceID: 1,
    SourceType: 16,
    SourceName: 'trufflehog - git',
    DetectorType: 1000,
    DetectorName: 'CustomRegex',
    DecoderName: 'PLAIN',
    Verified: false,
    Raw: raw,
    RawV2: '',
    Redacted: '',
    ExtraData: { name: 'keyctl' },
    StructuredData: null,
  });
  const commit = '7a3f21c0ffee7a3f21c0ffee7a3f21c0ffee7a3f';

  it('reads gitleaks: one finding is one place, though it repeats the secret', async () => {
    const report = [
      gitleaks(alice.token),
      gitleaks('AKIAIOSFODNN7EXAMPLE'),
      gitleaks(alice.token, { File: 'b' }),
    ];
    await file('gitleaks.json', JSON.stringify(report, null, 1));
    const { json } = await found(['--from-report', 'gitleaks.json']);
    expect(json.tokens).toMatchObject([
      {
        key_id: alice.id,
        times: 2,
        places: [
          {
            kind: 'report',
            source: 'gitleaks.json',
            commit,
            path: 'deploy/.env',
            object: null,
            line: 12,
            column: 9,
          },
          { path: 'b' },
        ],
      },
    ]);
  });

  it('reads trufflehog, one finding a line, between lines of its log', async () => {
    const git = {
      commit,
      file: '.env',
      email: 'a',
      repository: 'https://git.example.org/acme/app',
      timestamp: '',
      line: 3,
    };
    const lines = [
      '{"level":"info-0","ts":"2026-08-20T03:12:09Z","logger":"trufflehog","msg":"running source"}',
      JSON.stringify(trufflehog(alice.token, { Git: git })),
      JSON.stringify(trufflehog(dead.token, { Filesystem: { file: '/srv/app.env', line: 4 } })),
    ];
    await file('trufflehog.json', `🐷🔑🐷 "TruffleHog. Unearth your secrets.\n${lines.join('\n')}\n`);
    const { json } = await found(['--from-report', 'trufflehog.json']);
    expect(json.tokens).toMatchObject([
      {
        key_id: alice.id,
        places: [{ source: 'https://git.example.org/acme/app', commit, path: '.env', line: 3 }],
      },
      {
        key_id: dead.id,
        places: [{ source: 'trufflehog.json', commit: null, path: '/srv/app.env', line: 4 }],
      },
    ]);
  });

  it('says that hidden secrets cannot be found, and exits 6', async () => {
    await file(
      'hidden.json',
      JSON.stringify([gitleaks('REDACTED'), gitleaks(`${alice.token.slice(0, 40)}...`)]),
    );
    const { json, code, stderr } = await found(['--from-report', 'hidden.json']);
    expect([json.live, json.complete, code]).toEqual([1, false, 6]);
    expect(stderr).toContain('without --redact');
  });

  it.each(['[]', '[ ]\n', 'null', '', '\n'])('takes %j for a report without findings', async (content) => {
    await file('empty.json', content);
    expect((await found(['--from-report', 'empty.json'])).json.tokens).toEqual([]);
  });

  it.each([
    ['a text', 'key = kc_7Q2mK9xZab3d****'],
    ['another JSON', '{"runs":[{"tool":{"driver":{"name":"opengrep"}}}]}'],
    ['half a report', JSON.stringify([{ RuleID: 'x', File: 'y', Secret: 'z' }]).slice(0, -5)],
  ])('refuses %s (2)', async (_what, content) => {
    await file('other.json', content);
    expect((await identify(['--from-report', 'other.json'])).code).toBe(2);
  });

  it('is a SELECTION of revoke: its live keys', async () => {
    const key = await seedKey(admin);
    await file(
      'report.json',
      JSON.stringify([gitleaks(key.token), gitleaks(dead.token), gitleaks(stranger)]),
    );
    const argv = ['revoke', '--from-report', 'report.json', '--expect', '1', '--reason', reason, '--yes'];
    const ran = await runCommand(argv, { database, role: 'test_operator', workingDirectory: folder });
    expect(ran.code).toBe(0);
    expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
  });
});

describe('keys identify --git', () => {
  const run = promisify(execFile);
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'init.defaultBranch=main'];

  async function repository() {
    const path = await mkdtemp(join(folder, 'repository-'));
    const git = async (...args: string[]) =>
      (await run('git', [...identity, '-C', path, ...args], { env })).stdout.trim();
    await git('init', '-q');
    const commit = async (name: string, content: string, message = 'work') => {
      await writeFile(join(path, name), content);
      await git('add', '-A');
      await git('commit', '-q', '--no-gpg-sign', '-m', message);
      return await git('rev-parse', 'HEAD');
    };
    return { path, git, commit };
  }

  it('finds a token that was deleted later, and tells commit, path and line', async () => {
    const { path, git, commit } = await repository();
    await commit('README', 'hello');
    const leaked = await commit('a b.env', `# ü\nKEY=${alice.token}\n`);
    await git('rm', '-q', 'a b.env');
    await git('commit', '-q', '-m', 'remove the key');
    const { json, code } = await found(['--git', path]);
    expect(code).toBe(0);
    expect(json.tokens).toMatchObject([
      {
        key_id: alice.id,
        times: 1,
        places: [{ kind: 'file', source: path, commit: leaked, path: 'a b.env', line: 2, column: 5 }],
      },
    ]);
    const object = json.tokens[0].places[0].object;
    expect(await git('cat-file', '-p', object)).toContain(alice.token);
  });

  it('finds what git log -p does not show: merges, stashes, amended commits, messages, tags, names, the index', async () => {
    const { path, git, commit } = await repository();
    const keys = await Promise.all(Array.from({ length: 9 }, () => seedKey(admin)));
    const [merged, stashed, dropped, amended, message, tagged, named, staged, binary] = keys as [
      SeededKey,
      SeededKey,
      SeededKey,
      SeededKey,
      SeededKey,
      SeededKey,
      SeededKey,
      SeededKey,
      SeededKey,
    ];
    await commit('a', '1');
    await git('checkout', '-q', '-b', 'side');
    await commit('b', '2', `found ${message.token} in the logs`);
    await git('checkout', '-q', 'main');
    await commit('c', '3');
    await git('merge', '-q', '--no-commit', '--no-ff', 'side');
    const evil = await commit('d', merged.token, 'merge');
    for (const key of [dropped, stashed]) {
      await writeFile(join(path, 'a'), key.token);
      await git('stash', '-q');
    }
    await git('stash', 'drop', '-q', 'stash@{1}');
    await commit('e', amended.token);
    await writeFile(join(path, 'e'), 'nothing');
    await git('commit', '-q', '-a', '--amend', '-m', 'amended');
    await git('tag', '-a', 'v1', '-m', `with ${tagged.token}`);
    const names = await commit(`${named.token}.txt`, 'x');
    await commit('image.bin', `\0\x01\x02${binary.token}\0`);
    await writeFile(join(path, 'f'), staged.token);
    await git('add', 'f');

    const { json, stdout } = await found(['--git', path]);
    const placeOf = (key: SeededKey) =>
      json.tokens.find((token: { key_id: string }) => token.key_id === key.id)?.places[0];
    expect(placeOf(merged)).toMatchObject({ kind: 'file', commit: evil, path: 'd' });
    expect(placeOf(stashed)).toMatchObject({ kind: 'file', path: 'a', commit: expect.any(String) });
    expect(placeOf(dropped)).toMatchObject({ kind: 'file', line: 1 });
    expect(placeOf(amended)).toMatchObject({ kind: 'file', path: 'e' });
    expect(placeOf(message)).toMatchObject({ kind: 'commit_message', path: null });
    expect(placeOf(tagged)).toMatchObject({ kind: 'tag' });
    expect(placeOf(named)).toMatchObject({ kind: 'file_name', commit: names, path: `${named.redacted}.txt` });
    expect(placeOf(staged)).toMatchObject({ kind: 'file', commit: null, path: null });
    expect(placeOf(binary)).toMatchObject({ kind: 'file', path: 'image.bin' });
    expect(json.live).toBe(9);
    for (const key of keys) expect(stdout).not.toContain(key.token);
    const text = await identify(['--git', path]);
    for (const key of keys) expect(text.stdout).not.toContain(key.token);
  });

  it('names every path that the same content came to, each with the commit that brought it first', async () => {
    const { path, git, commit } = await repository();
    const first = await commit('one.env', alice.token);
    await git('mv', 'one.env', 'two.env');
    await git('commit', '-q', '-m', 'rename');
    const second = await git('rev-parse', 'HEAD');
    await commit('x', 'x');
    const { json } = await found(['--git', path]);
    expect(json.tokens[0].places).toMatchObject([
      { commit: first, path: 'one.env' },
      { commit: second, path: 'two.env' },
    ]);
    expect(json.tokens[0].times).toBe(1);
  });

  it('says that a shallow clone is not the whole history, and exits 6', async () => {
    const { path, commit } = await repository();
    await commit('a', alice.token);
    await commit('a', 'clean');
    const clone = join(folder, 'shallow');
    await run('git', ['clone', '-q', '--depth', '1', `file://${path}`, clone], { env });
    const { json, code, stderr } = await found(['--git', clone]);
    expect([json.live, json.complete, code]).toEqual([0, false, 6]);
    expect(stderr).toContain('shallow clone');
  });

  it('says that a partial clone is not the whole history, and fetches nothing', async () => {
    const { path, git, commit } = await repository();
    await commit('a', alice.token);
    await git('config', 'uploadpack.allowFilter', 'true');
    const clone = join(folder, 'partial');
    const filter = ['clone', '-q', '--no-checkout', '--filter=blob:none', `file://${path}`, clone];
    await run('git', filter, { env });
    const { json, code } = await found(['--git', clone]);
    expect([json.live, json.gaps.length, code]).toEqual([0, 1, 6]);
  });

  it('starts no program that the repository names', async () => {
    const { path, git, commit } = await repository();
    const first = await commit('a', alice.token);
    const trap = join(folder, 'trapped');
    const program = join(folder, 'gpg.sh');
    await writeFile(program, `#!/bin/sh\ntouch ${trap}\n`, { mode: 0o755 });
    const raw = await git('cat-file', '-p', first);
    const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----';
    await writeFile(join(folder, 'signed'), `${raw.replace('\n\n', `\n${signature}\n\n`)}\n`);
    const signed = await git('hash-object', '-t', 'commit', '-w', join(folder, 'signed'));
    await git('reset', '-q', '--hard', signed);
    await git('config', 'gpg.program', program);
    await git('config', 'log.showSignature', 'true');
    expect((await found(['--git', path])).json.tokens[0].places[0].path).toBe('a');
    await expect(writeFile(trap, '', { flag: 'wx' })).resolves.toBeUndefined();
  });

  it('reads the repository it is given, not the one of a hook that calls it', async () => {
    const { path, commit } = await repository();
    await commit('a', alice.token);
    const { DATABASE_URL = '' } = fakeMachine({ database, role: 'test_viewer' }).env;
    const hook = { DATABASE_URL, GIT_DIR: '/nonexistent', GIT_WORK_TREE: '/' };
    expect((await found(['--git', path], { env: hook })).json.live).toBe(1);
  });

  it('says when there is no git', async () => {
    const ran = await identify(['--git', '.'], { env: { PATH: '/nonexistent' } });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('git is not installed');
  });
});

describe('a stream', () => {
  it('is searched in constant memory', async () => {
    const chunk = Buffer.alloc(
      1 << 20,
      `${'GET /v1/runs?page=2 200\n'.repeat(40)}some_longFunctionName...\n`,
    );
    let held = 0;
    async function* log() {
      for (let at = 0; at < 200; at++) yield Buffer.from(chunk);
      held = heldBytes();
      yield alice.token;
    }
    const before = heldBytes();
    const { json } = await found(['-'], { stdin: Readable.from(log(), { objectMode: false }) });
    expect(json.tokens).toMatchObject([{ key_id: alice.id, times: 1 }]);
    expect(held - before).toBeLessThan(50 * 1024 * 1024);
  });
});

function place(line: number, column: number) {
  return { kind: 'text', source: 'leak.txt', commit: null, path: null, object: null, line, column };
}
