import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { type SeededKey, type SeedStatus, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const list = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'list', ...args], { database, role: 'test_viewer', ...options });
const ids = async (...args: string[]) =>
  (await list([...args, '-o', 'ids'])).stdout.split('\n').filter((id) => id !== '');
const set = (key: SeededKey, columns: string) =>
  admin.sql.unsafe(`update keyctl.api_keys set ${columns} where id = '${key.id}'`);

describe('keys list', () => {
  it('is empty in words, in JSON and in CSV, and names the database', async () => {
    expect((await list(['--owner', 'nobody@example.com'])).stdout).toContain(
      `no key fits in database ${database.name}`,
    );
    expect(JSON.parse((await list(['--owner', 'nobody@example.com', '--json'])).stdout)).toEqual({
      keys: [],
      next_cursor: null,
    });
    expect((await list(['--owner', 'nobody@example.com', '-o', 'csv'])).stdout).toMatch(
      /^key_id,external_id,name,.*\r\n$/,
    );
  });

  it.each(['pending', 'active', 'retiring', 'suspended', 'replaced', 'revoked', 'expired'] as const)(
    '--status %s finds exactly these, also when nobody stamped them',
    async (status) => {
      const key = await seedKey(admin, { status, prefix: `st_${status}` });
      const all: SeedStatus[] = [
        'pending',
        'active',
        'retiring',
        'suspended',
        'replaced',
        'revoked',
        'expired',
      ];
      for (const other of all.filter((each) => each !== status)) {
        expect(await ids('--status', other)).not.toContain(key.id);
      }
      expect(await ids('--status', status)).toContain(key.id);
      expect(await ids('--status', `${status},pending`, '--prefix', `st_${status}`)).toEqual([key.id]);
      const { stdout } = await list(['--prefix', `st_${status}`]);
      expect(stdout).toContain(status);
    },
  );

  it('narrows by owner in any case, user id, workspace, level and environment', async () => {
    const key = await seedKey(admin, { owner: 'dora@example.com', userId: 'u-dora', workspace: 'ws_dora' });
    const guest = await seedKey(admin, { workspace: 'ws_else' });
    await set(guest, "workspace_access = '{ws_dora}'");
    await set(key, "level = 'premium', environment = 'staging'");
    expect(await ids('--owner', 'Dora@Example.com')).toEqual([key.id]);
    expect(await ids('--user-id', 'u-dora')).toEqual([key.id]);
    expect((await ids('--workspace', 'ws_dora')).sort()).toEqual([key.id, guest.id].sort());
    expect(await ids('--level', 'premium')).toEqual([key.id]);
    expect(await ids('--environment', 'staging', '--owner', 'dora@example.com')).toEqual([key.id]);
    expect(await ids('--environment', 'production', '--owner', 'dora@example.com')).toEqual([]);
  });

  it('ages are counted by the database’s clock', async () => {
    const [old, expiring, unused] = [
      await seedKey(admin, { prefix: 'age' }),
      await seedKey(admin, { prefix: 'age' }),
      await seedKey(admin, { prefix: 'age' }),
    ];
    // created_at is history of the key, but the guard only refuses its change while triggers run.
    await admin.sql.unsafe(`set session_replication_role = replica;
      update keyctl.api_keys set created_at = now() - interval '200 days' where id = '${old.id}'; reset session_replication_role`);
    await set(expiring, "expires_at = now() + interval '29 days', last_used_at = now()");
    await set(unused, "activated_at = now() - interval '40 days', last_used_at = now() - interval '31 days'");
    const age = ['--prefix', 'age'];
    const longAgo = { now: new Date('2001-01-01') };
    expect(await ids(...age, '--older-than', '100d')).toEqual([old.id]);
    expect(await ids(...age, '--expiring')).toEqual([expiring.id]);
    expect(await ids(...age, '--expiring', '28d')).toEqual([]);
    expect(await ids(...age, '--unused')).toEqual([unused.id]);
    expect(await ids(...age, '--stale')).toEqual([unused.id]);
    expect((await list([...age, '--expiring', '-o', 'ids'], longAgo)).stdout).toBe(`${expiring.id}\n`);
  });

  it('--due: what policy, expiry or a missing verifier asks for, or an age, by the database’s clock', async () => {
    const seeded = async (columns: string) => {
      const key = await seedKey(admin, { prefix: 'due' });
      await set(key, columns);
      return key;
    };
    const standard = await seeded("activated_at = now() - interval '91 days'");
    const high = await seeded("activated_at = now() - interval '33 days', policy = 'high'");
    const soon = await seeded("activated_at = now() - interval '85 days'");
    const renews = await seeded(
      "activated_at = now() - interval '60 days', expires_at = now() + interval '3 days', on_expiry = 'renew'",
    );
    const exempt = await seeded(
      "activated_at = now() - interval '200 days', exempt_reason = 'burnt into the device'",
    );
    await seeded("activated_at = now() - interval '33 days'");
    const due = ['--prefix', 'due', '--due'];
    // What is left out is listed, last and marked.
    expect(await ids(...due)).toEqual([renews.id, high.id, standard.id, exempt.id]);
    expect(await ids(...due, '80d')).toEqual([renews.id, high.id, standard.id, soon.id, exempt.id]);
    expect((await list([...due, '-o', 'ids'], { now: new Date('2001-01-01') })).stdout).toContain(high.id);
    expect(await ids(...due, '--sort', 'last-used', '--limit', '1')).not.toContain(exempt.id);
    const { keys } = JSON.parse((await list([...due, '--json'])).stdout);
    expect(
      keys.map((each: Record<string, string>) => [
        each.rotation_due_cause,
        each.left_out,
        each.exempt_reason,
      ]),
    ).toEqual([
      ['expiry', null, null],
      ['policy', null, null],
      ['policy', null, null],
      ['policy', 'exempt', 'burnt into the device'],
    ]);
    expect(Date.parse(keys[2].rotation_due_at)).toBeLessThan(Date.now() - 0.9 * 86_400_000);
    const text = (await list(due)).stdout;
    expect(text).toMatch(/OWNER +DUE +WHY/);
    expect(text).toContain('left out, exempt: burnt into the device');
    expect(text).toMatch(new RegExp(`${standard.id}.* 1 d ago +policy`));
  });

  it('--due --fail-on-found: 7 for what somebody has to rotate, 0 when all of it is left out', async () => {
    const key = await seedKey(admin, { prefix: 'duefail' });
    const found = async () => (await list(['--prefix', 'duefail', '--due', '--fail-on-found'])).code;
    expect(await found()).toBe(0);
    await set(key, "activated_at = now() - interval '91 days'");
    expect(await found()).toBe(7);
    await set(key, "exempt_reason = 'burnt into the device'");
    expect(await found()).toBe(0);
    expect(await ids('--prefix', 'duefail', '--due')).toEqual([key.id]);
  });

  it('--weak finds what no verifier of ours proves, living ones only', async () => {
    await admin.sql`insert into keyctl.api_keys (id, name, status, version, family_id, origin, created_by, activated_at, digest)
      values ('key_tracked00000', 'tracked', 'active', 1, 'key_tracked00000', 'adopted', 'test', now(), null),
             ('key_digest000000', 'digest', 'active', 1, 'key_digest000000', 'imported', 'test', now(), '\\x01')`;
    expect((await ids('--weak')).sort()).toEqual(['key_digest000000', 'key_tracked00000']);
  });

  it('pages neither repeat nor miss a key', async () => {
    for (let at = 0; at < 7; at += 1) await seedKey(admin, { prefix: 'page' });
    const all = await ids('--prefix', 'page');
    const found: string[] = [];
    let cursor: string | null = '0';
    while (cursor !== null) {
      const page: { keys: { key_id: string }[]; next_cursor: string | null } = JSON.parse(
        (await list(['--prefix', 'page', '--limit', '3', '--cursor', cursor, '--json'])).stdout,
      );
      found.push(...page.keys.map((key) => key.key_id));
      cursor = page.next_cursor;
    }
    expect(found).toEqual(all);
    expect(new Set(found).size).toBe(7);
    expect((await list(['--prefix', 'page', '--limit', '3'])).stdout).toContain('more: --cursor 3');
  });

  it('--sort orders by what it says', async () => {
    const [b, a] = [
      await seedKey(admin, { prefix: 'sort', name: 'b' }),
      await seedKey(admin, { prefix: 'sort', name: 'a' }),
    ];
    await set(a, 'last_used_at = now()');
    await set(b, "expires_at = now() + interval '1 day'");
    expect(await ids('--prefix', 'sort', '--sort', 'name')).toEqual([a.id, b.id]);
    expect(await ids('--prefix', 'sort', '--sort', 'last-used')).toEqual([a.id, b.id]);
    expect(await ids('--prefix', 'sort', '--sort', 'expires')).toEqual([b.id, a.id]);
    expect(await ids('--prefix', 'sort', '--sort', 'created')).toEqual([a.id, b.id]);
  });

  it('--fail-on-found: 7 when any fits, 0 when none does', async () => {
    await seedKey(admin, { prefix: 'found' });
    expect((await list(['--prefix', 'found', '--fail-on-found'])).code).toBe(7);
    expect((await list(['--prefix', 'lost', '--fail-on-found'])).code).toBe(0);
  });

  it('fits 80 columns, and the note is never cut', async () => {
    const long = { prefix: 'wide', name: 'n'.repeat(200), owner: `${'o'.repeat(60)}@example.com` };
    await set(
      await seedKey(admin, { ...long, status: 'suspended' }),
      "suspended_until = now() + interval '12 hours'",
    );
    await set(await seedKey(admin, long), "expires_at = now() + interval '100 days 1 hour'");
    await set(
      await seedKey(admin, { ...long, status: 'retiring' }),
      "usable_until = now() + interval '90 minutes'",
    );
    await set(
      await seedKey(admin, long),
      "retire_on = now() + interval '20 hours', usable_until = now() + interval '20 hours'",
    );
    const pending = await seedKey(admin, { ...long, status: 'pending' });
    await admin.sql`select keyctl.abandon_key(gen_random_uuid(), '{}', ${pending.id}, 'nobody got its secret')`;
    const { stdout } = await list(['--prefix', 'wide', '--color', 'never'], {
      terminal: { stdout: true, columns: 80 },
    });
    const lines = stdout.trimEnd().split('\n');
    for (const text of lines) expect(text.length).toBeLessThanOrEqual(80);
    for (const note of ['ends in 11 h', 'expires in 100 d', 'gone in 1 h', 'abandoned', 'deprecation 19 h'])
      expect(stdout).toContain(note);
    expect(lines).toHaveLength(6);
    // Nothing limits the width of a pipe, so nothing is cut there.
    expect((await list(['--prefix', 'wide'])).stdout).toContain('n'.repeat(200));
  });

  it.each([
    ['--status', ['--status', 'live']],
    ['--sort', ['--sort', 'size']],
    ['--limit', ['--limit', '0']],
    ['--level', ['--level', 'root']],
    ['--environment', ['--environment', 'prod']],
    ['--due', ['--due', '3M']],
    ['--cursor', ['--cursor', 'x']],
  ])('2 for a bad %s', async (flag, args) => {
    const ran = await list(args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a gateway may not read keys: 77', async () => {
    expect((await list([], { role: 'test_gateway' })).code).toBe(77);
  });
});
