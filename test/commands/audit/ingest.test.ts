import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { forgedToken } from '../../support/forged-token.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { auditOf, type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let folder: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  folder = await mkdtemp(join(tmpdir(), 'keyctl-ingest-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

const ingest = (argv: readonly string[], options: FakeOptions = {}) =>
  runCommand(['audit', 'ingest', ...argv], {
    database,
    role: 'test_operator',
    workingDirectory: folder,
    ...options,
  });

async function ingested(argv: readonly string[], options: FakeOptions = {}) {
  const ran = await ingest([...argv, '--json'], options);
  return { ...ran, json: JSON.parse(ran.stdout) };
}

const file = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);

let days = 0;
/** Log lines of a day of their own, one second apart, so that tests do not meet. */
function lines(events: readonly object[]): string {
  const day = Date.UTC(2024, 0, 1) + ++days * 86_400_000;
  return events
    .map((event, at) => `${JSON.stringify({ ts: new Date(day + at * 1000).toISOString(), ...event })}\n`)
    .join('');
}

/** What is stored of a key, oldest first. */
async function stored(keyId: string) {
  return await admin.sql`select endpoint, status, ip_text, request_id, id, key_version, user_agent
    from keyctl.usage_events where key_id = ${keyId} order by ts, endpoint, id`;
}

async function audited(action: string, operationId: string) {
  return await admin.sql`select key_id, actor_db, actor_os, record::jsonb as record from keyctl.audit_log
    where action = ${action} and operation_id = ${operationId} order by seq`;
}

describe('audit ingest', () => {
  it('files what an independent count of the same lines finds, and says so in JSON', async () => {
    const key = await seedKey(admin);
    const events = Array.from({ length: 1000 }, (_, n) => ({
      ...{ key: key.id, endpoint: `/v1/${'abc'[n % 3]}?page=${n}`, status: n % 7 === 0 ? 403 : 200 },
      ...{ ip: `203.0.113.${n % 11}`, bytes: n, request_id: `count-${n}`, method: 'GET' },
    }));
    await file('count.ndjson', lines(events));
    const { json, code, stderr } = await ingested(['count.ndjson', '--format', 'ndjson']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(json).toEqual({
      operation_id: expect.any(String),
      source: 'count.ndjson',
      complete: true,
      dry_run: false,
      events: 1000,
      duplicates: 0,
      stray: 0,
      rejected: 0,
      rejected_by_cause: {},
      keys_adopted: 0,
      first_at: expect.stringMatching(/T00:00:00.000Z$/),
      last_at: expect.stringMatching(/T00:16:39.000Z$/),
      exposed: [],
      audit_seq: expect.any(Number),
      incidents_reopened: [],
      incidents_attempted: [],
    });
    const counted = new Map<string, { requests: number; ips: Set<string>; errors: number; bytes: number }>();
    for (const event of events) {
      const path = event.endpoint.split('?')[0] as string;
      const count = counted.get(path) ?? { requests: 0, ips: new Set(), errors: 0, bytes: 0 };
      count.requests++;
      count.ips.add(event.ip);
      count.errors += event.status >= 400 ? 1 : 0;
      count.bytes += event.bytes;
      counted.set(path, count);
    }
    const rows =
      await admin.sql`select endpoint, count(*)::int as requests, count(distinct ip_text)::int as ips,
      count(*) filter (where status >= 400)::int as errors, sum(bytes)::int as bytes
      from keyctl.usage_events where key_id = ${key.id} group by endpoint`;
    expect(Object.fromEntries(rows.map(({ endpoint, ...count }) => [endpoint, count]))).toEqual(
      Object.fromEntries([...counted].map(([path, count]) => [path, { ...count, ips: count.ips.size }])),
    );
  });

  it('leaves its audit row, with the counts and who it was', async () => {
    const key = await seedKey(admin);
    await file('audited.ndjson', `${lines([{ key: key.id }])}nonsense\n`);
    const { json } = await ingested(['audited.ndjson'], { user: { name: 'oncall', uid: 7 } });
    expect(await audited('db.ingested', json.operation_id)).toMatchObject([
      {
        ...{ key_id: null, actor_db: 'test_operator', actor_os: 'oncall' },
        record: {
          seq: json.audit_seq,
          answer: { events: 1, source: 'audited.ndjson', complete: true, rejected_by_cause: { bad_json: 1 } },
        },
      },
    ]);
  });

  it('adds nothing when the log comes again, and only what is new when it has grown', async () => {
    const key = await seedKey(admin);
    const log = lines([
      { key: key.id, request_id: 'r-1' },
      { key: key.id, endpoint: '/no/request/id' },
    ]);
    await file('again.ndjson', log);
    expect((await ingested(['again.ndjson'])).json).toMatchObject({ events: 2, duplicates: 0 });
    expect((await ingested(['again.ndjson'])).json).toMatchObject({ events: 0, duplicates: 2 });
    await file('again.ndjson', `${log}${lines([{ key: key.id }])}`);
    expect((await ingested(['again.ndjson'])).json).toMatchObject({ events: 1, duplicates: 2 });
    expect(await stored(key.id)).toHaveLength(3);
  });

  it('takes equal lines for different events, and an equal request id with all else equal for the same', async () => {
    const key = await seedKey(admin);
    const [equal = ''] = lines([{ key: key.id, endpoint: '/equal' }]).split('\n');
    const [same = ''] = lines([{ key: key.id, endpoint: '/same', request_id: 'same' }]).split('\n');
    await file('equal.ndjson', [equal, equal, same, same, equal].join('\n'));
    expect((await ingested(['equal.ndjson'])).json).toMatchObject({ events: 4, duplicates: 1 });
    expect((await ingested(['equal.ndjson'])).json).toMatchObject({ events: 0, duplicates: 5 });
    expect((await stored(key.id)).map((row) => row.endpoint)).toEqual([
      '/equal',
      '/equal',
      '/equal',
      '/same',
    ]);
  });

  it('lets nobody hide requests behind one request id', async () => {
    const key = await seedKey(admin);
    const [first = '', other = '', third = ''] = ['/a', '/b', '/c'].map((endpoint) =>
      JSON.stringify({ ts: '2023-05-05T05:05:05Z', key: key.id, request_id: 'mine', endpoint, status: 200 }),
    );
    const more = JSON.stringify({ ...JSON.parse(first), bytes: 7 });
    await file('hidden.ndjson', [first, other, first].join('\n'));
    expect((await ingested(['hidden.ndjson'])).json).toMatchObject({ events: 2, duplicates: 1 });
    // In another order, with more said about the first one, and with one more.
    await file('hidden.ndjson', [third, other, more].join('\n'));
    expect((await ingested(['hidden.ndjson'])).json).toMatchObject({ events: 1, duplicates: 2 });
    const rows = await stored(key.id);
    expect(rows.map((row) => [row.endpoint, row.request_id])).toEqual([
      ['/a', 'mine'],
      ['/b', 'mine'],
      ['/c', 'mine'],
    ]);
    expect(rows[0]?.id).toBe('mine');
    expect(rows[1]?.id).toMatch(/^mine~[0-9a-f]{16}$/);
  });

  it('finds the key by id, external id, fingerprint, name and token, whole or cut', async () => {
    const key = await seedKey(admin, { name: 'by any name', status: 'retiring' });
    const next = await seedKey(admin, { name: 'by any name (rotated)', family: key });
    await admin.sql`update keyctl.api_keys set external_id = 'EXT-1' where id = ${key.id}`;
    const [row] = await admin.sql`select fingerprint from keyctl.api_keys where id = ${key.id}`;
    const names = [key.id, 'EXT-1', row?.fingerprint, key.redacted, key.token, 'by any name'];
    await file('names.ndjson', lines(names.map((name) => ({ key: name }))));
    expect((await ingested(['names.ndjson'])).json).toMatchObject({ events: 6, stray: 0 });
    expect(await stored(key.id)).toHaveLength(5);
    // A name means its family's newest key, and the event tells its version.
    expect(await stored(next.id)).toMatchObject([{ key_version: 2 }]);
  });

  it('moves the last use forward by what was accepted, and never back', async () => {
    const key = await seedKey(admin);
    const log = lines([{ key: key.id, status: 200 }, { key: key.id }, { key: key.id, status: 401 }]);
    const second = JSON.parse(log.split('\n')[1] ?? '{}').ts;
    await file('use.ndjson', log);
    await ingested(['use.ndjson']);
    const lastUse = async () =>
      (await admin.sql`select to_json(last_used_at) as at from keyctl.api_keys where id = ${key.id}`)[0]?.at;
    expect(await lastUse()).toBe(second.replace('.000Z', '+00:00'));
    await file('use.ndjson', JSON.stringify({ ts: '2001-01-01T00:00:00Z', key: key.id }));
    await ingested(['use.ndjson']);
    expect(await lastUse()).toBe(second.replace('.000Z', '+00:00'));
  });

  it('makes partitions for any day from 2000 to tomorrow, and refuses the days around', async () => {
    const key = await seedKey(admin);
    const now = new Date('2026-11-21T09:30:00Z');
    const times = [
      '1999-12-31T23:59:59Z',
      '2000-01-01T00:00:00Z',
      '2011-06-06T00:00:00Z',
      '2026-11-22T23:59:59Z',
      '2026-11-23T00:00:00Z',
    ];
    await file('days.ndjson', times.map((ts) => JSON.stringify({ ts, key: key.id })).join('\n'));
    const { json, code } = await ingested(['days.ndjson'], { now });
    expect(code).toBe(6);
    expect(json).toMatchObject({ events: 3, rejected_by_cause: { time_out_of_range: 2 } });
  });

  it('reads gzip by its first bytes, several members too, and stdin', async () => {
    const key = await seedKey(admin);
    const parts = [lines([{ key: key.id }]), lines([{ key: key.id }])].map((text) => gzipSync(text));
    await file('plain-name.log', Buffer.concat(parts));
    expect((await ingested(['plain-name.log'])).json).toMatchObject({ events: 2 });
    const { json } = await ingested(['-'], { stdin: Buffer.concat(parts) });
    expect(json).toMatchObject({ source: 'stdin', events: 0, duplicates: 2 });
  });

  it('files what came before a gzip stream broke off, and exits 6', async () => {
    const key = await seedKey(admin);
    const whole = gzipSync(
      lines(Array.from({ length: 20_000 }, (_, n) => ({ key: key.id, request_id: `g${n}` }))),
    );
    await file('broken.gz', whole.subarray(0, whole.length / 2));
    const { json, code } = await ingested(['broken.gz', '--format', 'ndjson']);
    expect(code).toBe(6);
    expect(json).toMatchObject({ complete: false, rejected_by_cause: { broken_input: 1 } });
    expect(json.events).toBeGreaterThan(1000);
    expect(await stored(key.id)).toHaveLength(json.events);
    await file('broken.gz', whole);
    const { json: again } = await ingested(['broken.gz', '--format', 'ndjson']);
    expect(again).toMatchObject({ complete: true, events: 20_000 - json.events, duplicates: json.events });
  });

  it('is fit for an empty log', async () => {
    await file('empty.log', '');
    expect(await ingested(['empty.log'])).toMatchObject({
      code: 0,
      json: { events: 0, first_at: null, rejected: 0 },
    });
  });

  it('reads access logs, by the client where they name no keys', async () => {
    const line = (host: string, path: string, status: number) =>
      `${host} - - [20/Aug/2026:03:12:09 +0000] "GET ${path} HTTP/1.1" ${status} 5 "-" "curl/8.5.0 (\\"x\\")"\n`;
    const log = [
      line('192.0.2.1', '/a?x=1', 200),
      line('192.0.2.1', '/a', 200),
      line('192.0.2.1', '/a', 200),
      line('2001:db8::7', '/b', 404),
      'nonsense\n',
    ].join('');
    await file('access.log', log);
    const { json, code } = await ingested([
      'access.log',
      '--format',
      'combined',
      '--key-field',
      'client',
      '--adopt',
    ]);
    expect(code).toBe(6);
    expect(json).toMatchObject({ events: 3, stray: 1, keys_adopted: 1, rejected_by_cause: { bad_line: 1 } });
    const [key] = await admin.sql`select id from keyctl.api_keys where external_id = '192.0.2.1'`;
    expect((await stored(key?.id)).map((row) => [row.endpoint, row.user_agent])).toEqual(
      Array(3).fill(['/a', 'curl/8.5.0 (\\"x\\")']),
    );
    const { json: noUsers } = await ingested(['access.log']);
    expect(noUsers).toMatchObject({ events: 0, rejected_by_cause: { no_key: 4, bad_line: 1 } });
  });

  it('reads CloudTrail', async () => {
    const record = {
      ...{
        eventTime: '2026-08-20T03:12:09Z',
        eventSource: 'ec2.amazonaws.com',
        eventName: 'GetPasswordData',
      },
      ...{
        sourceIPAddress: 'AWS Internal',
        requestID: 'ct-1',
        userIdentity: { accessKeyId: 'AKIAEXAMPLE1' },
      },
    };
    await file(
      'trail.json',
      JSON.stringify({ Records: [record, { ...record, requestID: 'ct-2', errorCode: 'AccessDenied' }] }),
    );
    expect((await ingested(['trail.json', '--adopt'])).json).toMatchObject({ events: 2, keys_adopted: 1 });
    const [key] = await admin.sql`select id from keyctl.api_keys where external_id = 'AKIAEXAMPLE1'`;
    expect(await stored(key?.id)).toMatchObject([
      { endpoint: '/ec2/GetPasswordData', status: 200, ip_text: 'AWS Internal', request_id: 'ct-1' },
      { endpoint: '/ec2/GetPasswordData', status: 403, ip_text: 'AWS Internal', request_id: 'ct-2' },
    ]);
  });
});

describe('audit ingest --adopt', () => {
  it('registers unknown names that were accepted at least once, each with its audit row', async () => {
    await file(
      'adopt.ndjson',
      lines([
        { key: 'adopt-me', status: 401 },
        { key: 'adopt-me', status: 200 },
        { key: 'only-refused', status: 403 },
        { key: 'no-status' },
        { key: `key_${'0'.repeat(12)}`, status: 200 },
        { key: 'n'.repeat(201), status: 200 },
      ]),
    );
    const { json } = await ingested(['adopt.ndjson', '--adopt']);
    expect(json).toMatchObject({ events: 2, stray: 4, keys_adopted: 1 });
    const [key] = await admin.sql`select id, name, origin, status, verifiable, created_by from keyctl.keys
      where external_id = 'adopt-me'`;
    expect(key).toMatchObject({
      name: 'adopt-me',
      origin: 'adopted',
      status: 'active',
      verifiable: false,
      created_by: 'test_operator',
    });
    expect(await audited('key.imported', json.operation_id)).toMatchObject([
      { key_id: key?.id, record: { details: { origin: 'adopted', external_id: 'adopt-me' } } },
    ]);
  });

  it('links what came before as strays', async () => {
    await file(
      'stray.ndjson',
      lines([
        { key: 'later', status: 403 },
        { key: 'later', status: 200 },
      ]),
    );
    expect((await ingested(['stray.ndjson'])).json).toMatchObject({ events: 0, stray: 2, keys_adopted: 0 });
    expect((await ingested(['stray.ndjson', '--adopt'])).json).toMatchObject({
      events: 0,
      duplicates: 2,
      keys_adopted: 1,
    });
    const [key] = await admin.sql`select id from keyctl.api_keys where external_id = 'later'`;
    expect(await stored(key?.id)).toHaveLength(2);
    expect(await admin.sql`select 1 from keyctl.stray_events where presented = 'later'`).toHaveLength(0);
  });

  it('makes no third key out of a name that two families share', async () => {
    await seedKey(admin, { name: 'shared name' });
    await seedKey(admin, { name: 'shared name' });
    await file('shared.ndjson', lines([{ key: 'shared name', status: 200 }]));
    expect((await ingested(['shared.ndjson', '--adopt'])).json).toMatchObject({ stray: 1, keys_adopted: 0 });
  });

  it('registers more names than one statement takes', async () => {
    await file(
      'many.ndjson',
      lines(Array.from({ length: 1203 }, (_, n) => ({ key: `many-${n}`, status: 200 }))),
    );
    expect((await ingested(['many.ndjson', '--adopt'])).json).toMatchObject({
      events: 1203,
      stray: 0,
      keys_adopted: 1203,
    });
  });

  it('takes hostile names as they are', async () => {
    const name = '\x1b]52;c;aGk=\x07\u202e=1+1\n\t"\'\\; drop table keyctl.api_keys; --';
    await file('hostile.ndjson', lines([{ key: name, status: 200, endpoint: name }]));
    expect((await ingested(['hostile.ndjson', '--adopt'])).json).toMatchObject({
      events: 1,
      keys_adopted: 1,
    });
    const [key] = await admin.sql`select id from keyctl.api_keys where external_id = ${name}`;
    expect(await stored(key?.id)).toMatchObject([{ endpoint: name }]);
  });
});

describe('audit ingest --rejects', () => {
  const bad = 'nonsense\n{"ts":"2024-01-01T00:00:00Z"}\n\xff\xfe\r\n{"key":"k"}';

  it('keeps the lines as they came, for their owner alone, and exits 6', async () => {
    await file('bad.log', Buffer.from(`${bad}\n`, 'latin1'));
    const { json, code } = await ingested(['bad.log', '--format', 'ndjson', '--rejects', 'rejects']);
    expect(code).toBe(6);
    expect(json).toMatchObject({
      events: 0,
      rejected: 4,
      rejected_by_cause: { bad_json: 1, no_key: 1, bad_utf8: 1, no_time: 1 },
    });
    expect((await stat(join(folder, 'rejects'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(folder, 'rejects'))).toString('latin1')).toBe(`${bad.replace('\r', '')}\n`);
  });

  it('writes over nothing and follows no link', async () => {
    const key = await seedKey(admin);
    await file('fine.ndjson', lines([{ key: key.id }]));
    await file('precious', 'precious');
    await symlink(join(folder, 'elsewhere'), join(folder, 'link'));
    for (const target of ['precious', 'link', 'no/such/folder']) {
      const { code, stdout, stderr } = await ingest(['fine.ndjson', '--rejects', target]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('--rejects:');
    }
    expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('precious');
    expect(await stored(key.id)).toHaveLength(0);
  });

  it('leaves no empty file behind', async () => {
    const key = await seedKey(admin);
    await file('all-good.ndjson', lines([{ key: key.id }]));
    expect((await ingest(['all-good.ndjson', '--rejects', 'none'])).code).toBe(0);
    await expect(stat(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });

  it('goes on after lines that are no text at all', async () => {
    const key = await seedKey(admin);
    const noise = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 7919) % 256));
    const long = Buffer.alloc(3 * 1024 * 1024, 'x');
    await file(
      'noise.log',
      Buffer.concat([noise, Buffer.from('\n'), long, Buffer.from(`\n${lines([{ key: key.id }])}`)]),
    );
    const { json, code } = await ingested(['noise.log', '--format', 'ndjson']);
    expect(code).toBe(6);
    expect(json).toMatchObject({ events: 1, rejected_by_cause: { too_long: 1 } });
  });
});

describe('a token of ours in a log', () => {
  let key: SeededKey;
  let other: SeededKey;
  beforeAll(async () => {
    key = await seedKey(admin, { prefix: 'fie_alice', name: 'alice-prod' });
    other = await seedKey(admin, { name: 'bob-ci' });
  });

  it('is never stored, and its key is reported once a run, in the audit log and to people', async () => {
    await file(
      'exposed.ndjson',
      `${lines([
        { key: key.id, user_agent: `curl ${key.token}`, endpoint: `/x/${key.token}` },
        { key: key.token, request_id: key.token },
        { key: other.id, note: forgedToken(other.token) },
      ])}${key.token} is no JSON\n`,
    );
    const { json, stdout } = await ingested(['exposed.ndjson', '--rejects', 'exposed.rejects']);
    expect(json.exposed).toEqual([{ key_id: key.id, name: 'alice-prod', status: 'active', times: 5 }]);
    expect(await audited('key.exposed', json.operation_id)).toMatchObject([
      { key_id: key.id, record: { details: { where: 'exposed.ndjson', times: 5 } } },
    ]);
    // Somebody made a text with the right locator and another secret: that exposes nothing.
    expect((await auditOf(admin, other.id)).map((row) => row.action)).not.toContain('key.exposed');
    const [dump] = await admin.sql`select string_agg(e::text, '') as text from keyctl.usage_events e`;
    const rejects = await readFile(join(folder, 'exposed.rejects'), 'utf8');
    for (const text of [dump?.text, rejects, stdout]) expect(text).not.toContain(key.token.slice(-50));
    expect(rejects).toBe(`${key.redacted} is no JSON\n`);

    const shown = await ingest(['exposed.ndjson']);
    expect(shown.stderr).toContain(`  next  keyctl revoke ${key.id} --code leaked`);
    expect(await ingest(['exposed.ndjson', '-o', 'ids'])).toMatchObject({ stdout: `${key.id}\n` });
  });
});

describe('audit ingest --dry-run', () => {
  it('counts without a database, and changes nothing', async () => {
    await file('dry.ndjson', `${lines([{ key: 'a', status: 200 }, { key: 'b' }])}nonsense\n`);
    const before = await admin.sql`select count(*) as rows from keyctl.stray_events`;
    const ran = await runCommand(['audit', 'ingest', 'dry.ndjson', '--dry-run', '--adopt', '--json'], {
      workingDirectory: folder,
    });
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ...{ dry_run: true, events: 2, duplicates: null, stray: null, keys_adopted: null, audit_seq: null },
      ...{ rejected: 1, first_at: expect.any(String), last_at: expect.any(String) },
    });
    expect(await admin.sql`select count(*) as rows from keyctl.stray_events`).toEqual(before);
  });
});

describe('bad usage', () => {
  beforeAll(async () => {
    await file('some.ndjson', lines([{ key: 'x' }]));
    await file('unsure.log', 'Aug 20 03:12:09 host sshd[1]: Accepted publickey for root\n');
    await file('packed.zst', Buffer.from('28b52ffd0000', 'hex'));
  });

  it.each([
    [['absent.log'], 'absent.log: there is no such file'],
    [['.'], '.: is a directory'],
    [[], "missing required argument 'file'"],
    [['unsure.log'], '--format:'],
    [['packed.zst'], 'zstdcat packed.zst |'],
    [['some.ndjson', '--format', 'csv'], "'--format <format>' argument 'csv' is invalid"],
    [['some.ndjson', '--key-field', 'user'], '--key-field:'],
    [['unsure.log', '--format', 'combined', '--key-field', 'agent'], '--key-field:'],
    [['some.ndjson', '--operation-id', 'x'], '--operation-id:'],
  ])('%j ends with 2, and opens no database', async (argv, words) => {
    const { code, stdout, stderr } = await ingest(argv, {
      env: { DATABASE_URL: 'postgres://nobody@192.0.2.1/x' },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });

  it('does not wait for somebody to type a log', async () => {
    const { code, stderr } = await ingest(['-', '--format', 'ndjson'], { terminal: true });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('stdin is a terminal'),
    });
  });

  it('says which role is missing', async () => {
    const { code, stderr } = await ingest(['some.ndjson'], { role: 'test_viewer' });
    expect(code).toBe(77);
    expect(stderr).toContain('keyctl_operator');
  });
});

describe('what people see', () => {
  it('fits 80 columns, and nothing in it acts on the terminal', async () => {
    const key = await seedKey(admin, { name: `\x1b]52;c;aGk=\x07\u202e${'long '.repeat(30)}` });
    const name = '\x1b[2J.log';
    await file(name, `${lines([{ key: key.token }, { key: 'stranger' }])}nonsense\n`);
    const { stdout, stderr, code } = await ingest([name]);
    expect(code).toBe(6);
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
    expect(stdout).toContain('✓ 1 event filed from \\x1b[2J.log');
    expect(stdout).toContain('1 stray');
    expect(stdout).toContain('● 1 line rejected');
    expect(stderr).toContain('--rejects FILE keeps');
    expect(stderr).toContain('--adopt registers');
    for (const line of `${stdout}${stderr}`.split('\n'))
      expect([...line].length, line).toBeLessThanOrEqual(80);
  });

  it('is a line of progress on a terminal, gone at the end, and none elsewhere', async () => {
    const key = await seedKey(admin);
    await file(
      'slow.ndjson',
      lines(Array.from({ length: 5000 }, (_, n) => ({ key: key.id, request_id: `s${n}` }))),
    );
    let clock = 0;
    const monotonicMs = () => (clock += 300);
    const seen = await ingest(['slow.ndjson'], { terminal: { stderr: true }, monotonicMs });
    expect(seen.stderr).toMatch(/\r\[=* *\] {1,3}\d+ % {2}[\d,]+ events {2}[\d,]+\/s/);
    expect(seen.stderr.endsWith('\r\x1b[K')).toBe(true);
    expect((await ingest(['slow.ndjson'], { monotonicMs })).stderr).toBe('');
    expect((await ingest(['slow.ndjson', '-q'], { terminal: { stderr: true }, monotonicMs })).stderr).toBe(
      '',
    );
  });
});

describe.each(servers)('audit ingest on PostgreSQL $name', (server) => {
  it('files, adopts, tells apart and adds nothing twice', async () => {
    const own = await freshDatabase(server);
    const at = (event: object) => JSON.stringify({ ts: '2024-02-29T23:59:59.999Z', status: 200, ...event });
    const log = [
      at({ key: 'a', request_id: 'r', endpoint: '/1' }),
      at({ key: 'a', request_id: 'r', endpoint: '/2' }),
      at({ key: 'a', endpoint: '/equal' }),
      at({ key: 'a', endpoint: '/equal' }),
      at({ key: 'b', request_id: 'r', status: 403 }),
      at({ key: 'b', request_id: 'r', status: 404 }),
    ].join('\n');
    const options = { database: own, stdin: log };
    const first = await ingested(['-', '--adopt'], options);
    expect(first.json).toMatchObject({ events: 4, stray: 2, duplicates: 0, keys_adopted: 1 });
    const second = await ingested(['-', '--adopt'], options);
    expect(second.json).toMatchObject({ events: 0, stray: 0, duplicates: 6, keys_adopted: 0 });
    await own.drop();
  });
});
