import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { chainColumns } from '../../../src/domain/audit-record.js';
import { hostile } from '../../render/hostile.js';
import { type Ran, runCommand } from '../../support/fake-machine.js';
import {
  freshDatabase,
  newest,
  servers,
  type TestDatabase,
  type TestServer,
} from '../../support/postgres.js';
import { seedAudit, tamper } from '../../support/seed-audit.js';
import { type Fate, startProxy, type WireMessage, type WireProxy } from '../../support/tcp-proxy.js';

interface Verdict {
  readonly verdict: string;
  readonly rows: number;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
  readonly head: string;
  readonly first_bad_seq: number | null;
  readonly problem: string | null;
  readonly column: string | null;
  readonly completeness_proven: boolean;
}

const last = 24;

/** A database of its own, and what `audit verify` says about it. */
function harness(server: TestServer) {
  const it = { database: null as TestDatabase | null, admin: null as Connection | null };
  beforeAll(async () => {
    it.database = await freshDatabase(server);
    it.admin = await it.database.connect();
  });
  afterAll(() => it.database?.drop());
  const database = (): TestDatabase => it.database as TestDatabase;
  const admin = (): Connection => it.admin as Connection;
  const run = (...argv: string[]): Promise<Ran> =>
    runCommand(['audit', 'verify', ...argv], { database: database(), role: 'test_auditor' });
  const verdict = async (): Promise<Verdict & { code: number }> => {
    const { code, stdout, stderr } = await run('--json');
    expect(stderr).toBe('');
    return { code, ...(JSON.parse(stdout) as Verdict) };
  };
  return { database, admin, run, verdict };
}

/** As many rows as `last`, with every trick that a reason and an actor can play. */
async function seedHostile(admin: Connection): Promise<void> {
  const storable = hostile.filter(
    ([, text]) => !text.includes('\0') && Buffer.from(text).toString() === text,
  );
  const texts = ['leaked in acme/app', 'a "quoted" \\ reason', ...storable.map(([, text]) => text)];
  const text = (at: number): string | null => texts[at % texts.length] ?? null;
  await seedAudit(
    admin,
    Array.from({ length: last }, (_, at) => ({
      action: at % 3 === 0 ? 'key.revoked' : 'ip.blocked',
      keyId: at % 2 === 0 ? `key_${String(at).padStart(12, '0')}` : null,
      reason: at % 5 === 0 ? null : text(at),
      actorOs: text(at * 7),
      actorClaimed: at % 4 === 0 ? text(at * 3) : null,
      host: 'bastion-1',
      incidentId: at % 6 === 0 ? `INC-${at + 1}` : null,
    })),
  );
}

describe.each(servers)('audit verify on PostgreSQL $name', (server) => {
  const { database, admin, run, verdict } = harness(server);

  it('an empty log is consistent', async () => {
    expect(await verdict()).toMatchObject({
      ...{ code: 0, verdict: 'consistent', rows: 0, first_seq: null, last_seq: null, first_bad_seq: null },
      completeness_proven: false,
    });
    expect((await run()).stdout).toContain('the log is empty');
  });

  it('a cleared head of an empty log is not', async () => {
    await tamper(admin(), `update keyctl.audit_head set seq = 3`);
    expect(await verdict()).toMatchObject({ code: 7, problem: 'truncated', first_bad_seq: 1 });
    await tamper(admin(), `update keyctl.audit_head set seq = 0, hash = '\\x00'`);
    expect(await verdict()).toMatchObject({ code: 7, problem: 'head', first_bad_seq: 0 });
    await tamper(admin(), `delete from keyctl.audit_head`);
    expect(await verdict()).toMatchObject({ code: 7, problem: 'no_head', first_bad_seq: 0 });
    await tamper(
      admin(),
      `insert into keyctl.audit_head (seq, hash)
       select 0, sha256(convert_to('keyctl audit v1' || chr(10) || database_id::text, 'UTF8')) from keyctl.installation`,
    );
    expect(await verdict()).toMatchObject({ code: 0 });
  });

  describe('with rows', () => {
    beforeAll(() => seedHostile(admin()));

    it('is consistent, says what was checked and what is not proven', async () => {
      const [head] = await admin().sql`select encode(hash, 'hex') as hash from keyctl.audit_head`;
      expect(await verdict()).toMatchObject({
        ...{ code: 0, verdict: 'consistent', rows: last, first_seq: 1, last_seq: last, head: head?.hash },
        completeness_proven: false,
      });
      const { stdout } = await run();
      expect(stdout).toContain(`consistent: ${last} rows, seq 1 to ${last}`);
      expect(stdout).toContain('Completeness is not proven');
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    });

    it('goes on while rows are appended, and counts what it saw', async () => {
      const writing = seedAudit(
        admin(),
        Array.from({ length: 60 }, () => ({})),
      );
      const seen: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const found = await verdict();
        expect(found).toMatchObject({ code: 0, verdict: 'consistent' });
        seen.push(found.rows);
      }
      await writing;
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
    });

    it('is for those who may read the log: the gateway role gets 77', async () => {
      const { code, stdout, stderr } = await runCommand(['audit', 'verify'], {
        database: database(),
        role: 'test_gateway',
      });
      expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
      expect(stderr).toContain('permission denied');
    });

    it('has no ids to print', async () => {
      expect((await run('-o', 'ids')).code).toBe(2);
    });
  });
});

describe('audit verify, after a superuser was at the log', () => {
  const { admin, run, verdict } = harness(newest);

  beforeAll(async () => {
    await seedHostile(admin());
    for (const table of ['audit_log', 'audit_head', 'installation'])
      await admin().sql.unsafe(`create table public.kept_${table} as select * from keyctl.${table}`);
  });

  const restore = () =>
    tamper(
      admin(),
      `delete from keyctl.audit_log; insert into keyctl.audit_log select * from public.kept_audit_log;
       delete from keyctl.audit_head; insert into keyctl.audit_head select * from public.kept_audit_head;
       update keyctl.installation i set database_id = k.database_id from public.kept_installation k`,
    );
  afterEach(restore);

  /** A value of the same type that differs from every seeded one. */
  const other: Readonly<Record<string, string>> = {
    at: `at + interval '1 microsecond'`,
    operation_id: `'00000000-0000-4000-8000-000000000000'`,
    action: `'key.created'`,
    prev_hash: `set_byte(prev_hash, 31, get_byte(prev_hash, 31) # 1)`,
    hash: `set_byte(hash, 0, get_byte(hash, 0) # 128)`,
    record: `overlay(record placing 'X' from length(record) - 3 for 1)`,
  };
  const problems: Readonly<Record<string, string>> = { prev_hash: 'link', hash: 'hash', record: 'hash' };

  it.each(chainColumns.slice(1))(
    'names a changed %s, its row, and nothing of what follows',
    async (column) => {
      for (const seq of [1, 11, last]) {
        await tamper(
          admin(),
          `update keyctl.audit_log set ${column} = ${other[column] ?? "'forged'"} where seq = ${seq}`,
        );
        const problem = problems[column] ?? 'column';
        expect(await verdict()).toMatchObject({
          ...{ code: 7, verdict: 'broken', rows: seq - 1, first_bad_seq: seq, problem },
          column: problem === 'column' ? column : null,
        });
        await restore();
      }
    },
  );

  it('sees a reason taken away and a claim put in', async () => {
    await tamper(admin(), `update keyctl.audit_log set reason = null where seq = 2`);
    expect(await verdict()).toMatchObject({ code: 7, first_bad_seq: 2, column: 'reason' });
    await restore();
    await tamper(admin(), `update keyctl.audit_log set actor_claimed = '' where seq = 2`);
    expect(await verdict()).toMatchObject({ code: 7, first_bad_seq: 2, column: 'actor_claimed' });
  });

  const twin = (seq: string) =>
    `insert into keyctl.audit_log (seq, at, operation_id, action, key_id, family_id, incident_id, actor_db, actor_os,
       actor_claimed, host, reason, record, prev_hash, hash)
     select ${seq}, at, gen_random_uuid(), action, key_id, family_id, incident_id, actor_db, actor_os, actor_claimed, host,
       reason, record, prev_hash, hash from keyctl.audit_log where seq = 5`;

  it.each<[what: string, statements: string, expected: Partial<Verdict>]>([
    [
      'a deleted first row',
      'delete from keyctl.audit_log where seq = 1',
      { problem: 'gap', first_bad_seq: 1 },
    ],
    ['a deleted row', 'delete from keyctl.audit_log where seq = 12', { problem: 'gap', first_bad_seq: 12 }],
    [
      'rows deleted in the middle',
      'delete from keyctl.audit_log where seq between 8 and 20',
      { problem: 'gap', first_bad_seq: 8 },
    ],
    [
      'a tail cut off, the head left',
      'delete from keyctl.audit_log where seq > 20',
      { problem: 'truncated', first_bad_seq: 21 },
    ],
    ['an emptied table', 'delete from keyctl.audit_log', { problem: 'truncated', first_bad_seq: 1 }],
    [
      'a deleted row whose gap was closed by renumbering',
      'delete from keyctl.audit_log where seq = 12; update keyctl.audit_log set seq = -seq where seq > 12; update keyctl.audit_log set seq = -seq - 1 where seq < 0',
      { problem: 'link', first_bad_seq: 12 },
    ],
    ['a row inserted at the end', twin(String(last + 1)), { problem: 'link', first_bad_seq: last + 1 }],
    ['a row inserted before the first', twin('0'), { problem: 'extra', first_bad_seq: 0 }],
    [
      'a row inserted far below, where the ends of the chain are read',
      twin('-9223372036854775808'),
      { verdict: 'broken' },
    ],
    ['a row inserted far above', twin('9223372036854775807'), { problem: 'gap', first_bad_seq: last + 1 }],
    [
      'a row put in between, the rest moved up',
      `update keyctl.audit_log set seq = -seq where seq >= 10; update keyctl.audit_log set seq = -seq + 1 where seq < 0; ${twin('10')}`,
      { problem: 'link', first_bad_seq: 10 },
    ],
    [
      'two rows that changed places',
      'update keyctl.audit_log set seq = -7 where seq = 7; update keyctl.audit_log set seq = 7 where seq = 16; update keyctl.audit_log set seq = 16 where seq = -7',
      { problem: 'link', first_bad_seq: 7 },
    ],
    [
      'a last row that was renumbered',
      `update keyctl.audit_log set seq = 99 where seq = ${last}`,
      { problem: 'gap', first_bad_seq: last },
    ],
    [
      'a head with another hash',
      `update keyctl.audit_head set hash = sha256('x')`,
      { problem: 'head', first_bad_seq: last },
    ],
    [
      'a head that was set back',
      'update keyctl.audit_head set seq = 20',
      { problem: 'uncounted', first_bad_seq: 21 },
    ],
    ['a missing head', 'delete from keyctl.audit_head', { problem: 'no_head', first_bad_seq: 0 }],
    [
      'the log of another database',
      'update keyctl.installation set database_id = gen_random_uuid()',
      { problem: 'link', first_bad_seq: 1 },
    ],
    [
      'a row rewritten with a fitting hash of its own',
      `update keyctl.audit_log set reason = 'forged', record = replace(record, '"host" : "bastion-1"', '"host" : "elsewhere"'), host = 'elsewhere' where seq = 11;
       update keyctl.audit_log set hash = sha256(prev_hash || convert_to(record, 'UTF8')) where seq = 11`,
      { problem: 'column', first_bad_seq: 11 },
    ],
    [
      'a row rewritten consistently in itself',
      `update keyctl.audit_log set record = replace(record, '"host" : "bastion-1"', '"host" : "elsewhere"'), host = 'elsewhere' where seq = 11;
       update keyctl.audit_log set hash = sha256(prev_hash || convert_to(record, 'UTF8')) where seq = 11`,
      { problem: 'link', first_bad_seq: 12 },
    ],
    [
      'the last row rewritten consistently in itself',
      `update keyctl.audit_log set record = replace(record, '"host" : "bastion-1"', '"host" : "elsewhere"'), host = 'elsewhere' where seq = ${last};
       update keyctl.audit_log set hash = sha256(prev_hash || convert_to(record, 'UTF8')) where seq = ${last}`,
      { problem: 'head', first_bad_seq: last },
    ],
  ])('finds %s', async (_what, statements, expected) => {
    await tamper(admin(), statements);
    const found = await verdict();
    expect(found).toMatchObject({ code: 7, verdict: 'broken', ...expected });
    const { code, stdout } = await run();
    expect(code).toBe(7);
    if (found.problem !== 'no_head') expect(stdout).toContain(`BROKEN at seq ${found.first_bad_seq}`);
  });

  it('finds every one of many random single mutations of bytes', { timeout: 120_000 }, async () => {
    let seed = 20_261_121;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    for (let round = 0; round < 60; round += 1) {
      const seq = 1 + random(last);
      const column = ['record', 'prev_hash', 'hash'][round % 3] ?? 'record';
      const where = `where seq = ${seq}`;
      const at = random(32);
      const mutation =
        column === 'record'
          ? `record = overlay(record placing chr(33 + (ascii(substr(record, p.at, 1)) + 1 + ${random(80)}) % 90) from p.at for 1)
             from (select 1 + ${random(10_000)} % length(record) as at from keyctl.audit_log ${where}) p`
          : `${column} = set_byte(${column}, ${at}, get_byte(${column}, ${at}) # ${1 + random(255)})`;
      const [before] = await admin().sql.unsafe(
        `select md5(a::text) as was from keyctl.audit_log a ${where}`,
      );
      await tamper(admin(), `update keyctl.audit_log set ${mutation} ${where}`);
      const [after] = await admin().sql.unsafe(`select md5(a::text) as was from keyctl.audit_log a ${where}`);
      if (before?.was === after?.was) continue;
      expect({ round, seq, ...(await verdict()) }).toMatchObject({ code: 7, first_bad_seq: seq });
      await restore();
    }
  });

  it('does not claim what it cannot prove: a tail cut off with its head', async () => {
    await tamper(
      admin(),
      `delete from keyctl.audit_log where seq > 20;
       update keyctl.audit_head set (seq, hash) = (select seq, hash from keyctl.audit_log where seq = 20)`,
    );
    expect(await verdict()).toMatchObject({ code: 0, rows: 20, completeness_proven: false });
    expect((await run()).stdout).toContain('not proven');
  });
});

describe('audit verify, losing the database on the way', { timeout: 60_000 }, () => {
  const { database, admin } = harness(newest);
  let proxy: WireProxy | null = null;
  beforeAll(() => seedHostile(admin()));
  afterEach(() => proxy?.close());

  const through = async (fate: (message: WireMessage) => Fate): Promise<Ran> => {
    const { host, port } = database().settings();
    proxy = await startProxy({ target: { path: `${host}/.s.PGSQL.${port}` }, fate });
    const url = `postgres://test_auditor@127.0.0.1:${proxy.port}/${database().name}`;
    return await runCommand(['audit', 'verify', '--timeout', '1s'], { env: { DATABASE_URL: url } });
  };
  const copied = () => proxy?.messages().filter(({ from, type }) => from === 'server' && type === 'd').length;

  it.each<[when: string, fate: Fate, at: (message: WireMessage) => boolean]>([
    ['cut in the middle', 'cut', ({ type }) => type === 'd' && copied() === 10],
    ['stalled in the middle', 'hold', ({ type }) => type === 'd' && copied() === 10],
    ['stalled before the first row', 'hold', ({ from, type }) => from === 'server' && type === 'H'],
  ])('%s: 69, and no verdict at all', async (_when, fate, at) => {
    const { code, stdout, stderr } = await through((message) => (at(message) ? fate : 'forward'));
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toContain('while reading');
  });
});
