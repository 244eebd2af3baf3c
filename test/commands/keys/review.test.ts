import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, type KeySeed, seedKey, seedUsage } from '../../support/seed-keys.js';

const down = '\x1b[B';
const why = ['--reason', 'AR-12: asked the team, still in use'];

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const review = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'review', ...args], { database, role: 'test_operator', ...options });
const seeded = async (columns: string, seed: KeySeed = {}) => {
  const key = await seedKey(admin, { scopes: ['workflow:*', 'billing:read'], ...seed });
  if (columns !== '') await admin.sql.unsafe(`update keyctl.api_keys set ${columns} where id = '${key.id}'`);
  return key;
};
const stored = async (id: string) =>
  (
    await admin.sql`select status, scopes, to_jsonb(allowed_ips) as allowed_ips, reviewed_at is not null as reviewed
    from keyctl.api_keys where id = ${id}`
  )[0];

describe('keys review without a KEY', () => {
  it('lists what is due, the longest first, with owner and interval; 7 with --fail-on-found', async () => {
    expect((await review([], { role: 'test_viewer' })).stdout).toContain(
      `no review is due in database ${database.name}`,
    );
    expect((await review(['--fail-on-found'])).code).toBe(0);
    const late = await seeded(
      "review_every_seconds = 10 * 86400, activated_at = now() - interval '40 days'",
      {
        owner: 'alice@example.com',
        name: 'evil\x1b[2J',
      },
    );
    const recent = await seeded("policy = 'high', reviewed_at = now() - interval '91 days'");
    await seeded("policy = 'high', reviewed_at = now() - interval '89 days'");
    await seeded('');
    const ran = await review(['--json', '--fail-on-found'], { role: 'test_viewer' });
    expect(ran.code).toBe(7);
    const { reviews, next_cursor: cursor } = JSON.parse(ran.stdout);
    expect(cursor).toBeNull();
    expect(reviews.map((each: { key_id: string }) => each.key_id)).toEqual([late.id, recent.id]);
    expect(reviews[0]).toMatchObject({
      owner: 'alice@example.com',
      review_every_seconds: 864_000,
      reviewed_at: null,
      scopes: ['workflow:*', 'billing:read'],
    });
    const text = await review();
    expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining('evil\\x1b[2J') });
    expect(text.stdout).toMatch(/alice@example\.com +10 d +never +30 d ago/);
    await review([late.id, recent.id, '--decision', 'keep', ...why]);
    expect((await review(['--fail-on-found'])).code).toBe(0);
  });

  it('what was reviewed is due no more, until its interval is over again', async () => {
    const key = await seeded("review_every_seconds = 10 * 86400, activated_at = now() - interval '40 days'");
    expect((await review(['-o', 'ids'])).stdout).toContain(key.id);
    await review([key.id, '--decision', 'keep', ...why]);
    expect((await review(['-o', 'ids'])).stdout).not.toContain(key.id);
    await admin.sql`update keyctl.api_keys set reviewed_at = now() - interval '10 days' where id = ${key.id}`;
    expect((await review(['-o', 'ids'])).stdout).toContain(key.id);
    await review([key.id, '--decision', 'keep', ...why]);
  });
});

describe('keys review KEY off a terminal', () => {
  it('without a decision: what it may and what its family used in 90 days; nothing changes', async () => {
    const old = await seeded('', { status: 'replaced' });
    const key = await seeded("models = '{small-2,large-1}', allowed_ips = '{192.0.2.0/24}'", { family: old });
    await seedUsage(admin, { keyId: old.id, times: 2, secondsAgo: 86_400, endpoint: '/v1/export' });
    await seedUsage(admin, {
      keyId: key.id,
      times: 3,
      secondsAgo: 60,
      endpoint: '/v1/runs',
      ip: '192.0.2.77',
    });
    await seedUsage(admin, { keyId: key.id, times: 1, secondsAgo: 90, endpoint: '/v1/admin', status: 403 });
    await admin.sql`update keyctl.usage_events set model = 'small-2' where key_id = ${key.id}`;
    const before = await bystanders(admin, []);
    const ran = await review([key.id, '--json'], { role: 'test_viewer' });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      keys: [
        {
          key_id: key.id,
          scopes: ['workflow:*', 'billing:read'],
          allowed_ips: ['192.0.2.0/24'],
          models: ['small-2', 'large-1'],
          models_not_used: ['large-1'],
          reviewed_at: null,
          used: {
            requests: 6,
            errors: 1,
            endpoints: [
              { endpoint: '/v1/runs', requests: 3, errors: 0 },
              { endpoint: '/v1/export', requests: 2, errors: 0 },
              { endpoint: '/v1/admin', requests: 1, errors: 1 },
            ],
            endpoint_count: 3,
            ip_count: 2,
          },
        },
      ],
      next_cursor: null,
    });
    const text = (await review([key.id])).stdout;
    expect(text).toContain('6 requests by its family, 1 error');
    expect(text).toMatch(/endpoints +\/v1\/runs {2}3/);
    expect(text).toContain('models large-1');
    expect(await bystanders(admin, [])).toEqual(before);
  });

  it('keep needs no consent, because nobody’s access changes; it is written down', async () => {
    const key = await seeded('review_every_seconds = 30 * 86400');
    const others = await bystanders(admin, [key.id]);
    const ran = await review([key.id, '--decision', 'keep', '--json', ...why]);
    expect(ran.code).toBe(0);
    const done = JSON.parse(ran.stdout);
    expect(done).toEqual({
      operation_id: expect.any(String),
      results: [
        {
          key_id: key.id,
          outcome: 'reviewed',
          decision: 'keep',
          reviewed_at: expect.stringMatching(/Z$/),
          next_review_at: expect.stringMatching(/Z$/),
          before: {},
          after: {},
          revoked_at: null,
          audit_seq: expect.any(Number),
          error: null,
        },
      ],
      reviewed: 1,
      failed: 0,
    });
    expect(await bystanders(admin, [key.id])).toEqual(others);
    expect(await auditOf(admin, key.id)).toMatchObject([
      {
        action: 'key.reviewed',
        reason: why[1],
        actor_db: 'test_operator',
        record: { details: { decision: 'keep' } },
      },
    ]);
  });

  it('narrow takes away what was not given, and prints before and after', async () => {
    const key = await seeded('');
    const flags = ['--decision', 'narrow', '--scope', 'workflow:read', '--allow-ip', '192.0.2.0/24'];
    const plan = await review([key.id, ...flags, '--dry-run', '--json']);
    expect(JSON.parse(plan.stdout)).toEqual({
      dry_run: true,
      count: 1,
      keys: [
        {
          key_id: key.id,
          decision: 'narrow',
          before: { scopes: ['workflow:*', 'billing:read'], allowed_ips: [] },
          after: { scopes: ['workflow:read'], allowed_ips: ['192.0.2.0/24'] },
        },
      ],
    });
    expect(await stored(key.id)).toMatchObject({ reviewed: false });
    expect((await review([key.id, ...flags, ...why])).code).toBe(5);
    const ran = await review([key.id, ...flags, '-y', ...why]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('reviewed, narrowed');
    expect(ran.stdout).toMatch(/scopes +workflow:\*, billing:read → workflow:read/);
    expect(await stored(key.id)).toMatchObject({
      scopes: ['workflow:read'],
      allowed_ips: ['192.0.2.0/24'],
      reviewed: true,
    });
    const wider = await review([key.id, '--decision', 'narrow', '--scope', 'admin:*', '-y', ...why]);
    expect(wider).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--scope: admin:*') });
  });

  it('revoke ends it with both rows, and is final', async () => {
    const key = await seeded('');
    const args = [key.id, '--decision', 'revoke', '-y', '--json', '--operation-id', randomUUID(), ...why];
    const ran = await review(args);
    expect(JSON.parse(ran.stdout).results[0]).toMatchObject({ decision: 'revoke', next_review_at: null });
    expect(JSON.parse(ran.stdout).results[0].revoked_at).not.toBeNull();
    expect(await stored(key.id)).toMatchObject({ status: 'revoked' });
    expect((await auditOf(admin, key.id)).map((row) => row.action)).toEqual(['key.revoked', 'key.reviewed']);
    // The same operation again answers the first outcome.
    expect((await review(args)).stdout).toBe(ran.stdout);
    expect(await review([key.id, '--decision', 'keep', ...why])).toMatchObject({ code: 4, stdout: '' });
  });

  it('several: one decision for all, 6 when one was refused', async () => {
    const [one, dead] = [await seeded(''), await seeded('', { status: 'revoked' })];
    const ran = await review([one.id, dead.id, '--decision', 'keep', '--json', ...why]);
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout)).toMatchObject({ reviewed: 1, failed: 1 });
  });

  it.each([
    ['--yes', ['key_000000000000', '--decision', 'revoke', ...why], 5],
    ['--reason', ['key_000000000000', '--decision', 'keep'], 2],
    ['--decision', ['key_000000000000', '--decision', 'drop', ...why], 2],
    ['--decision', ['key_000000000000', '--decision', 'narrow', '-y', ...why], 2],
    ['--scope', ['key_000000000000', '--decision', 'keep', '--scope', 'a:b', ...why], 2],
    ['--scope', ['key_000000000000', '--scope', 'a:b'], 2],
    ['--allow-ip', ['key_000000000000', '--decision', 'revoke', '--allow-ip', '192.0.2.1', ...why], 2],
    ['KEY', ['--decision', 'keep', ...why], 2],
    ['--fail-on-found', ['key_000000000000', '--fail-on-found'], 2],
    ['key_000000000000', ['key_000000000000', '--decision', 'keep', ...why], 3],
    ['key_000000000000', ['key_000000000000'], 3],
  ])('refuses what is missing or wrong: %s in %j', async (flag, args, code) => {
    const ran = await review(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a viewer may look, but not decide: 77', async () => {
    const key = await seeded('');
    expect((await review([key.id, '--decision', 'keep', ...why], { role: 'test_viewer' })).code).toBe(77);
    expect(await stored(key.id)).toMatchObject({ reviewed: false });
  });
});

describe('keys review KEY on a terminal', () => {
  const onTerminal = (args: readonly string[], answers: NonNullable<FakeOptions['answers']>) =>
    review(args, { terminal: true, answers });

  it('shows the use and asks; nothing is done before the last answer, a skipped one stays due', async () => {
    const [kept, skipped, ended] = [await seeded(''), await seeded(''), await seeded('')];
    await seedUsage(admin, { keyId: kept.id, times: 3, secondsAgo: 60, endpoint: '/v1/runs' });
    const ran = await onTerminal(
      [kept.id, skipped.id, ended.id],
      [
        [`access of ${kept.id}?`, ''],
        ['Reason', 'AR-12: asked the team'],
        [`access of ${skipped.id}?`, down.repeat(3)],
        [`access of ${ended.id}?`, down.repeat(2)],
        ['Reason', 'AR-12: nobody knows it'],
        ['to revoke it', ended.id.slice(4, 8)],
      ],
    );
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('/v1/runs  3');
    expect(ran.stdout).toMatch(/reviewed, kept as it is[\s\S]*reviewed, revoked/);
    expect(await stored(kept.id)).toMatchObject({ status: 'active', reviewed: true });
    expect(await stored(skipped.id)).toMatchObject({ status: 'active', reviewed: false });
    expect(await stored(ended.id)).toMatchObject({ status: 'revoked', reviewed: true });
    expect(await auditOf(admin, skipped.id)).toEqual([]);
    expect((await auditOf(admin, ended.id)).at(-1)).toMatchObject({ reason: 'AR-12: nobody knows it' });
  });

  it('narrow asks what is left; another answer than its id is 5, and nothing was done', async () => {
    const key = await seeded('');
    const narrowing: NonNullable<FakeOptions['answers']> = [
      ['What about the access', down],
      ['Scopes that are left', ''],
      ['Networks that are left', ''],
      ['Scopes that are left', 'workflow:read, workflow:list'],
      ['Networks that are left', ''],
      ['Reason', 'AR-12: it only reads'],
    ];
    const no = await onTerminal([key.id], [...narrowing, ['to narrow it', 'yes']]);
    expect(no).toMatchObject({ code: 5, stdout: '' });
    expect(no.stderr).toContain('That narrows nothing.');
    expect(await stored(key.id)).toMatchObject({ reviewed: false });
    const ran = await onTerminal([key.id], [...narrowing, ['to narrow it', key.id.slice(4, 8)]]);
    expect(ran.code).toBe(0);
    expect(await stored(key.id)).toMatchObject({
      scopes: ['workflow:read', 'workflow:list'],
      reviewed: true,
    });
  });

  it('with --decision asks for consent alone', async () => {
    const key = await seeded('');
    const ran = await onTerminal(
      [key.id, '--decision', 'revoke', ...why],
      [['to revoke it', key.id.slice(4, 8)]],
    );
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`${database.name} as test_operator`);
    expect(await stored(key.id)).toMatchObject({ status: 'revoked' });
  });

  it('all skipped is success; Ctrl-C is 130 with nothing done', async () => {
    const key = await seeded('');
    const skipped = await onTerminal([key.id], [['What about the access', down.repeat(3)]]);
    expect(skipped).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('nothing was reviewed'),
    });
    const left = await onTerminal([key.id], [['What about the access', '\x03']]);
    expect(left).toMatchObject({ code: 130, stdout: '' });
    expect(await stored(key.id)).toMatchObject({ reviewed: false });
  });
});
