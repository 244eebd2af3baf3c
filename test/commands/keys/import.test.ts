import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { auditOf, seedKey } from '../../support/seed-keys.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyctl-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  await writeFile(join(folder, name), content);
  await chmod(join(folder, name), mode);
  return name;
}

describe.each(servers)('keys import on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
  });
  afterAll(() => database.drop());

  const run = (argv: readonly string[], options: FakeOptions = {}) =>
    runCommand(argv, { database, role: 'test_admin', workingDirectory: folder, ...options });
  const imports = (argv: readonly string[], options: FakeOptions = {}) =>
    run(['keys', 'import', '--yes', ...argv], options);
  async function imported(argv: readonly string[], options: FakeOptions = {}) {
    const ran = await imports([...argv, '--json'], options);
    return { ...ran, json: ran.stdout === '' ? null : JSON.parse(ran.stdout) };
  }
  async function keyOf(externalId: string) {
    const [row] =
      await admin.sql`select k.*, encode(k.digest, 'hex') as hex, o.email, o.user_id, o.name as owner_name
      from keyctl.api_keys k left join keyctl.owners o using (owner_id) where external_id = ${externalId}`;
    return row;
  }
  /** Everything that an import may change. */
  async function everything() {
    const [row] = await admin.sql`select (select count(*)::int from keyctl.api_keys) as keys,
      (select seq::int from keyctl.audit_head) as seq, (select count(*)::int from keyctl.owners) as owners,
      (select count(*)::int from keyctl.import_rows) as waiting`;
    return row;
  }

  it('brings in a CSV with all that it says, hashes its tokens, and leaves an audit row for each key', async () => {
    await file(
      'all.csv',
      'external_id,name,token,owner,owner_name,user_id,workspace,scopes,environment,level,policy,rpm,expires_at,created_at,description\r\n' +
        'all-1,billing,sk-live-all-0123456789,Alice@Example.com,Alice,u-1,ws_a,"{workflow:read,workflow:write}",production,standard,high,7,2030-01-31,2024-02-03 04:05:06.123456+00,"a, ""quoted""\r\ntext"\r\n'.replace(
          '\r\ntext',
          ' text',
        ) +
        'all-2,tracked,,alice@example.com,,,,,,,,,,,\r\n',
    );
    const { json, code, stderr } = await imported(['all.csv']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(json).toEqual({
      operation_id: expect.any(String),
      source: 'all.csv',
      dry_run: false,
      rows: 2,
      imported: 2,
      unchanged: 0,
      conflicts: 0,
      conflicts_by_cause: {},
      rejected: 0,
      rejected_by_cause: {},
      weak: 1,
      tracked_only: 1,
      revoked: 0,
      replaced: 0,
      unlinked: 0,
      problems: [],
      audit_seq: expect.any(Number),
    });
    const key = await keyOf('all-1');
    expect(key).toMatchObject({
      ...{
        name: 'billing',
        email: 'alice@example.com',
        owner_name: 'Alice',
        user_id: 'u-1',
        workspace_id: 'ws_a',
      },
      ...{
        scopes: ['workflow:read', 'workflow:write'],
        environment: 'production',
        level: 'standard',
        policy: 'high',
      },
      ...{
        rpm: 7,
        status: 'active',
        version: 1,
        origin: 'imported',
        salt: null,
        verifier: null,
        description: 'a, "quoted" text',
      },
      ...{
        hex: sha256('sk-live-all-0123456789'),
        fingerprint: `sha256:${sha256('sk-live-all-0123456789').slice(0, 16)}`,
      },
    });
    const [times] =
      await admin.sql`select created_at::text, expires_at::text from keyctl.api_keys where external_id = 'all-1'`;
    expect(times).toEqual({
      created_at: '2024-02-03 04:05:06.123456+00',
      expires_at: '2030-01-31 00:00:00+00',
    });
    const audit = await auditOf(admin, key?.id);
    expect(audit).toMatchObject([
      { action: 'key.imported', operation_id: json.operation_id, actor_db: 'test_admin' },
    ]);
    const text = JSON.stringify(audit);
    expect(text).toContain('"external_id":"all-1"');
    for (const secret of ['sk-live-all', sha256('sk-live-all-0123456789'), 'lice@', 'Alice'])
      expect(text).not.toContain(secret);
    expect((await keyOf('all-2'))?.digest).toBeNull();
  });

  it('changes nothing when the same file comes again, and says so', async () => {
    await file(
      'again.csv',
      'subkey,name,token,owner\nag-1,one,sk-live-again-1234567890,a@example.org\nag-2,two,,\n',
    );
    expect((await imported(['again.csv'])).json).toMatchObject({ imported: 2, unchanged: 0 });
    const before = await everything();
    const second = await imported(['again.csv']);
    expect(second.json).toMatchObject({
      imported: 0,
      unchanged: 2,
      conflicts: 0,
      rejected: 0,
      audit_seq: null,
    });
    expect(second.code).toBe(0);
    expect(await everything()).toEqual(before);
    expect((await imports(['again.csv'])).stdout).toContain(
      'nothing to import from again.csv\n  2 keys unchanged',
    );
  });

  it('answers a repeated operation with its first outcome', async () => {
    const id = '0b8f4a52-0a3e-4d0e-9a3c-5a1d2b3c4d5e';
    const first = await imported(['-', '--format', 'csv', '--operation-id', id], { stdin: 'subkey\nop-1\n' });
    const before = await everything();
    const again = await imported(['-', '--format', 'csv', '--operation-id', id], {
      stdin: 'subkey\nop-1\nop-2\n',
    });
    expect(again.json).toEqual(first.json);
    expect(await everything()).toEqual(before);
  });

  it('keeps chains, whichever column names the link and in whichever order the rows come', async () => {
    const rows = [
      'ch-3,active,,,,ch-2',
      'ch-2,replaced,2025-02-02 00:00:00+00,yearly,ch-3,',
      'ch-1,revoked,2025-01-01T00:00:00Z,leaked in a gist,ch-2,',
      'ch-0,replaced,2024-01-01,,ch-1,',
      'alone,suspended,,odd traffic,,',
    ];
    await file(
      'chain.csv',
      `subkey,status,revoked_at,revoke_reason,replaced_by,replaces\n${rows.join('\n')}\n`,
    );
    const { json } = await imported(['chain.csv']);
    expect(json).toMatchObject({ imported: 5, revoked: 1, replaced: 2, unlinked: 0 });
    const family =
      await admin.sql`select k.external_id, k.version, k.status, k.family_id = f.id as first, a.external_id as next,
        b.external_id as before, k.revoked_at, k.usable_until, k.revocation_reason
      from keyctl.api_keys k join keyctl.api_keys f on f.external_id = 'ch-0'
      left join keyctl.api_keys a on a.id = k.replaced_by left join keyctl.api_keys b on b.id = k.replaces
      where k.family_id = f.id order by k.version`;
    const none = { revoked_at: null, usable_until: null, revocation_reason: null };
    const at = (day: string) => `${day} 00:00:00+00`;
    expect(family).toEqual([
      {
        ...none,
        external_id: 'ch-0',
        version: 1,
        status: 'replaced',
        first: true,
        next: 'ch-1',
        before: null,
        usable_until: at('2024-01-01'),
      },
      {
        ...none,
        external_id: 'ch-1',
        version: 2,
        status: 'revoked',
        first: true,
        next: 'ch-2',
        before: 'ch-0',
        revoked_at: at('2025-01-01'),
        revocation_reason: 'leaked in a gist',
      },
      {
        ...none,
        external_id: 'ch-2',
        version: 3,
        status: 'replaced',
        first: true,
        next: 'ch-3',
        before: 'ch-1',
        usable_until: at('2025-02-02'),
        revocation_reason: 'yearly',
      },
      { ...none, external_id: 'ch-3', version: 4, status: 'active', first: true, next: null, before: 'ch-2' },
    ]);
    expect(await keyOf('alone')).toMatchObject({
      status: 'suspended',
      suspended_from: 'active',
      suspension_reason: 'odd traffic',
      version: 1,
    });
    expect((await imported(['chain.csv'])).json).toMatchObject({ imported: 0, unchanged: 5 });
  });

  it('gives a grace to what was replaced and has its end still to come, or is called active with a successor', async () => {
    const stdin =
      'subkey,status,revoked_at,replaced_by\ngr-1,replaced,2099-01-01,gr-2\ngr-2,active,,\ngr-3,active,,gr-4\ngr-4,,,\n';
    expect((await imported(['-', '--format', 'csv'], { stdin })).json).toMatchObject({
      imported: 4,
      replaced: 0,
    });
    expect(await keyOf('gr-1')).toMatchObject({ status: 'retiring', usable_until: '2099-01-01 00:00:00+00' });
    expect(await keyOf('gr-3')).toMatchObject({ status: 'retiring', usable_until: null });
    const decided =
      await admin.sql`select keyctl.decide(id) as decision from keyctl.api_keys where external_id like 'gr-_'`;
    expect(decided.map((row) => row.decision)).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it.each([
    ['a fork', 'f-1,,,f-2,\nf-2,,,,\nf-3,,,,f-1\nf-4,,,,f-3\n', { broken_chain: 4 }],
    ['a circle', 'c-1,,,c-2,\nc-2,,,c-1,\n', { broken_chain: 2 }],
    ['a key that follows itself', 'c-3,,,c-3,\n', { broken_chain: 1 }],
    ['two keys in their grace', 't-1,,,t-2,\nt-2,,,t-3,\nt-3,,,,\n', { too_many_usable: 3 }],
    ['a key in its grace without a successor', 'n-1,retiring,,,\n', { no_successor: 1 }],
    ['the same name twice', 'd-1,,,,\nd-1,,,,\n', { duplicate: 1 }],
  ])('rejects %s, all of it and nothing else', async (_what, rows, causes) => {
    const stdin = `subkey,status,revoked_at,replaced_by,replaces\nbystander-${Object.keys(causes)}-${rows.slice(0, 3)},,,,\n${rows}`;
    const { json, code } = await imported(['-', '--format', 'csv'], { stdin });
    expect(code).toBe(6);
    expect(json.rejected_by_cause).toEqual(causes);
    expect(json.imported).toBe(rows.trim().split('\n').length - json.rejected + 1);
  });

  it('drops links to keys that are not in the file, and counts them', async () => {
    const stdin = 'subkey,replaces,replaced_by\nun-1,gone-1,\nun-2,,gone-2\n';
    const { json, stderr, code } = await imported(['-', '--format', 'csv'], { stdin });
    expect([json.imported, json.unlinked, code, stderr]).toEqual([2, 2, 0, '']);
  });

  const bad: readonly [string, string, string | null][] = [
    ['name,status\nnobody,active', 'no_identity', null],
    ['subkey,token\nx,short', 'bad_token', 'token'],
    ['subkey,token\nx,with blank inside', 'bad_token', 'token'],
    [`subkey,token\nx,kc_${'a'.repeat(64)}`, 'token_checksum', 'token'],
    ['subkey,digest\nx,abc', 'bad_digest', 'digest'],
    [`subkey,token,digest\nx,sk-live-0123456789,${sha256('other')}`, 'digest_differs', 'digest'],
    ['subkey,token\nsk-live-0123456789,sk-live-0123456789', 'secret_elsewhere', 'external_id'],
    [
      'subkey,description,token\nx,the key is sk-live-0123456789!,sk-live-0123456789',
      'secret_elsewhere',
      'description',
    ],
    ['subkey,status\nx,gone', 'bad_status', 'status'],
    ['subkey,revoked_at,status\nx,2024-01-01,active', 'contradiction', 'revoked_at'],
    ['subkey,revoked_at\nx,2099-01-01', 'contradiction', 'revoked_at'],
    ['subkey,status\nx,expired', 'contradiction', 'expires_at'],
    ['subkey,created_at\nx,2024-01-01 10:00:00', 'bad_time', 'created_at'],
    ['subkey,created_at\nx,2024-02-30', 'bad_time', 'created_at'],
    ['subkey,created_at\nx,2099-01-01', 'contradiction', 'created_at'],
    ['subkey,owner\nx,nobody', 'bad_value', 'owner'],
    ['subkey,rpm\nx,-1', 'bad_value', 'rpm'],
    ['subkey,scopes\nx,a b*c', 'bad_value', 'scopes'],
    ['subkey\nkey_7Q2mK9xZab3d', 'bad_value', 'external_id'],
    ['subkey,name\nx,"a\u0007b"', 'bad_value', 'name'],
    ['subkey,policy\nx,nowhere', 'unknown_policy', null],
    ['subkey,name\nx', 'bad_columns', null],
    ['subkey,name\nx,a"b"c', 'bad_csv', null],
    ['{"subkey":"x","name":', 'bad_json', null],
    ['{"subkey":{"a":1}}', 'bad_value', 'external_id'],
  ];
  it.each(bad)('rejects %j: %s', async (text, cause, column) => {
    const before = await everything();
    const ran = await imported(['-'], { stdin: text });
    expect(ran.json).toMatchObject({ imported: 0, rejected: 1, rejected_by_cause: { [cause]: 1 } });
    expect(ran.json.problems).toMatchObject([
      { line: text.startsWith('{') ? 1 : 2, outcome: 'rejected', cause, column },
    ]);
    expect(ran.code).toBe(6);
    expect(ran.stdout + ran.stderr).not.toMatch(/sk-live-|with blank|kc_a/);
    expect(await everything()).toEqual(before);
  });

  it.each([
    [
      'an unknown column, by its name',
      'subkey,colour\nx,red\n',
      'column 2 (colour) is none that keyctl knows',
    ],
    ['an unknown field, by its name', '{"subkey":"x","colour":"red"}', 'a field in line 1 (colour)'],
    [
      'a file without a header, and does not tell what stands there',
      'sk-live-0123456789abcdef\n',
      'column 1 is none',
    ],
    ['a column twice', 'subkey,external_id\nx,y\n', 'says external_id in two columns'],
    [
      'a quote that never ends',
      'subkey,name\nx,"one\ny,two\n',
      'a quote in the record of line 2 is never closed',
    ],
    ['nothing', '', 'is empty'],
    ['a JSON array', '[{"subkey":"x"}]', 'is one JSON array'],
    ['what is not UTF-8', Buffer.from('subkey,name\nx,M\xfcller\n', 'latin1'), 'is not UTF-8'],
  ])('refuses %s as a whole (2), and imports nothing', async (_what, stdin, words) => {
    const before = await everything();
    const { code, stdout, stderr } = await imports(['-'], { stdin });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
    expect(stderr).toContain(words.includes('two columns') ? '' : 'nothing was imported');
    expect(stderr).not.toContain('sk-live');
    expect(await everything()).toEqual(before);
  });

  it('passes over unknown columns with --ignore-unknown', async () => {
    const { json } = await imported(['-', '--ignore-unknown'], { stdin: 'subkey,colour\niu-1,red\n' });
    expect(json.imported).toBe(1);
  });

  it('refuses a gzip that breaks off (2), and imports nothing of it', async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => `gz-${at},${sha256(String(at))}`).join('\n');
    const whole = gzipSync(`subkey,digest\n${rows}\n`);
    await file('broken.csv.gz', whole.subarray(0, whole.length - 5000));
    const before = await everything();
    const ran = await imports(['broken.csv.gz']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('broken.csv.gz breaks off; nothing was imported');
    expect(await everything()).toEqual(before);
    await file('whole.csv.gz', whole);
    expect((await imported(['whole.csv.gz'])).json).toMatchObject({ imported: 5000, weak: 5000 });
    const [audit] =
      await admin.sql`select count(*)::int as rows from keyctl.audit_log l join keyctl.api_keys k on k.id = l.key_id
      where k.external_id like 'gz-%' and l.action = 'key.imported'`;
    expect(audit?.rows).toBe(5000);
  });

  it('takes plaintext tokens only from a file that nobody else can read (78), digests from any', async () => {
    const text = 'subkey,token\npm-1,sk-live-private-123456\n';
    await file('open.csv', text, 0o644);
    const before = await everything();
    const refused = await imports(['open.csv']);
    expect([refused.code, refused.stdout]).toEqual([78, '']);
    expect(refused.stderr).toMatch(/open\.csv can hold a secret.*\(mode 0644\)/);
    expect(refused.stderr).toContain('chmod 600');
    expect(await everything()).toEqual(before);
    await file(
      'open.ndjson',
      '{"subkey":"pm-0"}\n{"subkey":"pm-1","token":"sk-live-private-123456"}\n',
      0o640,
    );
    expect((await imports(['open.ndjson'])).code).toBe(78);
    expect(await everything()).toEqual(before);
    await file('digests.csv', `subkey,digest\npm-2,sha256:${sha256('sk-live-private-2')}\n`, 0o644);
    expect((await imports(['digests.csv'])).code).toBe(0);
    await chmod(join(folder, 'open.csv'), 0o600);
    expect((await imports(['open.csv'])).code).toBe(0);
  });

  it('reports rows that are here with other data, and changes none of them', async () => {
    const issued = await seedKey(admin, { name: 'issued' });
    const stdin = `subkey,name,token\nco-0,zero,sk-live-conflict-000000\nco-1,one,sk-live-conflict-111111\nco-2,two,sk-live-conflict-222222\nco-3,three,\n`;
    await imports(['-'], { stdin });
    const keys = () => admin.sql`select to_jsonb(k)::text as row from keyctl.api_keys k order by id`;
    const before = await keys();
    const other = `subkey,name,token,status\nco-1,other name,sk-live-conflict-111111,\nco-2,two,sk-live-conflict-333333,\nco-9,nine,sk-live-conflict-000000,\nco-3,three,,revoked\nco-4,mine,${issued.token},\n`;
    const { json, code, stdout } = await imported(['-', '--rejects', `conflicts-${server.name}.ndjson`], {
      stdin: other,
    });
    expect(code).toBe(6);
    expect(json).toMatchObject({ imported: 0, conflicts: 5 });
    expect(json.problems.map((each: { line: number; cause: string }) => [each.line, each.cause])).toEqual([
      [2, 'other_data'],
      [3, 'other_token'],
      [4, 'other_external_id'],
      [5, 'dead_in_file'],
      [6, 'known_key'],
    ]);
    expect(await keys()).toEqual(before);
    const kept = await readFile(join(folder, `conflicts-${server.name}.ndjson`), 'utf8');
    expect(
      kept
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(json.problems);
    expect((await stat(join(folder, `conflicts-${server.name}.ndjson`))).mode & 0o777).toBe(0o600);
    for (const secret of ['sk-live-conflict', issued.token]) expect(kept + stdout).not.toContain(secret);
    expect(
      (await imports(['-', '--rejects', `conflicts-${server.name}.ndjson`], { stdin: other })).code,
    ).toBe(2);
  });

  it('lets a key go its way here: what was changed since its import is ahead of the file', async () => {
    const stdin = 'subkey,name\nah-1,before\n';
    await imports(['-'], { stdin });
    const key = await keyOf('ah-1');
    await run(['revoke', key?.id, '--reason', 'leaked in acme/app', '--yes']);
    expect((await imported(['-'], { stdin })).json).toMatchObject({ unchanged: 1, conflicts: 0 });
  });

  it('links usage that was filed for the external id before', async () => {
    const log = JSON.stringify({
      ts: '2026-01-02T03:04:05Z',
      key: 'stray-sub',
      endpoint: '/v1/me',
      status: 200,
    });
    await run(['audit', 'ingest', '-', '--format', 'ndjson'], { stdin: `${log}\n` });
    await imports(['-'], { stdin: 'subkey\nstray-sub\n' });
    const key = await keyOf('stray-sub');
    const rows = await admin.sql`select endpoint from keyctl.usage_events where key_id = ${key?.id}`;
    expect(rows).toEqual([{ endpoint: '/v1/me' }]);
  });

  it('counts everything and changes nothing with --dry-run', async () => {
    const before = await everything();
    const stdin = `subkey,token,status\ndr-1,sk-live-dry-run-000000,\ndr-2,,gone\n`;
    const { json, code } = await imported(['-', '--dry-run'], { stdin });
    expect(json).toMatchObject({ dry_run: true, imported: 1, weak: 1, rejected: 1, audit_seq: null });
    expect(code).toBe(6);
    expect(await everything()).toEqual(before);
    expect((await run(['keys', 'import', '-', '--dry-run'], { stdin: 'subkey\ndr-1\n' })).stdout).toContain(
      '1 key would be imported',
    );
  });

  it('asks with the counts and the database before it, and does nothing when that is declined (5)', async () => {
    const terminal = { stdout: true, stderr: true };
    const before = await everything();
    const stdin = 'subkey\nas-1\nas-2\n';
    const declined = await run(['keys', 'import', '-'], {
      stdin,
      terminal,
      answers: [['Type 2 to import 2 keys', 'no']],
    });
    expect(declined.code).toBe(5);
    expect(declined.stderr).toContain(`/${database.name} as test_admin`);
    expect(await everything()).toEqual(before);
    const agreed = await run(['keys', 'import', '-'], {
      stdin,
      terminal,
      answers: [['Type 2 to import 2 keys', '2']],
    });
    expect([agreed.code, (await keyOf('as-2'))?.status]).toEqual([0, 'active']);
  });

  it('refuses without --yes where nobody can be asked (5), before anything is opened', async () => {
    const ran = await runCommand(['keys', 'import', 'missing.csv']);
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain('--yes');
  });

  it.each(['test_viewer', 'test_operator', 'test_auditor', 'test_gateway'] as const)(
    'is not for %s (77)',
    async (role) => {
      const before = await everything();
      expect((await imports(['-'], { stdin: 'subkey\nnope-1\n', role })).code).toBe(77);
      expect(await everything()).toEqual(before);
    },
  );

  it('exits 78 for a dry run without a database, 2 for a file that is not there and for a bad format', async () => {
    expect((await runCommand(['keys', 'import', '-', '--dry-run'], { stdin: 'subkey\nx\n' })).code).toBe(78);
    expect((await imports(['missing.csv'])).code).toBe(2);
    expect((await imports(['-', '--format', 'xml'])).code).toBe(2);
  });

  it('exits 69 when the server is away', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const ran = await runCommand(['keys', 'import', '-', '--yes', '--timeout', '1s'], {
      env,
      stdin: 'subkey\nx\n',
    });
    expect(ran.code).toBe(69);
  });

  it('goes on after it was killed in the middle: nothing twice, nothing lost', async () => {
    const rows = Array.from({ length: 1200 }, (_, at) => ({
      line: at + 2,
      key_id: `key_kill${String(at).padStart(8, '0')}`,
      external_id: `kill-${at}`,
      status: 'active',
      settings: { name: `kill ${at}` },
    }));
    const left = '00000000-0000-4000-8000-00000000dead';
    const as = await database.connect('test_admin');
    await as.sql`select keyctl.import_open(${left}::uuid)`;
    await as.sql`select keyctl.import_stage(${left}::uuid, ${JSON.stringify(rows)}::text::jsonb)`;
    await as.sql`select keyctl.import_plan(${left}::uuid, 1200)`;
    const [first] = await as.sql`select keyctl.import_keys(${left}::uuid, '{}', ${left}::uuid) as answer`;
    expect(first?.answer).toEqual({ imported: 500, done: false });
    const stdin = `subkey,name\n${rows.map((row) => `${row.external_id},${row.settings.name}`).join('\n')}\n`;
    expect((await imported(['-'], { stdin })).json).toMatchObject({ imported: 700, unchanged: 500 });
    // What it had planned is there by now, and not made twice.
    const [second] = await as.sql`select keyctl.import_keys(${left}::uuid, '{}', ${left}::uuid) as answer`;
    expect(second?.answer).toEqual({ imported: 500, done: false });
    const [count] =
      await admin.sql`select count(*)::int as keys from keyctl.api_keys where external_id like 'kill-%'`;
    expect(count?.keys).toBe(1200);
  });

  it('makes each key once when two imports of one file run at the same time, and the chain of the audit log holds', async () => {
    const rows = Array.from(
      { length: 1500 },
      (_, at) => `race-${at},${at % 3 === 1 ? `race-${at - 1}` : ''}`,
    );
    const stdin = `subkey,replaces\n${rows.join('\n')}\n`;
    const both = await Promise.all([imported(['-'], { stdin }), imported(['-'], { stdin })]);
    const made = both.reduce((sum, { json }) => sum + json.imported, 0);
    expect(made).toBe(1500);
    for (const { json } of both) {
      expect(json.imported + json.unchanged + json.conflicts).toBe(1500);
      expect(Object.keys(json.conflicts_by_cause).filter((cause) => cause !== 'meanwhile')).toEqual([]);
    }
    const [count] = await admin.sql`select count(*)::int as keys, count(distinct family_id)::int as families
      from keyctl.api_keys where external_id like 'race-%'`;
    expect(count).toEqual({ keys: 1500, families: 1000 });
    expect((await run(['audit', 'verify'], { role: 'test_auditor' })).code).toBe(0);
  });

  it('refuses to take half of the rows for the whole', async () => {
    const as = await database.connect('test_admin');
    const run = '00000000-0000-4000-8000-0000000000ff';
    await as.sql`select keyctl.import_open(${run}::uuid)`;
    await expect(as.sql`select keyctl.import_plan(${run}::uuid, 3)`).rejects.toMatchObject({ code: 'KC409' });
    await expect(admin.sql`select keyctl.import_plan(${run}::uuid, 0)`).rejects.toMatchObject({
      code: 'KC404',
    });
  });
});
