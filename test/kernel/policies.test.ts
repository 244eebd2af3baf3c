import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Change } from '../../src/db/kernel.js';
import { createKey, type KeySettings, updateKey } from '../../src/db/kernel-keys.js';
import { type PolicySettings, setPolicy } from '../../src/db/kernel-policy.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { auditOf, bystanders, seedKey } from '../support/seed-keys.js';

const day = 86_400;
const reason = 'SEC-77: the quarterly audit asks for it';

function change(operationId: string = randomUUID()): Change {
  return { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
}

describe.each(servers)('policies in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let postgres: Connection;
  let admin: Connection;
  let operator: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    postgres = await database.connect();
    admin = await database.connect('test_admin');
    operator = await database.connect('test_operator');
  });
  afterAll(() => database.drop());

  const set = (
    name: string,
    settings: PolicySettings | Record<string, unknown>,
    { appliesTo = null as 'policy' | 'environment' | null, operation = change(), as = admin } = {},
  ) => as.run({ sends: 'read' }, (db) => setPolicy(db, operation, { name, appliesTo, settings, reason }));
  const row = async (name: string) =>
    (
      await postgres.sql`select applies_to, rotate_every_seconds::int, grace_seconds::int, keep_previous,
      review_every_seconds::int, expires_within_seconds::int, set_by from keyctl.policies where name = ${name}`
    )[0];
  const rows = async () =>
    await postgres.sql`select key_id, reason, actor_db, record::jsonb -> 'details' as details
      from keyctl.audit_log where action = 'policy.set' order by seq`;
  const create = async (settings: KeySettings) => {
    const id = `key_${randomBytes(6).toString('hex')}`;
    const key = {
      id,
      prefix: 'kc',
      saltHex: '00',
      verifierHex: '00',
      hashScheme: 1,
      fingerprint: 'sha256:0',
    };
    return await operator.run({ sends: 'read' }, (db) =>
      createKey(db, change(), { key, owner: null, settings: { name: 'n', ...settings } }),
    );
  };
  const update = (keyId: string, settings: KeySettings | Record<string, unknown>) =>
    operator.run({ sends: 'read' }, (db) =>
      updateKey(db, change(), { keyId, settings, owner: null, reason }),
    );
  const expiresIn = async (id: string) =>
    (
      await postgres.sql`select round(extract(epoch from expires_at - clock_timestamp()) / 3600)::int as hours
      from keyctl.api_keys where id = ${id}`
    )[0]?.hours;

  it('sets what was given and leaves the rest, with the values before and after in its row', async () => {
    const before = await row('high');
    const answer = await set('high', { grace_seconds: 3600, review_every_seconds: null });
    expect(answer).toMatchObject({
      outcome: 'set',
      applies_to: 'policy',
      before: { grace_seconds: day, review_every_seconds: 90 * day },
      after: { grace_seconds: 3600, review_every_seconds: null },
    });
    expect(await row('high')).toEqual({
      ...before,
      grace_seconds: 3600,
      review_every_seconds: null,
      set_by: 'test_admin',
    });
    expect((await rows()).at(-1)).toEqual({
      key_id: null,
      reason,
      actor_db: 'test_admin',
      details: { name: 'high', applies_to: 'policy', before: answer.before, after: answer.after },
    });
    const count = (await rows()).length;
    expect(await set('high', { grace_seconds: 3600 })).toMatchObject({
      outcome: 'unchanged',
      audit_seq: null,
    });
    expect(await rows()).toHaveLength(count);
  });

  it('a new name is a new policy, which keys can then follow', async () => {
    await expect(update((await seedKey(postgres)).id, { policy: 'burst' })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/known are .*high, limited, standard/),
    });
    expect(await set('burst', { rotate_every_seconds: 7 * day })).toMatchObject({
      outcome: 'created',
      applies_to: 'policy',
      before: { rotate_every_seconds: null },
    });
    const key = await seedKey(postgres);
    await postgres.sql`update keyctl.api_keys set activated_at = now() - interval '8 days' where id = ${key.id}`;
    const due = async () =>
      (
        await postgres.sql`select due_at <= now() as due from keyctl.rotation_plan where key_id = ${key.id}`
      )[0]?.due;
    expect(await due()).toBe(false);
    expect(await update(key.id, { policy: 'burst' })).toMatchObject({ after: { policy: 'burst' } });
    expect(await due()).toBe(true);
    expect(await update(key.id, { policy: null })).toMatchObject({ before: { policy: 'burst' } });
    expect(await due()).toBe(false);
  });

  it('the same operation again gets its first answer, also twice at once', async () => {
    const operation = change();
    const other = await database.connect('test_admin');
    const answers = await Promise.all([
      set('twice', { rotate_every_seconds: day }, { operation }),
      set('twice', { rotate_every_seconds: day }, { operation, as: other }),
    ]);
    expect(answers.map((answer) => answer.outcome)).toEqual(['created', 'created']);
    expect(answers.map((answer) => answer.repeated).sort()).toEqual([false, true]);
    await set('twice', { rotate_every_seconds: 2 * day });
    expect(await set('twice', { rotate_every_seconds: 3 * day }, { operation })).toMatchObject({
      outcome: 'created',
      repeated: true,
    });
    expect((await row('twice'))?.rotate_every_seconds).toBe(2 * day);
  });

  it.each([
    ['an unknown setting', 'high', { rotate: 5 }, null],
    ['a rotation by the minute', 'high', { rotate_every_seconds: 60 }, null],
    ['a review by the hour', 'high', { review_every_seconds: 3600 }, null],
    ['a life of nothing', 'high', { expires_within_seconds: 0 }, null],
    ['a negative grace', 'high', { grace_seconds: -1 }, null],
    ['a span of a million years', 'high', { rotate_every_seconds: 1e15 }, null],
    ['a grace as long as the interval', 'high', { grace_seconds: 30 * day }, null],
    ['an environment of a policy’s name', 'high', { grace_seconds: 5 }, 'environment'],
    ['a policy of an environment’s name', 'production', { grace_seconds: 5 }, 'policy'],
    ['an environment that no key can have', 'prod', { grace_seconds: 5 }, 'environment'],
    ['a name that takes away', 'none', { grace_seconds: 5 }, null],
    ['a name that is none', 'a b\n', { grace_seconds: 5 }, null],
  ] as const)('refuses %s (KC422), and keeps nothing', async (_what, name, settings, appliesTo) => {
    const all = async () =>
      await postgres.sql`select to_jsonb(p)::text as p from keyctl.policies p order by name`;
    const before = await all();
    await expect(set(name, settings, { appliesTo })).rejects.toMatchObject({ exitCode: 2 });
    expect(await all()).toEqual(before);
  });

  it.each(['test_viewer', 'test_operator', 'test_auditor', 'test_gateway'] as const)(
    '%s sets no policy',
    async (role) => {
      const as = await database.connect(role);
      await expect(set('high', { grace_seconds: 7 }, { as })).rejects.toMatchObject({ exitCode: 77 });
    },
  );

  it('a key lives no longer than its policy allows: absent is set, later is refused with the latest', async () => {
    await set('short', { expires_within_seconds: 10 * day });
    const set10 = await create({ policy: 'short' });
    expect(await expiresIn(set10.key_id)).toBe(240);
    expect(set10.expires_at).not.toBeNull();
    expect(await expiresIn((await create({ policy: 'short', expires_in_seconds: 2 * day })).key_id)).toBe(48);
    expect(await expiresIn((await create({ policy: 'short', expires_in_seconds: 10 * day })).key_id)).toBe(
      240,
    );
    await expect(create({ policy: 'short', expires_in_seconds: 11 * day })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/no expiry after \d{4}-\d\d-\d\dT/),
    });
    await expect(create({ policy: 'short', expires_at: null })).rejects.toMatchObject({ exitCode: 2 });
    expect(await expiresIn((await create({})).key_id)).toBeNull();
  });

  it('an update keeps to it too, and a change of something else never shortens a life', async () => {
    await set('short', { expires_within_seconds: 10 * day });
    const key = await seedKey(postgres);
    const others = await bystanders(postgres, [key.id]);
    await update(key.id, { expires_in_seconds: 400 * day });
    expect(await update(key.id, { policy: 'short' })).toMatchObject({ after: { policy: 'short' } });
    expect(await expiresIn(key.id)).toBe(240);
    for (const settings of [
      { expires_in_seconds: 11 * day },
      { expires_at: null },
      { expires_at: '2999-01-01' },
    ]) {
      await expect(update(key.id, settings), JSON.stringify(settings)).rejects.toMatchObject({ exitCode: 2 });
    }
    await set('short', { expires_within_seconds: day });
    expect(Object.keys((await update(key.id, { rpm: 9 })).after)).toEqual(['rpm']);
    expect(await expiresIn(key.id)).toBe(240);
    expect(await bystanders(postgres, [key.id])).toEqual(others);
    expect((await auditOf(postgres, key.id)).filter((each) => each.action === 'key.updated')).toHaveLength(3);
  });

  it.each([
    ['an unknown policy', { policy: 'gold' }],
    ['the name of an environment', { policy: 'production' }],
    ['an action on expiry that there is not', { on_expiry: 'explode' }],
    ['no action on expiry', { on_expiry: null }],
    ['a review by the hour', { review_every_seconds: 3600 }],
    ['an exemption for no reason', { exempt_reason: 'none' }],
  ])('settings with %s are refused (KC422)', async (_what, settings) => {
    const key = await seedKey(postgres);
    await expect(update(key.id, settings)).rejects.toMatchObject({ exitCode: 2 });
    expect(await auditOf(postgres, key.id)).toEqual([]);
  });
});
