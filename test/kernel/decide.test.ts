import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { decide } from '../../src/db/kernel-decisions.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { type SeedStatus, seedKey, seedUsage } from '../support/seed-keys.js';

describe.each(servers)('keyctl.decide on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let gateway: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    gateway = await database.connect('test_gateway');
  });
  afterAll(() => database.drop());

  /** A key whose columns are set by plain SQL, as if the commands for it were there. */
  async function keyWith(columns: string, status: SeedStatus = 'active'): Promise<string> {
    const { id } = await seedKey(admin, { status });
    if (columns !== '') await admin.sql.unsafe(`update keyctl.api_keys set ${columns} where id = '${id}'`);
    return id;
  }
  const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  const asked = (id: string, request = {}) => gateway.run({ sends: 'read' }, (db) => decide(db, id, request));

  it.each([
    ['pending', 'pending'],
    ['active', 'ok'],
    ['retiring', 'ok'],
    ['suspended', 'suspended'],
    ['replaced', 'replaced'],
    ['revoked', 'revoked'],
    ['expired', 'expired'],
  ] as const)('a %s key: %s', async (status, decision) => {
    expect(await asked(await keyWith('', status))).toBe(decision);
  });

  it('a key that there is not is no decision', async () => {
    await expect(asked('key_000000000000')).rejects.toMatchObject({ exitCode: 3 });
  });

  /** What ends by itself ends by the clock alone: time is moved, nothing is written, no job runs. */
  it.each([
    [
      'a suspension',
      "status = 'suspended', suspended_from = 'active', suspended_at = now(), suspended_until = now() + interval '2 days'",
      'suspended',
      'ok',
    ],
    [
      'a grace period',
      "status = 'retiring', replaced_at = now() - interval '1 day', usable_until = now() + interval '2 days', replaced_by = 'key_successor000'",
      'ok',
      'replaced',
    ],
    ['an expiry', "expires_at = now() + interval '2 days'", 'ok', 'expired'],
    [
      'a planned retirement',
      "retire_on = now() + interval '2 days', usable_until = now() + interval '2 days', retire_reason = 'its service ends'",
      'ok',
      'revoked',
    ],
  ])('%s ends by itself, to the microsecond', async (_what, columns, before, after) => {
    const id = await keyWith(columns);
    const [end] =
      await admin.sql`select to_jsonb(coalesce(suspended_until, usable_until, expires_at)) #>> '{}' as at,
      to_jsonb(coalesce(suspended_until, usable_until, expires_at) - interval '1 microsecond') #>> '{}' as just_before
      from keyctl.api_keys where id = ${id}`;
    expect(await asked(id)).toBe(before);
    expect(await asked(id, { at: end?.just_before })).toBe(before);
    expect(await asked(id, { at: end?.at })).toBe(after);
    expect(await asked(id, { at: at(400) })).toBe(after);
    const [row] =
      await admin.sql`select (select count(*) from keyctl.audit_log where key_id = ${id} and action <> 'key.created')::int as rows`;
    expect(row?.rows).toBe(0);
  });

  it('a suspended key whose grace or life ends meanwhile stays dead when the suspension ends', async () => {
    const suspended =
      "suspended_at = now(), suspended_until = now() + interval '3 days', status = 'suspended'";
    const grace = await keyWith(
      `${suspended}, suspended_from = 'retiring', replaced_at = now(), usable_until = now() + interval '1 day'`,
    );
    expect(await asked(grace, { at: at(2) })).toBe('replaced');
    expect(await asked(grace, { at: at(4) })).toBe('replaced');
    const life = await keyWith(
      `${suspended}, suspended_from = 'active', expires_at = now() + interval '1 day'`,
    );
    expect(await asked(life, { at: at(2) })).toBe('suspended');
    expect(await asked(life, { at: at(4) })).toBe('expired');
  });

  it('looks back as far as the columns remember', async () => {
    const id = await keyWith("activated_at = now() - interval '10 days'", 'active');
    expect(await asked(id, { at: at(-11) })).toBe('pending');
    expect(await asked(id, { at: at(-9) })).toBe('ok');
    const { id: revoked } = await seedKey(admin, { status: 'revoked' });
    await admin.sql`update keyctl.api_keys set activated_at = now() - interval '10 days' where id = ${revoked}`;
    expect(await asked(revoked, { at: at(-1) })).toBe('ok');
    expect(await asked(revoked)).toBe('revoked');
  });

  it.each([
    ['the network', "allowed_ips = '{198.51.100.0/24}'", { ip: '198.51.100.7' }, 'ok'],
    ['another address', "allowed_ips = '{198.51.100.0/24}'", { ip: '192.0.2.1' }, 'ip'],
    ['the address in IPv6 dress', "allowed_ips = '{198.51.100.0/24}'", { ip: '::ffff:198.51.100.7' }, 'ok'],
    ['an IPv6 network', "allowed_ips = '{2001:db8::/32}'", { ip: '2001:db8:1::9' }, 'ok'],
    ['no network given', '', { ip: '192.0.2.1' }, 'ok'],
    ['its workspace', "workspace_id = 'ws_1'", { workspace: 'ws_1' }, 'ok'],
    [
      'a workspace it was let into',
      "workspace_id = 'ws_1', workspace_access = '{ws_2}'",
      { workspace: 'ws_2' },
      'ok',
    ],
    [
      'another workspace',
      "workspace_id = 'ws_1', workspace_access = '{ws_2}'",
      { workspace: 'ws_3' },
      'workspace',
    ],
    ['any workspace, bound to none', '', { workspace: 'ws_3' }, 'ok'],
    ['the same scope', "scopes = '{a:b}'", { scope: 'a:b' }, 'ok'],
    ['a scope below the star', "scopes = '{a:*}'", { scope: 'a:b:c' }, 'ok'],
    ['the star’s own stem', "scopes = '{a:*}'", { scope: 'a' }, 'scope'],
    ['a scope that only begins alike', "scopes = '{a:b}'", { scope: 'a:bc' }, 'scope'],
    ['a scope with none granted', '', { scope: 'a:b' }, 'scope'],
    ['a model of its list', "models = '{small-2}'", { model: 'small-2' }, 'ok'],
    ['another model', "models = '{small-2}'", { model: 'large-1' }, 'model'],
    ['any model without a list', '', { model: 'large-1' }, 'ok'],
    ['another feature', "features = '{export}'", { feature: 'import' }, 'feature'],
    [
      'what is not asked about',
      "scopes = '{a:b}', models = '{m}', allowed_ips = '{198.51.100.0/24}'",
      {},
      'ok',
    ],
  ])('%s: %s', async (_what, columns, request, decision) => {
    expect(await asked(await keyWith(columns), request)).toBe(decision);
  });

  it('a blocked network hits every key, before its own list, while the block stands', async () => {
    const id = await keyWith("allowed_ips = '{203.0.113.0/24}'");
    await admin.sql`insert into keyctl.ip_blocks (cidr, reason, blocked_by, blocked_at, blocked_until)
      values ('203.0.113.128/25', 'scans us', 'test', now() - interval '1 day', now() + interval '1 day')`;
    expect(await asked(id, { ip: '203.0.113.200' })).toBe('ip_blocked');
    expect(await asked(id, { ip: '::ffff:203.0.113.200' })).toBe('ip_blocked');
    expect(await asked(id, { ip: '203.0.113.1' })).toBe('ok');
    expect(await asked(id, { ip: '203.0.113.200', at: at(2) })).toBe('ok');
    await admin.sql`update keyctl.ip_blocks set unblocked_at = clock_timestamp()`;
    expect(await asked(id, { ip: '203.0.113.200' })).toBe('ok');
  });

  it('budget and quota count the calendar month of the whole family, and begin anew with the next', async () => {
    const old = await seedKey(admin, { status: 'retiring' });
    const { id } = await seedKey(admin, { family: old });
    await seedUsage(admin, { keyId: old.id, times: 3, secondsAgo: 0 });
    await seedUsage(admin, { keyId: id, times: 2, secondsAgo: 0 });
    // The first minute of a month would put them into the month before.
    await admin.sql`update keyctl.usage_events set ts = date_trunc('month', now(), 'UTC') + (now() - date_trunc('month', now(), 'UTC')) / 2,
      cost_usd = 2, tokens = 10 where key_id in (${old.id}, ${id})`;
    const decided = async (columns: string, request = {}) => {
      await admin.sql.unsafe(
        `update keyctl.api_keys set budget_usd = null, quota_requests = null, quota_tokens = null where id = '${id}'`,
      );
      await admin.sql.unsafe(`update keyctl.api_keys set ${columns} where id = '${id}'`);
      return await asked(id, request);
    };
    expect(await decided('budget_usd = 10')).toBe('budget');
    expect(await decided('budget_usd = 10.000001')).toBe('ok');
    expect(await decided('quota_requests = 5')).toBe('quota');
    expect(await decided('quota_requests = 6')).toBe('ok');
    expect(await decided('quota_tokens = 50')).toBe('quota');
    expect(await decided('quota_tokens = 51')).toBe('ok');
    expect(await decided('quota_requests = 5, budget_usd = 10')).toBe('budget');
    expect(await decided('quota_requests = 5', { at: at(40) })).toBe('ok');
    expect(await decided('quota_requests = 5', { at: at(-40) })).toBe('pending');
  });

  it('the first reason in the contract’s order is the one that is told', async () => {
    const all = `allowed_ips = '{198.51.100.0/24}', workspace_id = 'ws_1', scopes = '{a:b}', models = '{m}', features = '{f}'`;
    const id = await keyWith(all);
    const wrong = { ip: '192.0.2.1', workspace: 'x', scope: 'x', model: 'x', feature: 'x' };
    const order = ['ip', 'workspace', 'scope', 'model', 'feature'] as const;
    const right = { ip: '198.51.100.1', workspace: 'ws_1', scope: 'a:b', model: 'm', feature: 'f' };
    const request: Record<string, string> = { ...wrong };
    for (const reason of order) {
      expect(await asked(id, request)).toBe(reason);
      request[reason] = right[reason];
    }
    expect(await asked(id, request)).toBe('ok');
    await admin.sql`update keyctl.api_keys set expires_at = now() - interval '1 day' where id = ${id}`;
    expect(await asked(id, wrong)).toBe('expired');
  });

  it('the list of keys says the same as the decision', async () => {
    const rows = await admin.sql`select k.status, keyctl.decide(k.id) as decision from keyctl.keys k`;
    const usable = (status: string) =>
      status === 'active' || status === 'retiring' ? ['ok', 'quota', 'budget'] : [status];
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) expect(usable(row.status)).toContain(row.decision);
  });
});
