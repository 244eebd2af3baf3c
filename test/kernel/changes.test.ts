import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { type SeedStatus, seedKey } from '../support/seed-keys.js';

interface Kind {
  readonly name: string;
  readonly action: string;
  /** How the key stands before. */
  readonly status: SeedStatus;
  readonly sql: (id: string, operation: string) => string;
  readonly outcome: string;
  /** What the same change answers when it is done already, by another operation. */
  readonly already: string | null;
}

const kinds: readonly Kind[] = [
  {
    name: 'activate_key',
    action: 'key.activated',
    status: 'pending',
    sql: (id, operation) => `keyctl.activate_key('${operation}', '{}', '${id}', '{stdout}')`,
    outcome: 'activated',
    already: null,
  },
  {
    name: 'abandon_key',
    action: 'key.revoked',
    status: 'pending',
    sql: (id, operation) => `keyctl.abandon_key('${operation}', '{}', '${id}', 'nobody got its secret')`,
    outcome: 'abandoned',
    already: 'already_revoked',
  },
  {
    name: 'update_key',
    action: 'key.updated',
    status: 'active',
    sql: (id, operation) =>
      `keyctl.update_key('${operation}', '{}', '${id}', '{"rpm": 7}', '{"email": "x@example.com"}', 'agreed in PLAT-1182')`,
    outcome: 'updated',
    already: 'unchanged',
  },
  {
    name: 'suspend_key',
    action: 'key.suspended',
    status: 'active',
    sql: (id, operation) =>
      `keyctl.suspend_key('${operation}', '{}', '${id}', 'odd traffic since 02:11', '4 hours')`,
    outcome: 'suspended',
    already: 'already_suspended',
  },
  {
    name: 'resume_key',
    action: 'key.resumed',
    status: 'suspended',
    sql: (id, operation) => `keyctl.resume_key('${operation}', '{}', '${id}', 'the traffic was our own')`,
    outcome: 'resumed',
    already: 'not_suspended',
  },
  {
    name: 'revoke_key',
    action: 'key.revoked',
    status: 'active',
    sql: (id, operation) =>
      `keyctl.revoke_key('${operation}', '{}', '${id}', 'leaked in acme/app', 'leaked')`,
    outcome: 'revoked',
    already: 'already_revoked',
  },
];

describe.each(servers)('changes on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let one: Connection;
  let two: Connection;
  let holder: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    holder = await database.connect();
    [one, two] = await Promise.all([database.connect('test_operator'), database.connect('test_operator')]);
  });
  afterAll(() => database.drop());

  // biome-ignore lint/suspicious/noExplicitAny: answers of every kind of change
  const call = async (connection: Connection, expression: string): Promise<any> =>
    (await connection.sql.unsafe(`select ${expression} as answer`))[0]?.answer;
  const rows = async (operation: string) =>
    await admin.sql`select seq::int, action, key_id, reason from keyctl.audit_log where operation_id = ${operation} order by seq`;
  const head = async () => Number((await admin.sql`select seq from keyctl.audit_head`)[0]?.seq);
  const stored = async (id: string) =>
    (await admin.sql`select to_jsonb(k) as key from keyctl.api_keys k where id = ${id}`)[0]?.key;

  /** Really at once: both are let in while the head of the chain is held, and go on when both wait. */
  async function atOnce(first: string, second: string) {
    await holder.sql.unsafe('begin; select from keyctl.audit_head for update');
    const settled = Promise.allSettled([call(one, first), call(two, second)]);
    const waiting = () => admin.sql`select from pg_stat_activity
      where datname = current_database() and usename = 'test_operator' and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await waiting()).length, { interval: 5 }).toBe(2);
    await holder.sql.unsafe('commit');
    return (await settled).map((each) =>
      each.status === 'fulfilled' ? each.value : { outcome: each.reason.code },
    );
  }

  describe.each(kinds)('$name', (kind) => {
    it('writes one row, and answers the same operation with its first outcome', async () => {
      const { id } = await seedKey(admin, { status: kind.status });
      const operation = randomUUID();
      const first = await call(one, kind.sql(id, operation));
      expect(first).toMatchObject({ outcome: kind.outcome, key_id: id, repeated: false });
      const after = await stored(id);
      expect(await call(two, kind.sql(id, operation))).toEqual({ ...first, repeated: true });
      expect(await stored(id)).toEqual(after);
      expect(await rows(operation)).toMatchObject([
        { seq: first.audit_seq, action: kind.action, key_id: id },
      ]);
    });

    it('the same operation twice at once is done once', async () => {
      const { id } = await seedKey(admin, { status: kind.status });
      const operation = randomUUID();
      const answers = await atOnce(kind.sql(id, operation), kind.sql(id, operation));
      expect(answers.map((answer) => answer.repeated).sort()).toEqual([false, true]);
      expect(new Set(answers.map((answer) => answer.audit_seq)).size).toBe(1);
      expect(await rows(operation)).toHaveLength(1);
    });

    it('two operations at once: one does it, the other finds it done', async () => {
      const { id } = await seedKey(admin, { status: kind.status });
      const operations = [randomUUID(), randomUUID()] as const;
      const answers = await atOnce(kind.sql(id, operations[0]), kind.sql(id, operations[1]));
      const outcomes = answers.map((answer) => answer.outcome);
      expect(outcomes.sort()).toEqual([kind.outcome, kind.already ?? 'KC409'].sort());
      expect([...(await rows(operations[0])), ...(await rows(operations[1]))]).toHaveLength(1);
    });

    it('no such key (KC404): no row', async () => {
      const before = await head();
      const attempt = call(one, kind.sql('key_000000000000', randomUUID()));
      await expect(attempt).rejects.toMatchObject({ code: 'KC404' });
      expect(await head()).toBe(before);
    });

    it('no audit row, no change', async () => {
      const { id } = await seedKey(admin, { status: kind.status });
      const before = await stored(id);
      const operation = randomUUID();
      await admin.sql.unsafe(
        `alter table keyctl.audit_log add constraint no_room check (operation_id <> '${operation}') not valid`,
      );
      try {
        await expect(call(one, kind.sql(id, operation))).rejects.toMatchObject({ code: '23514' });
      } finally {
        await admin.sql.unsafe('alter table keyctl.audit_log drop constraint no_room');
      }
      expect(await stored(id)).toEqual(before);
    });
  });

  it.each(['', 'old key', 'test!!!', 'revoked', '        ', 'two\nlines of it'])(
    'a reason that says nothing (%j) is refused by the kernel too, without a row',
    async (reason) => {
      const { id } = await seedKey(admin);
      const before = await head();
      for (const name of ['suspend_key', 'revoke_key']) {
        const attempt = one.sql.unsafe(`select keyctl.${name}('${randomUUID()}', '{}', '${id}', $1)`, [
          reason,
        ]);
        await expect(attempt, name).rejects.toMatchObject({ code: 'KC422' });
      }
      const update = one.sql.unsafe(
        `select keyctl.update_key('${randomUUID()}', '{}', '${id}', '{"rpm":1}', null, $1)`,
        [reason],
      );
      await expect(update).rejects.toMatchObject({ code: 'KC422' });
      expect(await head()).toBe(before);
    },
  );

  it.each([
    ['an unknown setting', '{"status": "active"}'],
    ['another’s column', '{"verifier": "00"}'],
    ['no name', '{"name": null}'],
    ['an empty name', '{"name": "  "}'],
    ['a name of two lines', '{"name": "a\\nb"}'],
    ['a limit of nothing', '{"rpm": 0}'],
    ['a negative budget', '{"budget_usd": -1}'],
    ['a list that is unset', '{"scopes": null}'],
    ['an expiry in the past', '{"expires_at": "2001-01-01"}'],
    ['a span into the past', '{"expires_in_seconds": -5}'],
    ['a moment and a span', '{"expires_at": "2999-01-01", "expires_in_seconds": 5}'],
    ['an unknown level', '{"level": "root"}'],
    ['an unknown environment', '{"environment": "prod"}'],
  ])('settings with %s are refused (KC422), for a bare psql too', async (_what, settings) => {
    const { id } = await seedKey(admin);
    const before = await stored(id);
    const attempt = one.sql.unsafe(
      `select keyctl.update_key('${randomUUID()}', '{}', '${id}', $1, null, 'agreed in PLAT-1182')`,
      [settings],
    );
    await expect(attempt).rejects.toMatchObject({ code: 'KC422' });
    expect(await stored(id)).toEqual(before);
  });

  it('a new key’s operation, twice at once, makes one key and keeps nothing of the other', async () => {
    const operation = randomUUID();
    const ids = [0, 1].map(() => `key_${randomBytes(6).toString('hex')}`);
    const create = (id: string | undefined) =>
      `keyctl.create_key('${operation}', '{}', '{"id":"${id}","prefix":"kc","salt":"00","verifier":"00","hash_scheme":1,"fingerprint":"sha256:00"}', '{"email":"new@example.com"}', '{"name":"n"}')`;
    const answers = await atOnce(create(ids[0]), create(ids[1]));
    expect(new Set(answers.map((answer) => answer.key_id)).size).toBe(1);
    expect(answers.map((answer) => answer.repeated).sort()).toEqual([false, true]);
    const kept =
      await admin.sql`select id from keyctl.api_keys where id in (${ids[0] ?? ''}, ${ids[1] ?? ''})`;
    expect(kept.map((row) => row.id)).toEqual([answers[0].key_id]);
    expect(await rows(operation)).toHaveLength(1);
  });

  it('blocking and unblocking a network: once each, repeatable, and again after it ended by itself', async () => {
    const block = (operation: string, cidr = '192.0.2.0/24', span = 'null') =>
      `keyctl.block_ip('${operation}', '{}', '${cidr}', 'scans us since 02:11', ${span})`;
    const unblock = (operation: string) =>
      `keyctl.unblock_ip('${operation}', '{}', '192.0.2.0/24', 'the scan was our own')`;
    for (const [make, done, already] of [
      [block, 'blocked', 'already_blocked'],
      [unblock, 'unblocked', 'not_blocked'],
    ] as const) {
      const operation = randomUUID();
      const answers = await atOnce(make(operation), make(operation));
      expect(answers.map((answer) => answer.outcome)).toEqual([done, done]);
      expect(answers.map((answer) => answer.repeated).sort()).toEqual([false, true]);
      expect(await rows(operation)).toHaveLength(1);
      expect(await call(one, make(randomUUID()))).toMatchObject({ outcome: already, audit_seq: null });
    }
    await call(one, block(randomUUID(), '192.0.2.0/24', "'1 hour'"));
    await admin.sql`update keyctl.ip_blocks set blocked_until = clock_timestamp() - interval '1 second' where unblocked_at is null`;
    expect(await call(one, unblock(randomUUID()))).toMatchObject({ outcome: 'not_blocked' });
    expect(await call(one, block(randomUUID()))).toMatchObject({ outcome: 'blocked' });
    await expect(call(one, block(randomUUID(), '0.0.0.0/0'))).rejects.toMatchObject({ code: 'KC422' });
    await expect(call(one, block(randomUUID(), '192.0.2.1', "'-1 hour'"))).rejects.toMatchObject({
      code: 'KC422',
    });
  });

  it('times are the clock’s, not those of a transaction’s begin (F13)', async () => {
    const { id } = await seedKey(admin);
    const results = await one.sql.unsafe(`begin; select pg_sleep(0.02);
      select (keyctl.suspend_key('${randomUUID()}', '{}', '${id}', 'odd traffic since 02:11') ->> 'suspended_at')::timestamptz
        > now() + interval '20 ms' as later; commit`);
    expect(results).toContainEqual([{ later: true }]);
  });

  it('many changes of few keys and owners at once: no deadlock, a gapless chain, each state its last row’s (F38)', async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => seedKey(admin)));
    const workers = await Promise.all(Array.from({ length: 8 }, () => database.connect('test_operator')));
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const change = (id: string) => {
      const owner = `{"email": "owner${random(3)}@example.com", "name": "n${random(9)}"}`;
      const other = `key_${randomBytes(6).toString('hex')}`;
      return [
        `keyctl.suspend_key('${randomUUID()}', '{}', '${id}', 'odd traffic since 02:11')`,
        `keyctl.resume_key('${randomUUID()}', '{}', '${id}', 'the traffic was our own')`,
        `keyctl.update_key('${randomUUID()}', '{}', '${id}', '{"rpm": ${random(50) + 1}}', '${owner}', 'agreed in PLAT-1182')`,
        `keyctl.create_key('${randomUUID()}', '{}', '{"id":"${other}","prefix":"kc","salt":"00","verifier":"00","hash_scheme":1,"fingerprint":"sha256:00"}', '${owner}', '{"name":"n"}')`,
        `keyctl.block_ip('${randomUUID()}', '{}', '203.0.113.${random(4)}', 'scans us since 02:11')`,
        `keyctl.unblock_ip('${randomUUID()}', '{}', '203.0.113.${random(4)}', 'the scan was our own')`,
      ][random(6)] as string;
    };
    const errors: string[] = [];
    await Promise.all(
      workers.map(async (worker) => {
        for (let round = 0; round < 40; round += 1) {
          const id = keys[random(keys.length)]?.id ?? '';
          await call(worker, change(id)).catch((error: { code: string }) => errors.push(error.code));
        }
      }),
    );
    expect(errors.filter((code) => code !== 'KC409')).toEqual([]);

    const [chain] = await admin.sql`select count(*)::int as rows, max(seq)::int as last,
      bool_and(hash = sha256(prev_hash || convert_to(record, 'UTF8'))) as hashed,
      bool_and(prev_hash = before or before is null) as linked
      from (select *, lag(hash) over (order by seq) as before from keyctl.audit_log) a`;
    expect(chain).toMatchObject({ hashed: true, linked: true });
    expect(chain?.rows).toBe(chain?.last);
    for (const { id } of keys) {
      const [last] = await admin.sql`select k.status, a.action from keyctl.api_keys k, keyctl.audit_log a
        where k.id = ${id} and a.key_id = k.id and a.action in ('key.suspended', 'key.resumed') order by a.seq desc limit 1`;
      if (last !== undefined)
        expect(last.status).toBe(last.action === 'key.suspended' ? 'suspended' : 'active');
    }
  });
});
