import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { hostile } from '../../render/hostile.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const keys = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', ...args], { database, role: 'test_viewer', ...options });
const shown = async (id: string, ...flags: string[]) =>
  JSON.parse((await keys(['show', id, '--json', ...flags])).stdout);

describe('keys show', () => {
  it('one record: the same fields as in a list, and use, limits and family besides', async () => {
    const old = await seedKey(admin, { status: 'retiring', owner: 'alice@example.com' });
    const key = await seedKey(admin, { family: old, owner: 'alice@example.com', scopes: ['a:b'] });
    await seedUsage(admin, { keyId: key.id, times: 3, secondsAgo: 5, ip: '192.0.2.1' });
    await seedUsage(admin, {
      keyId: key.id,
      times: 2,
      secondsAgo: 600,
      endpoint: '/v1/export',
      status: 403,
      ip: '192.0.2.2',
    });
    await seedUsage(admin, { keyId: key.id, times: 9, secondsAgo: 3 * 86_400 });
    await admin.sql`update keyctl.usage_events set bytes = 1000 where key_id = ${key.id}`;
    const {
      used,
      usage,
      family,
      rotations,
      incidents,
      effective_limits: limits,
      ...record
    } = await shown(key.id);
    const list = JSON.parse((await keys(['list', '--json', '--owner', 'alice@example.com'])).stdout).keys;
    expect(list).toContainEqual(record);
    expect(rotations).toEqual([]);
    expect(incidents).toEqual([]);
    expect(limits).toEqual({ percent: 100, rpm: null, rph: null, burst: null, concurrency: null });
    expect(used).toEqual({
      last_minute: 3,
      last_hour: 5,
      month_requests: null,
      month_tokens: null,
      month_cost_usd: null,
    });
    expect(usage).toMatchObject({
      requests: 14,
      errors: 2,
      unique_ips: 3,
      bytes: 14_000,
      as_of: expect.stringMatching(/Z$/),
    });
    expect(usage.endpoints).toEqual([
      { endpoint: '/v1/runs', requests: 12, errors: 0 },
      { endpoint: '/v1/export', requests: 2, errors: 2 },
    ]);
    expect(Date.parse(usage.until) - Date.parse(usage.since)).toBe(7 * 86_400_000);
    expect(family).toEqual([
      { key_id: old.id, version: 1, status: 'retiring' },
      { key_id: key.id, version: 2, status: 'active' },
    ]);
    expect((await shown(key.id, '--usage', '1h')).usage).toMatchObject({ requests: 5 });
  });

  it('counts what of quota and budget the family used this month', async () => {
    const key = await seedKey(admin);
    await admin.sql`update keyctl.api_keys set quota_requests = 10, budget_usd = 5 where id = ${key.id}`;
    expect((await shown(key.id)).used).toMatchObject({
      month_requests: 0,
      month_tokens: 0,
      month_cost_usd: 0,
    });
    expect((await keys(['show', key.id])).stdout).toMatch(
      /0 of 10 requests \(0 %\)[\s\S]*\$0\.00 of \$5\.00 \(0 %\)/,
    );
  });

  it('says what a person needs at a glance', async () => {
    const key = await seedKey(admin, {
      owner: 'bob@example.com',
      userId: 'u-9',
      scopes: ['a:b', 'c:*'],
      status: 'suspended',
    });
    await admin.sql`update keyctl.api_keys set rpm = 60, description = 'nightly export', decoy = true,
      allowed_ips = '{198.51.100.0/24}' where id = ${key.id}`;
    const { stdout } = await keys(['show', key.id]);
    expect(stdout).toContain(`${key.id}  ${key.name}  v1  ● suspended`);
    expect(stdout).toContain(`${database.name} as test_viewer`);
    expect(stdout).toMatch(/status +suspended since .*/);
    expect(stdout).toMatch(/owner +bob@example\.com · u-9/);
    expect(stdout).toMatch(/scopes +a:b, c:\*/);
    expect(stdout).toMatch(/only from +198\.51\.100\.0\/24/);
    expect(stdout).toMatch(/rate +0 of 60 in the last minute · 0 in the last hour, no limit/);
    expect(stdout).toMatch(/purpose +nightly export/);
    expect(stdout).toContain('nobody should ever use it');
    expect(stdout).toMatch(/family +no other key/);
    expect(stdout).toMatch(/in 7 d +none/);
  });

  it('shows all of a name that the heading has no room for', async () => {
    const key = await seedKey(admin, { name: `${'long name '.repeat(19)}end` });
    const { stdout } = await keys(['show', key.id]);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`name ${key.name}`);
    for (const text of stdout.split('\n')) expect(text.length).toBeLessThanOrEqual(80);
  });

  it.each([
    ['its id', (key: { id: string }) => key.id],
    ['the start of its id', (key: { id: string }) => key.id.slice(0, 12)],
    ['its name', (key: { name: string }) => key.name],
    ['a redacted token', (key: { redacted: string }) => key.redacted],
    ['its whole token', (key: { token: string }) => key.token],
  ] as const)('finds a key by %s', async (_what, reference) => {
    const key = await seedKey(admin);
    const ran = await keys(['show', reference(key), '-o', 'ids']);
    expect(ran).toMatchObject({ code: 0, stdout: `${key.id}\n` });
  });

  it('warns that a whole token is in the shell’s history now, without repeating it', async () => {
    const key = await seedKey(admin);
    const ran = await keys(['show', key.token]);
    expect(ran.stderr).toContain('history');
    expect(ran.stdout + ran.stderr).not.toContain(key.token);
  });

  it('shows keys without a verifier and with dead ends in words', async () => {
    await admin.sql`insert into keyctl.api_keys (id, external_id, name, status, version, family_id, origin, created_by, activated_at)
      values ('key_adopted00000', 'svc-account-7', 'svc-account-7', 'active', 1, 'key_adopted00000', 'adopted', 'test', now())`;
    const { stdout } = await keys(['show', 'svc-account-7']);
    expect(stdout).toMatch(/verifier +none: tracked and revocable/);
    expect(stdout).toMatch(/external id +svc-account-7/);
    expect(stdout).toMatch(/owner +nobody known/);
    const dead = await seedKey(admin, { status: 'revoked' });
    expect((await keys(['show', dead.id])).stdout.replace(/\s+/g, ' ')).toMatch(
      /revoked 2\S+ by postgres: seeded: it leaked long ago \(leaked\)/,
    );
  });

  it.each(hostile.filter(([, text]) => !text.includes('\0') && !/\p{Cs}/u.test(text)))(
    '%s: shown as text only',
    async (_trick, text) => {
      const key = await seedKey(admin, { name: `n ${text}` });
      await seedUsage(admin, { keyId: key.id, times: 1, secondsAgo: 1, endpoint: `/v1/${text}` });
      await admin.sql`update keyctl.api_keys set description = ${text}, used_by = ${`{"${text.replace(/["\\]/g, '')}"}`}::text[] where id = ${key.id}`;
      for (const command of ['show', 'list', 'lineage'] as const) {
        const args = command === 'list' ? ['list'] : [command, key.id];
        const { stdout, code } = await keys(args, { terminal: true });
        expect(code).toBe(0);
        expect(stdout.replace(/\x1b\[[\d;]*m/g, '')).not.toMatch(
          /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/,
        );
      }
      expect((await shown(key.id)).name).toBe(`n ${text}`);
    },
  );

  it.each([
    ['KEY', ['show'], 2],
    ['key_000000000000', ['show', 'key_000000000000'], 3],
    ['--usage', ['show', 'key_000000000000', '--usage', '7'], 2],
    ['too short', ['show', 'id:key_0'], 2],
    ['checksum', ['show', `kc_${'a'.repeat(64)}`], 2],
  ])('refuses %s', async (words, args, code) => {
    const ran = await keys(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(words);
  });

  it('takes a few characters for the start of an id on a terminal only', async () => {
    const key = await seedKey(admin);
    const start = key.id.slice(0, 7);
    expect(await keys(['show', start, '-o', 'ids'])).toMatchObject({ code: 3 });
    expect(await keys(['show', start, '-o', 'ids'], { terminal: true })).toMatchObject({
      stdout: `${key.id}\n`,
    });
  });

  it('several keys of one name: 2 and the list', async () => {
    const [one, two] = [await seedKey(admin, { name: 'twins' }), await seedKey(admin, { name: 'twins' })];
    const ran = await keys(['show', 'twins']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(one.id);
    expect(ran.stderr).toContain(two.id);
  });
});

describe('keys lineage', () => {
  it('tells the versions, who replaced whom, and what happened to each with its reason', async () => {
    const first = await seedKey(admin, { name: 'billing', status: 'retiring' });
    const second = await seedKey(admin, { name: 'billing (rotated)', family: first, status: 'suspended' });
    const ran = await keys(['lineage', second.id, '--json']);
    const family = JSON.parse(ran.stdout);
    expect(family).toMatchObject({ family_id: first.id, next_cursor: null });
    expect(
      family.keys.map((key: Record<string, unknown>) => [
        key.version,
        key.key_id,
        key.status,
        key.replaces,
        key.replaced_by,
      ]),
    ).toEqual([
      [1, first.id, 'retiring', null, second.id],
      [2, second.id, 'suspended', first.id, null],
    ]);
    expect(family.keys[1].events).toMatchObject([
      {
        action: 'key.suspended',
        actor: 'postgres',
        reason: 'seeded: being looked into',
        audit_seq: expect.any(Number),
      },
    ]);
    const { stdout } = await keys(['lineage', 'billing']);
    expect(stdout).toContain(`family ${first.id}  2 versions`);
    expect(stdout).toMatch(new RegExp(`  v1  ${first.id}  ● retiring  billing\n[\\s\\S]*› v2  ${second.id}`));
    expect(stdout.replace(/\s+/g, ' ')).toContain('suspended by postgres: seeded: being looked into');
  });

  it('-o ids and ndjson: a line for each version, oldest first', async () => {
    const first = await seedKey(admin, { status: 'replaced' });
    const second = await seedKey(admin, { family: first });
    expect((await keys(['lineage', second.id, '-o', 'ids'])).stdout).toBe(`${first.id}\n${second.id}\n`);
    const lines = (await keys(['lineage', first.id, '-o', 'ndjson'])).stdout.trim().split('\n');
    expect(lines.map((text) => JSON.parse(text).version)).toEqual([1, 2]);
  });

  it('of a key that there is not: 3; of none: 2', async () => {
    expect((await keys(['lineage', 'key_000000000000'])).code).toBe(3);
    expect((await keys(['lineage'])).code).toBe(2);
  });
});
