import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { faultsOf } from '../../render/export/ocsf-class.js';
import { storable } from '../../render/export/payloads.js';
import { type FakeOptions, type Ran, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { seedAudit } from '../../support/seed-audit.js';
import { seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';
import { type SeededRotation, seedRotation } from '../../support/seed-rotation.js';

describe.each(servers)('audit export on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let alice: SeededKey;
  let other: SeededKey;
  let rotation: SeededRotation;
  let folder: string;
  let lastSeeded: number;

  const run = (argv: readonly string[], options: FakeOptions = {}): Promise<Ran> =>
    runCommand(['audit', 'export', ...argv], {
      ...{ database, role: 'test_auditor', workingDirectory: folder },
      ...options,
    });
  const lines = async (...argv: string[]): Promise<Record<string, unknown>[]> => {
    const { code, stdout } = await run([...argv, '--format', 'ndjson']);
    expect(code).toBe(0);
    expect(stdout === '' || stdout.endsWith('\n')).toBe(true);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  };
  const recorded = async () =>
    (
      await admin.sql`select seq::int, actor_db, record::jsonb -> 'details' as details from keyctl.audit_log
        where action = 'audit.exported' order by seq desc limit 1`
    )[0];
  const exports = async () =>
    Number(
      (await admin.sql`select count(*)::int as n from keyctl.audit_log where action = 'audit.exported'`)[0]
        ?.n,
    );

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    alice = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.com', userId: 'u-1' });
    other = await seedKey(admin, { name: "o'brien \\ = ,", status: 'revoked' });
    rotation = await seedRotation(admin, { old: alice, reason: 'quarterly, OPS-311' });
    await seedAudit(
      admin,
      storable.map(([, text]) => ({
        ...{ keyId: other.id, reason: text, actorOs: text, actorClaimed: text, host: text, ticket: text },
        details: { text },
      })),
    );
    const [head] = await admin.sql`select seq::int from keyctl.audit_head`;
    lastSeeded = Number(head?.seq);
    await seedEvents(
      admin,
      storable.map(([, text], n) => ({
        ...{
          ts: `2026-0${1 + (n % 3)}-11T09:12:13.5511Z`,
          key_id: n % 2 === 0 ? alice.id : other.id,
          id: `e-${n}`,
        },
        ...{ key_version: 1, method: 'GET', endpoint: text, status: 200, ip_text: text, user_agent: text },
        ...{ bytes: 2 ** 40, latency_ms: 3, tokens: 7, cost_usd: 0.25 },
      })),
    );
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyctl-export-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  afterAll(() => database.drop());

  describe('as NDJSON', () => {
    it('has every row, oldest first, every text as it was, and can be checked by itself', async () => {
      const rows = await lines();
      const stored = await admin.sql`select seq::int, action, key_id, reason, actor_os, host, record,
        to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from keyctl.audit_log
        where seq <= ${rows.length} order by seq`;
      expect(
        rows.map(({ seq, action, key_id, reason, actor_os, host, record, at }) => ({
          ...{ seq, action, key_id, reason, actor_os, host, record, at },
        })),
      ).toEqual([...stored]);
      let last = rows[0]?.prev_hash;
      for (const row of rows) {
        expect(row.prev_hash).toBe(last);
        const sum = createHash('sha256')
          .update(Buffer.from(String(last), 'hex'))
          .update(String(row.record));
        last = sum.digest('hex');
        expect(row.hash).toBe(last);
        const { details, ticket } = JSON.parse(String(row.record));
        expect(row).toMatchObject({ details, ticket });
      }
    });

    it('is written down: by whom, what, how much, and the sum of exactly what was written', async () => {
      const { code, stdout, stderr } = await run(['--action', 'key.revoked', '--format', 'ndjson']);
      expect(code).toBe(0);
      const seqs = stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).seq);
      expect(seqs.length).toBe(1);
      expect(await recorded()).toMatchObject({
        actor_db: 'test_auditor',
        details: {
          ...{
            what: 'audit',
            format: 'ndjson',
            filter: { actions: ['key.revoked'] },
            rows: 1,
            complete: true,
          },
          ...{
            bytes: Buffer.byteLength(stdout),
            sha256: sumOf(stdout),
            first_seq: seqs[0],
            last_seq: seqs[0],
          },
        },
      });
      expect(stderr).toContain('1 row as ndjson');
      expect(stderr).toContain(sumOf(stdout));
    });

    it('says nothing on stderr with --quiet', async () => {
      expect(await run(['--format', 'ndjson', '--quiet', '--until', '2001-01-01'])).toEqual({
        ...{ code: 0, stdout: '', stderr: '' },
      });
    });

    it('narrows by key, family, actor, action and time; everything has to fit', async () => {
      const ids = async (...argv: string[]) => new Set((await lines(...argv)).map((row) => row.key_id));
      expect(await ids('--key', other.id)).toEqual(new Set([other.id]));
      expect(await ids('--family', alice.id)).toEqual(new Set([alice.id]));
      expect((await lines('--actor', '=cmd|" /C calc"!A0')).length).toBe(1);
      expect((await lines('--actor', 'x\\ act\\=key.created')).length).toBe(1);
      expect((await lines('--actor', "' or true or '")).length).toBe(0);
      expect((await lines('--action', 'rotation.*')).map((row) => row.action)).toEqual([
        'rotation.prepared',
        'rotation.activated',
      ]);
      expect(await lines('--since', '2001-01-01', '--until', '2001-01-02')).toEqual([]);
      expect(await lines('--key', alice.id, '--action', 'key.revoked')).toEqual([]);
    });

    it('reaches as far as the head did when it began', async () => {
      await lines();
      const { details } = (await recorded()) as { details: { last_seq: number } };
      const [head] = await admin.sql`select seq::int from keyctl.audit_head`;
      expect(details.last_seq).toBe(Number(head?.seq) - 1);
    });
  });

  it('--type key_rotation tells when, which key by which, who and why', async () => {
    const [row, ...more] = await lines('--type', 'key_rotation');
    expect(more).toEqual([]);
    const [keys] =
      await admin.sql`select o.fingerprint as old, n.fingerprint as new from keyctl.keys o, keyctl.keys n
      where o.id = ${alice.id} and n.id = ${rotation.newId}`;
    expect(row).toMatchObject({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      ...{ rotation_id: rotation.id, old_key_id: alice.id, new_key_id: rotation.newId },
      ...{ old_fingerprint: keys?.old, new_fingerprint: keys?.new, actor_db: 'postgres', actor_os: 'test' },
      reason: 'quarterly, OPS-311',
    });
    const csv = await run(['--type', 'key_rotation', '--format', 'csv']);
    expect(csv.stdout.split('\r\n')[0]).toMatch(
      /^timestamp,rotation_id,old_key_id,old_fingerprint,new_key_id,/,
    );
    expect(csv.stdout.split('\r\n')[1]).toContain('"quarterly, OPS-311"');
    const cef = await run(['--type', 'key_rotation', '--format', 'cef']);
    expect(cef.stdout).toContain(`cs3=${rotation.newId} `);
    expect(await recorded()).toMatchObject({ details: { what: 'key_rotation', format: 'cef', rows: 1 } });
  });

  it('as OCSF every row is an event of the class, and the halves of a rotation share their correlation', async () => {
    const { code, stdout } = await run(['--format', 'ocsf']);
    expect(code).toBe(0);
    const events = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(events.length).toBeGreaterThan(storable.length);
    for (const event of events) expect(faultsOf(event)).toEqual([]);
    expect(new Set(events.map((event) => event.metadata.uid)).size).toBe(events.length);
    const halves = events.filter((event) => event.metadata.correlation_uid === rotation.id);
    expect(halves.map((event) => event.metadata.event_code)).toEqual([
      'rotation.prepared',
      'rotation.activated',
    ]);
    expect(halves.map((event) => event.entity.uid)).toEqual([rotation.newId, alice.id]);
    const [keys] = await admin.sql`select fingerprint from keyctl.keys where id = ${rotation.newId}`;
    expect(halves[0].entity.data).toEqual({ fingerprint: keys?.fingerprint, replaces: alice.id });
    expect(halves[1].entity_result).toMatchObject({ uid: rotation.newId });
  });

  it('as CEF and CSV every row is one line, whatever stands in it', async () => {
    const rows = await lines('--key', other.id);
    const cef = (await run(['--key', other.id, '--format', 'cef'])).stdout.split('\n').slice(0, -1);
    expect(cef.length).toBe(rows.length);
    for (const line of cef)
      expect(line).toMatch(/^CEF:0\|keyctl\|keyctl\|0\.0\.0-test\|key\.\w+\|key \w+\|\d\|rt=\d+ /);
    const csv = (await run(['--key', other.id, '--format', 'csv'])).stdout.split('\r\n').slice(1, -1);
    expect(csv.map((line) => line.split(',')[0])).toEqual(rows.map((row) => String(row.seq)));
  });

  it('--usage has every event as the table has it', async () => {
    const events = await lines('--usage');
    const stored =
      await admin.sql`select to_char(ts at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ts, key_id, id, endpoint,
      ip_text as ip, user_agent, bytes::float8 as bytes, cost_usd::float8 as cost_usd, model from keyctl.usage_events order by id`;
    expect(
      events
        .map(({ ts, key_id, id, endpoint, ip, user_agent, bytes, cost_usd, model }) => ({
          ...{ ts, key_id, id, endpoint, ip, user_agent, bytes, cost_usd, model },
        }))
        .toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1)),
    ).toEqual([...stored].toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1)));
    expect(Object.keys(events[0] ?? {})).toEqual([
      ...['ts', 'key_id', 'id', 'key_version', 'method', 'endpoint', 'object', 'feature', 'status', 'ip'],
      ...['user_agent', 'bytes', 'latency_ms', 'tokens', 'cost_usd', 'model', 'request_id'],
    ]);
    const ofAlice = await lines(
      '--usage',
      '--key',
      alice.id,
      '--since',
      '2026-02-01',
      '--until',
      '2026-03-01',
    );
    expect(new Set(ofAlice.map((event) => event.key_id))).toEqual(new Set([alice.id]));
    expect(new Set(ofAlice.map((event) => String(event.ts).slice(0, 7)))).toEqual(new Set(['2026-02']));
    expect(await recorded()).toMatchObject({
      details: {
        what: 'usage',
        filter: { key_id: alice.id, since: '2026-02-01T00:00:00.000Z' },
        first_seq: null,
      },
    });
    const csv = (await run(['--usage', '--format', 'csv'])).stdout.split('\r\n');
    expect(csv.length).toBe(events.length + 2);
  });

  it('--lookup is the table that a SIEM joins with its logs', async () => {
    const keys = await lines('--lookup');
    expect(keys.map((key) => key.key_id).toSorted()).toEqual([alice.id, other.id, rotation.newId].toSorted());
    expect(keys.find((key) => key.key_id === alice.id)).toEqual({
      ...{
        key_id: alice.id,
        fingerprint: expect.stringMatching(/^sha256:[0-9a-f]{16}$/),
        name: 'alice-prod',
      },
      ...{ version: 1, user_id: 'u-1', email: 'alice@example.com', friendly_name: null, status: 'retiring' },
      ...{ replaced_by: rotation.newId, revoked_at: null },
    });
    expect(keys.find((key) => key.key_id === other.id)).toMatchObject({
      ...{ name: "o'brien \\ = ,", status: 'revoked', revoked_at: expect.stringMatching(/Z$/) },
    });
    expect((await lines('--lookup', '--family', alice.id)).length).toBe(2);
    expect((await lines('--lookup', '--key', other.id)).length).toBe(1);
  });

  describe('into a file', () => {
    const out = (name: string) => join(folder, name);

    it('writes it whole, 0600, with a manifest that describes it, and nothing beside', async () => {
      const { code, stdout } = await run([
        '--format',
        'ndjson',
        '--out',
        'audit.ndjson',
        '--json',
        '--actor',
        "o'x",
      ]);
      expect(code).toBe(0);
      const text = await readFile(out('audit.ndjson'));
      const manifest = JSON.parse(await readFile(out('audit.ndjson.manifest.json'), 'utf8'));
      const [ground] =
        await admin.sql`select i.database_id::text as id, encode(a.prev_hash, 'hex') as head, a.seq::int
        from keyctl.installation i, keyctl.audit_log a order by a.seq desc limit 1`;
      const record = {
        ...{
          what: 'audit',
          format: 'ndjson',
          filter: { actor: "o'x" },
          rows: 0,
          bytes: 0,
          sha256: sumOf(text),
        },
        ...{ first_seq: null, last_seq: null, head_seq: Number(ground?.seq) - 1, head: ground?.head },
        ...{ database_id: ground?.id, created_at: expect.any(String), audit_seq: Number(ground?.seq) },
      };
      expect(manifest).toEqual({
        ...{ file: 'audit.ndjson', ...record, keyctl: '0.0.0-test' },
        command: "keyctl audit export --actor 'o'\\''x' --format ndjson",
      });
      expect(JSON.parse(stdout)).toEqual({
        ...{ file: 'audit.ndjson', manifest: 'audit.ndjson.manifest.json', ...record },
      });
      expect((await readdir(folder)).toSorted()).toEqual(['audit.ndjson', 'audit.ndjson.manifest.json']);
      for (const name of await readdir(folder)) expect((await stat(out(name))).mode & 0o777).toBe(0o600);
    });

    it('has the same bytes as on stdout, and says how they are checked', async () => {
      const argv = ['--usage', '--format', 'csv'];
      const { stdout } = await run([...argv, '--out', 'usage.csv']);
      const text = await readFile(out('usage.csv'), 'utf8');
      expect(text).toBe((await run(argv)).stdout);
      expect(stdout).toContain(`${storable.length} events as csv`);
      expect(stdout).toContain(`sha256  ${sumOf(text)}`);
      expect((await readdir(folder)).length).toBe(2);
    });

    it.each(['a file', 'a symbolic link', 'a manifest'])('refuses %s that is there already', async (kind) => {
      if (kind === 'a symbolic link') await symlink('elsewhere', out('x'));
      else await writeFile(out(kind === 'a file' ? 'x' : 'x.manifest.json'), 'mine');
      const before = await exports();
      const names = await readdir(folder);
      const { code, stdout, stderr } = await run(['--format', 'ndjson', '--out', 'x']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^keyctl: --out: x(\.manifest\.json)? is there already/);
      expect(stderr).toContain('--force');
      expect(await readdir(folder)).toEqual(names);
      expect(await exports()).toBe(before);
    });

    it('replaces both with --force', async () => {
      await writeFile(out('x'), 'mine');
      await writeFile(out('x.manifest.json'), 'mine');
      expect((await run(['--lookup', '--format', 'csv', '--out', 'x', '--force'])).code).toBe(0);
      const { sha256 } = JSON.parse(await readFile(out('x.manifest.json'), 'utf8'));
      expect(sumOf(await readFile(out('x')))).toBe(sha256);
      expect((await readdir(folder)).length).toBe(2);
    });

    it('refuses a directory that is not there', async () => {
      const { code, stderr } = await run(['--format', 'ndjson', '--out', 'no/such/x']);
      expect(code).toBe(2);
      expect(stderr).toContain('--out: no/such/x cannot be written (ENOENT)');
    });
  });

  describe('who may', () => {
    it.each(['test_auditor', 'test_operator', 'test_admin'] as const)('%s', async (role) => {
      const { code } = await run(['--format', 'ndjson', '--until', '2001-01-01'], { role });
      expect(code).toBe(0);
      expect(await recorded()).toMatchObject({ actor_db: role });
    });

    it('a viewer not: 77, and not a byte leaves', async () => {
      const before = await exports();
      const { code, stdout, stderr } = await run(['--format', 'ndjson', '--out', 'x'], {
        role: 'test_viewer',
      });
      expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
      expect(stderr).toContain('an export needs keyctl_auditor or keyctl_operator');
      expect(await readdir(folder)).toEqual([]);
      expect(await exports()).toBe(before);
    });

    it('nor a gateway', async () => {
      expect(await run(['--format', 'ndjson'], { role: 'test_gateway' })).toMatchObject({
        code: 77,
        stdout: '',
      });
    });
  });

  it('a key that is not there is 3, and nothing is written down', async () => {
    const before = await exports();
    expect(await run(['--key', 'key_000000000000', '--format', 'ndjson'])).toMatchObject({
      code: 3,
      stdout: '',
    });
    expect(await exports()).toBe(before);
  });

  it('a token that was typed is written down nowhere', async () => {
    const argv = ['--key', alice.token, '--actor', alice.token, '--format', 'ndjson', '--out', 'x'];
    const { code, stderr } = await run(argv);
    expect(code).toBe(0);
    const manifest = await readFile(join(folder, 'x.manifest.json'), 'utf8');
    expect(manifest).toContain(alice.id);
    for (const text of [manifest, stderr, JSON.stringify(await recorded())])
      expect(text).not.toContain(alice.token);
  });

  it('rows that are added meanwhile are left to the next export', async () => {
    expect((await lines()).slice(0, lastSeeded).map((row) => row.seq)).toEqual(
      Array.from({ length: lastSeeded }, (_, n) => n + 1),
    );
  });
});

describe('audit export refuses with 2, and opens nothing', () => {
  it.each<[said: string, ...argv: string[]]>([
    ['--format: in which form?'],
    ["option '--format <format>' argument 'xml' is invalid", '--format', 'xml'],
    ["option '--type <type>' argument 'x' is invalid", '--format', 'csv', '--type', 'x'],
    ['--lookup: is the table of keys', '--format', 'csv', '--usage', '--lookup'],
    ['--type: narrows the audit log', '--format', 'csv', '--usage', '--type', 'key_rotation'],
    ['--action: narrows the audit log', '--format', 'csv', '--lookup', '--action', 'key.revoked'],
    ['--actor: narrows the audit log', '--format', 'csv', '--usage', '--actor', 'x'],
    ['--action: --type key_rotation', '--format', 'csv', '--type', 'key_rotation', '--action', 'key.*'],
    ['--action: "revoked" has not the form', '--format', 'csv', '--action', 'revoked'],
    ['--since: --lookup says what is true now', '--format', 'csv', '--lookup', '--since', '1d'],
    ['--until: is not after --since', '--format', 'csv', '--since', '1d', '--until', '2d'],
    ['--format: ocsf is for the audit log', '--format', 'ocsf', '--usage'],
    ['--format: cef is for the audit log', '--format', 'cef', '--lookup'],
    ['--force: replaces the file of --out', '--format', 'csv', '--force'],
    ['--output: is the form of the record', '--format', 'csv', '-o', 'json'],
    [
      "option '--key <key>' cannot be used with option '--family <key>'",
      '--format',
      'csv',
      '--key',
      'a',
      '--family',
      'b',
    ],
  ])('%s', async (said, ...argv) => {
    const { code, stdout, stderr } = await runCommand(['audit', 'export', ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('DATABASE_URL');
  });
});

function sumOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}
