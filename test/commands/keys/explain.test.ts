import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { bystanders, type SeedStatus, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const explain = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'explain', ...args], { database, role: 'test_viewer', ...options });
const explained = async (args: readonly string[]) => JSON.parse((await explain([...args, '--json'])).stdout);
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

async function keyWith(columns: string, status: SeedStatus = 'active'): Promise<string> {
  const { id } = await seedKey(admin, { status });
  if (columns !== '') await admin.sql.unsafe(`update keyctl.api_keys set ${columns} where id = '${id}'`);
  return id;
}

/** Every answer of the kernel: how a key comes to it, what is asked, and what the person is told. */
const cases: readonly (readonly [
  decision: string,
  columns: string,
  status: SeedStatus,
  asked: readonly string[],
  words: RegExp,
])[] = [
  ['ok', '', 'active', [], /nothing speaks against it/],
  [
    'ok',
    "usable_until = now() + interval '1 day', replaced_by = 'key_successor000'",
    'retiring',
    [],
    /replaced by key_successor000, usable until 2/,
  ],
  ['pending', '', 'pending', [], /its secret has not been delivered/],
  ['revoked', '', 'revoked', [], /revoked 2.*Z by postgres: seeded: it leaked long ago \(leaked\)/],
  [
    'revoked',
    "retire_on = now() - interval '1 day', usable_until = now() - interval '1 day', retire_reason = 'service ends'",
    'active',
    [],
    /retired 2.*Z as planned: service ends/,
  ],
  ['replaced', "replaced_by = 'key_successor001'", 'replaced', [], /replaced by key_successor001 2/],
  [
    'suspended',
    "suspended_until = now() + interval '1 day'",
    'suspended',
    [],
    /suspended since .* until .*: seeded: being looked into/,
  ],
  ['expired', '', 'expired', [], /expired 2/],
  [
    'ip_blocked',
    '',
    'active',
    ['--ip', '203.0.113.9'],
    /203\.0\.113\.0\/24 is blocked since .*: scans us since 02:11/,
  ],
  [
    'ip',
    "allowed_ips = '{198.51.100.0/24}'",
    'active',
    ['--ip', '192.0.2.1'],
    /192\.0\.2\.1 is not among the networks it works from: 198\.51\.100\.0\/24/,
  ],
  [
    'workspace',
    "workspace_id = 'ws_1', workspace_access = '{ws_2}'",
    'active',
    ['--workspace', 'ws_3'],
    /does not work in ws_3; its workspaces: ws_1, ws_2/,
  ],
  ['scope', "scopes = '{a:b}'", 'active', ['--scope', 'c:d'], /c:d is not covered by its scopes: a:b/],
  ['scope', '', 'active', ['--scope', 'c:d'], /its scopes: none/],
  [
    'model',
    "models = '{small-2}'",
    'active',
    ['--model', 'large-1'],
    /large-1 is not among its models: small-2/,
  ],
  [
    'feature',
    "features = '{export}'",
    'active',
    ['--feature', 'import'],
    /import is not among its features: export/,
  ],
];

describe('keys explain', () => {
  beforeAll(async () => {
    await admin.sql`insert into keyctl.ip_blocks (cidr, reason, blocked_by) values ('203.0.113.0/24', 'scans us since 02:11', 'test')`;
  });

  it.each(cases)('%s: says so and why, exit 0 (%s, %s)', async (decision, columns, status, asked, words) => {
    const id = await keyWith(columns, status);
    const ran = await explain([id, ...asked]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(decision === 'ok' ? '✓ accepted' : `✗ refused: ${decision}`);
    expect(ran.stdout.replace(/\s+/g, ' ')).toMatch(words);
    expect(ran.stdout).toContain('Limits and blocks act where the gateway asks');
    const record = await explained([id, ...asked]);
    expect(record).toMatchObject({ key_id: id, decision, accepted: decision === 'ok' });
    expect(record.reason).toMatch(words);
  });

  it('budget and quota: what was used of them, and that the next month begins anew', async () => {
    const key = await seedKey(admin);
    await seedUsage(admin, { keyId: key.id, times: 4, secondsAgo: 0 });
    await admin.sql`update keyctl.usage_events set cost_usd = 2.5, tokens = 100,
      ts = date_trunc('month', now(), 'UTC') + (now() - date_trunc('month', now(), 'UTC')) / 2 where key_id = ${key.id}`;
    await admin.sql`update keyctl.api_keys set budget_usd = 8 where id = ${key.id}`;
    const budget = await explained([key.id]);
    expect(budget).toMatchObject({
      decision: 'budget',
      reason: '$10.00 of $8.00 spent this month by its family',
    });
    expect(budget.used).toMatchObject({ month_requests: 4, month_tokens: 400, month_cost_usd: 10 });
    const [next] =
      await admin.sql`select to_char((date_trunc('month', now(), 'UTC') + interval '1 month') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`;
    expect(budget.changes).toEqual([{ at: next?.at, status: 'active', decision: 'ok' }]);
    await admin.sql`update keyctl.api_keys set budget_usd = null, quota_requests = 4, quota_tokens = 9999 where id = ${key.id}`;
    expect(await explained([key.id])).toMatchObject({
      decision: 'quota',
      reason: '4 of 4 requests used this month by its family',
    });
    const text = (await explain([key.id])).stdout;
    expect(text).toMatch(/in \d{4}-\d\d +4 of 4 requests \(100 %\)/);
    expect(text).toMatch(/400 of 9,999 tokens \(4 %\)/);
  });

  it('--at moves time: each end is found in its order, with no job running and nothing written', async () => {
    const id = await keyWith(
      "status = 'suspended', suspended_from = 'active', suspended_at = now(), suspension_reason = 'x', suspended_until = now() + interval '1 day', expires_at = now() + interval '5 days'",
    );
    const before = await bystanders(admin, []);
    const now = await explained([id]);
    expect(now.decision).toBe('suspended');
    expect(now.changes.map((change: { decision: string }) => change.decision)).toEqual(['ok', 'expired']);
    expect(await explained([id, '--at', now.changes[0].at])).toMatchObject({ decision: 'suspended' });
    expect(await explained([id, '--at', inDays(2)])).toMatchObject({
      decision: 'ok',
      status: 'active',
      changes: [{ decision: 'expired' }],
    });
    expect(await explained([id, '--at', inDays(6)])).toMatchObject({
      decision: 'expired',
      status: 'expired',
      changes: [],
    });
    expect(await bystanders(admin, [])).toEqual(before);
  });

  it('tells the end of a grace period, of a planned retirement and of a block', async () => {
    const grace = await keyWith('', 'retiring');
    expect((await explained([grace])).changes).toMatchObject([{ decision: 'replaced' }]);
    const retiring = await keyWith(
      "retire_on = now() + interval '3 days', usable_until = now() + interval '3 days'",
    );
    expect((await explained([retiring])).changes).toMatchObject([{ decision: 'revoked', status: 'revoked' }]);
    expect(await explained([retiring, '--at', inDays(4)])).toMatchObject({ decision: 'revoked' });
    await admin.sql`insert into keyctl.ip_blocks (cidr, reason, blocked_by, blocked_until)
      values ('198.51.100.9', 'scans us since 02:11', 'test', now() + interval '2 hours')`;
    const blocked = await explained([await keyWith(''), '--ip', '198.51.100.9']);
    expect(blocked).toMatchObject({ decision: 'ip_blocked', changes: [{ decision: 'ok' }] });
  });

  it('a dead key’s effective limits are 0, a live one’s its own', async () => {
    const limits = 'rpm = 100, rph = 1000, burst = 5';
    expect((await explained([await keyWith(limits)])).limits).toMatchObject({
      rpm: 100,
      rph: 1000,
      burst: 5,
      concurrency: null,
    });
    const { id } = await seedKey(admin, { status: 'revoked' });
    expect((await explained([id])).limits).toMatchObject({ rpm: 0, rph: 0, burst: 0, budget_usd: 0 });
  });

  it('holds use and peaks of seven days against the limits', async () => {
    const id = await keyWith('rpm = 60, rph = 1000');
    await seedUsage(admin, { keyId: id, times: 30, secondsAgo: 1 });
    await seedUsage(admin, { keyId: id, times: 100, secondsAgo: 86_400 });
    await seedUsage(admin, { keyId: id, times: 500, secondsAgo: 9 * 86_400 });
    const { used } = await explained([id]);
    expect(used).toMatchObject({ last_minute: 30, last_hour: 30, events_as_of: expect.stringMatching(/Z$/) });
    const [peak] =
      await admin.sql`select max(n)::int as minute from (select count(*) as n from keyctl.usage_events
      where key_id = ${id} and ts > now() - interval '7 days' group by date_trunc('minute', ts)) m`;
    expect(used.peak_minute).toBe(peak?.minute);
    expect(used.peak_hour).toBeGreaterThanOrEqual(used.peak_minute);
    expect(used.peak_hour).toBeLessThanOrEqual(100);
    expect((await explain([id])).stdout).toContain(
      '30 of 60 in the last minute · 30 of 1,000 in the last hour',
    );
  });

  it('names what the key is bound to and was not asked about', async () => {
    const id = await keyWith("allowed_ips = '{198.51.100.0/24}', models = '{m}'");
    expect((await explain([id])).stdout).toMatch(/not asked +--ip, --scope, --model/);
  });

  it('in 80 columns, with hostile values as text', async () => {
    const hostile = `\x1b]52;c;xx\x07${'long '.repeat(20)}\u202e`;
    const { id } = await seedKey(admin, { status: 'suspended', name: 'n' });
    await admin.sql`update keyctl.api_keys set suspension_reason = ${hostile} where id = ${id}`;
    const ran = await explain([id], { terminal: true });
    expect(ran.stdout.replace(/\x1b\[[\d;]*m/g, '')).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/);
    for (const line of ran.stdout
      .replace(/\x1b\[[\d;]*m/g, '')
      .split('\n')
      .slice(1))
      expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([
    ['KEY', [], 2],
    ['key_000000000000', ['key_000000000000'], 3],
    ['--at', ['key_000000000000', '--at', 'tomorrow'], 2],
    ['--ip', ['key_000000000000', '--ip', '10.0.0.0/8'], 2],
    ['--scope', ['key_000000000000', '--scope', '*'], 2],
  ])('refuses %s', async (flag, args, code) => {
    const ran = await explain(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });
});
