import { createHash } from 'node:crypto';
import { chmod, mkdtemp, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Connection, connect } from '../../src/db/connect.js';
import { layoutUnder } from '../../src/db/embedded/layout.js';
import { embeddedConnection } from '../../src/db/embedded/open.js';
import { stopEmbedded } from '../../src/db/embedded/stop.js';
import { schemaFingerprint } from '../../src/db/schema-files.js';
import { bundled, runChild } from '../support/child.js';
import { type FakeOptions, type Ran, runCommand } from '../support/fake-machine.js';
import { freshDatabase } from '../support/postgres.js';

interface Guide {
  readonly made: boolean;
  readonly seed: number;
  readonly history_until: string;
  readonly keys: number;
  readonly events: number;
  readonly leaked_key_id: string;
  readonly rotated_key_id: string;
  readonly successor_id: string;
  readonly try: readonly { readonly purpose: string; readonly command: string }[];
}

let home: string;
let dataHome: string;
let first: Ran;

const demo = (args: readonly string[] = [], options: FakeOptions = {}) =>
  runCommand(['demo', ...args], { home, ...options });
const guideOf = (ran: Ran) => JSON.parse(ran.stdout) as Guide;

async function inDemo<T>(work: (sql: Connection['sql']) => Promise<T>): Promise<T> {
  const settings = embeddedConnection(layoutUnder(dataHome).run, 'keyctl_demo', 'postgres');
  const connection = await connect(settings, { timeoutMs: 20_000, embedded: true });
  try {
    return await work(connection.sql);
  } finally {
    await connection.close();
  }
}

beforeAll(async () => {
  home = await mkdtemp(join(inject('scratch'), 'demo-'));
  dataHome = join(home, '.local/share/keyctl');
  first = await demo(['--json']);
});
afterAll(() => stopEmbedded(dataHome));

describe('keyctl demo, the first time', () => {
  it('makes the database and says what to try, with ids that are there', async () => {
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('making a month of history') });
    const guide = guideOf(first);
    expect(guide).toMatchObject({ made: true, seed: 1, keys: 40 });
    await inDemo(async (sql) => {
      const [counts] = await sql`select (select count(*) from keyctl.api_keys)::int as keys,
        (select count(*) from keyctl.usage_events)::int as events, (select count(*) from keyctl.owners)::int as owners`;
      expect(counts).toEqual({ keys: guide.keys, events: guide.events, owners: 10 });
    });
    expect(guide.try.every(({ command }) => / --demo$/.test(command))).toBe(true);
  });

  it('has keys in every state that somebody on call has to recognise', async () => {
    const rows = await inDemo((sql) => sql`select status, count(*)::int as keys from keyctl.keys group by 1`);
    const states = Object.fromEntries(rows.map((row) => [row.status, row.keys]));
    expect(Object.keys(states).sort()).toEqual(
      ['active', 'expired', 'pending', 'replaced', 'retiring', 'revoked', 'suspended'].sort(),
    );
    expect(states).toMatchObject({ retiring: 1, suspended: 1, expired: 1, pending: 1 });
  });

  it('has an audit log whose chain is whole, by a recomputation that shares nothing with it', async () => {
    await inDemo(async (sql) => {
      const [start] = await sql`select database_id::text as id from keyctl.installation`;
      const rows =
        await sql`select seq::int as seq, record, encode(prev_hash, 'hex') as prev, encode(hash, 'hex') as hash,
        to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, action, key_id, actor_db, reason
        from keyctl.audit_log order by seq`;
      let head = createHash('sha256').update(`keyctl audit v1\n${start?.id}`).digest('hex');
      let before = '';
      for (const [index, row] of rows.entries()) {
        expect(row.seq).toBe(index + 1);
        expect(row.prev).toBe(head);
        head = createHash('sha256').update(Buffer.from(head, 'hex')).update(String(row.record)).digest('hex');
        expect(row.hash).toBe(head);
        const record = JSON.parse(String(row.record));
        const { seq, at, action, key_id, actor_db, reason } = row;
        expect(record).toMatchObject({ seq, at, action, key_id, actor_db, reason });
        expect(String(at) >= before).toBe(true);
        before = String(at);
      }
      expect(rows.length).toBeGreaterThan(80);
      const [last] = await sql`select seq::int as seq, encode(hash, 'hex') as hash from keyctl.audit_head`;
      expect(last).toEqual({ seq: rows.length, hash: head });
    });
  });

  it('tells in it when each key was made and ended, as the keys themselves do', async () => {
    const wrong = await inDemo(
      (sql) => sql`select k.id from keyctl.api_keys k
        left join keyctl.audit_log c on c.key_id = k.id and c.action in ('key.created', 'key.imported')
          or c.action = 'rotation.prepared' and c.record::jsonb #>> '{answer,new_key_id}' = k.id
        left join keyctl.audit_log r on r.key_id = k.id and r.action = 'key.revoked'
        where c.at is distinct from k.created_at or r.at is distinct from k.revoked_at or r.reason is distinct from k.revocation_reason`,
    );
    expect([...wrong]).toEqual([]);
  });

  it('leaves the kernel as the migration made it: its clock is the real one', async () => {
    await inDemo(async (sql) => {
      const odd =
        await sql`select proname from pg_proc where pronamespace = 'keyctl'::regnamespace and prosrc like '%demo%'`;
      expect([...odd]).toEqual([]);
      const [row] = await sql`select schema_fingerprint as fingerprint from keyctl.installation`;
      expect(row?.fingerprint).toBe(await schemaFingerprint(join(import.meta.dirname, '../../drizzle')));
      const operation = '3f0f3a0e-62f0-4d6a-8f4e-0d8a4e0f7a11';
      const [blocked] =
        await sql`select keyctl.block_ip(${operation}::uuid, '{}', '192.0.2.250', 'tried by a test of ours')
        ->> 'blocked_at' as at, clock_timestamp() as now`;
      expect(Math.abs(Date.parse(String(blocked?.at)) - Date.parse(String(blocked?.now)))).toBeLessThan(
        10_000,
      );
    });
  });

  it('gives the demo to the ordinary role, and no other database to anybody', async () => {
    const ran = await runCommand(['keys', 'list', '--demo', '--json'], { home });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).keys).toHaveLength(40);
    expect(await runCommand(['keys', 'list'], { home })).toMatchObject({ code: 78 });
  });

  it('suggests command lines that work, in their order', async () => {
    for (const { command } of guideOf(first).try) {
      const [, token, line] = /^(?:echo '(.*)' \| )?(.*)$/.exec(command) ?? [];
      const words = (line ?? '').match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
      // Screens and the walkthrough say that they need a terminal; theirs are tests of their own.
      if (/ (audit review|incidents (run|triage)) /.test(command)) {
        const ran = await runCommand(words.slice(1), { home });
        expect(ran.stderr).toContain('there is no terminal');
        continue;
      }
      const confirmed = words.includes('revoke') ? [...words.slice(1), '--yes'] : words.slice(1);
      const ran = await runCommand(confirmed, {
        home,
        ...(token === undefined ? {} : { stdin: `${token}\n` }),
      });
      expect({ command, code: ran.code, problem: /^keyctl: .*/m.exec(ran.stderr)?.[0] }).toEqual({
        command,
        code: 0,
      });
      expect(ran.stdout).not.toBe('');
    }
  }, 120_000);
});

describe('keyctl demo, the second time', () => {
  it('keeps what is there and says the same', async () => {
    const again = await demo(['--json']);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(guideOf(again)).toEqual({ ...guideOf(first), made: false });
    const [revoked] = await inDemo(
      (sql) => sql`select status from keyctl.keys where id = ${guideOf(first).leaked_key_id}`,
    );
    expect(revoked?.status).toBe('revoked');
  });

  it('names the seed that is there when another one is asked for', async () => {
    const ran = await demo(['--seed', '7', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('seed 1; add --fresh') });
    expect(guideOf(ran).seed).toBe(1);
  });

  it('explains itself in 80 columns, but for lines to be pasted', async () => {
    const { stdout } = await demo();
    const long = stdout.split('\n').filter((text) => text.length > 80 && !text.includes('bin/keyctl'));
    expect(long).toEqual([]);
    expect(stdout).toContain('is there already');
  });

  it('with --fresh makes it anew: the same ids, the leak alive again; two at once end in one', async () => {
    const options = { now: new Date(guideOf(first).history_until) };
    // What a demo that was killed leaves behind.
    await inDemo((sql) => sql`create database keyctl_demo_draft`);
    const [fresh, beside] = await Promise.all([
      demo(['--fresh', '--json'], options),
      demo(['--json'], options),
    ]);
    expect([fresh.code, beside.code]).toEqual([0, 0]);
    const { loaded_at: _again, ...made } = JSON.parse(fresh.stdout);
    const { loaded_at: _once, ...before } = JSON.parse(first.stdout);
    expect(made).toEqual(before);
    const [leaked] = await inDemo(
      (sql) => sql`select status from keyctl.keys where id = ${guideOf(fresh).leaked_key_id}`,
    );
    expect(leaked?.status).toBe('active');
    const names = await inDemo((sql) => sql`select datname from pg_database where datname like 'keyctl%'`);
    expect(names.map((row) => row.datname)).toEqual(['keyctl_demo']);
  }, 120_000);
});

it('refuses a bad seed with 2 before anything is opened', async () => {
  for (const seed of ['x', '-1', '1.5', '99999999999']) {
    expect(await runCommand(['demo', '--seed', seed])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--seed'),
    });
  }
});

it('--dry-run says what would be made, and makes nothing', async () => {
  const elsewhere = join(home, 'nothing-here');
  const ran = await runCommand(['demo', '--dry-run', '--json', '--seed', '3'], { home: elsewhere });
  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    made: false,
    dry_run: true,
    seed: 3,
    keys: 40,
    loaded_at: null,
  });
  await expect(stat(elsewhere)).rejects.toThrow();
});

it('never touches a configured database', async () => {
  const database = await freshDatabase();
  const before = await database.connect();
  expect(await demo(['--json'], { database })).toMatchObject({ code: 0 });
  const [count] = await before.sql`select count(*)::int as keys from keyctl.api_keys`;
  expect(count?.keys).toBe(0);
  const [found] = await before.sql`select from pg_database where datname = 'keyctl_demo'`;
  expect(found).toBeUndefined();
  await database.drop();
});

it('does not take a database with somebody’s own keys for the demo: 4, and nothing is lost', async () => {
  await inDemo(async (sql) => {
    await sql`alter table keyctl.audit_log disable trigger all`;
    await sql`update keyctl.audit_log set action = 'db.other_loaded' where action = 'db.demo_loaded'`;
  });
  expect(await demo(['--json'])).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('demo_in_use'),
  });
});

it.runIf(userInfo().uid === 0)(
  'works for a plain user in a home of 0700, twice',
  async () => {
    const plainHome = await mkdtemp(join(inject('scratch'), 'plain-'));
    await chmod(plainHome, 0o777);
    const program = await bundled(join(import.meta.dirname, '../../src/main.ts'));
    const script = `umask 077; mkdir "${plainHome}/home" && export HOME="${plainHome}/home" || exit 9
    node ${program} demo --json | grep -c '"made":true' && node ${program} demo --json | grep -c '"made":false'
    node ${program} db stop --json | grep -c '"state":"stopped"'`;
    const plain = [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      'env',
      '-i',
      'PATH=/usr/local/bin:/usr/bin:/bin',
      'sh',
      '-c',
      script,
    ];
    expect(await runChild('setpriv', plain)).toMatchObject({ status: 0, stdout: '1\n1\n1\n' });
    expect((await stat(join(plainHome, 'home/.local/share/keyctl'))).uid).toBe(65_534);
  },
  120_000,
);
