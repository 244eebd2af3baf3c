import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
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

const why = ['--reason', 'scans us since 02:11, INC-42'];
const keys = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', ...args], { database, role: 'test_operator', ...options });
const listed = async () =>
  JSON.parse((await keys(['blocked-ips', '--json'], { role: 'test_viewer' })).stdout).blocked_ips;
const rowsOf = async (action: string) =>
  await admin.sql`select reason, actor_db, key_id, record::jsonb -> 'details' as details from keyctl.audit_log where action = ${action} order by seq`;
const decision = async (id: string, ip: string) =>
  (await admin.sql`select keyctl.decide(${id}, p_ip => ${ip}::inet) as decision`)[0]?.decision;

describe('keys block-ip, unblock-ip, blocked-ips', () => {
  it('blocks for every key, lists it, ends it, with a row each', async () => {
    const key = await seedKey(admin);
    expect((await keys(['blocked-ips'])).stdout).toBe('no network is blocked\n');
    const ran = await keys(['block-ip', '198.51.100.0/24', '-y', '--for', '24h', '--json', ...why]);
    expect(ran.code).toBe(0);
    const blocked = JSON.parse(ran.stdout);
    expect(blocked).toMatchObject({ cidr: '198.51.100.0/24', outcome: 'blocked', reason: why[1] });
    expect(Date.parse(blocked.blocked_until) - Date.parse(blocked.blocked_at)).toBe(86_400_000);
    expect(await decision(key.id, '198.51.100.17')).toBe('ip_blocked');
    expect(await decision(key.id, '198.51.101.17')).toBe('ok');
    expect(await listed()).toEqual([
      {
        cidr: '198.51.100.0/24',
        blocked_at: blocked.blocked_at,
        blocked_by: 'test_operator',
        blocked_until: blocked.blocked_until,
        reason: why[1],
      },
    ]);
    expect((await keys(['blocked-ips'])).stdout).toMatch(
      /198\.51\.100\.0\/24 +now|198\.51\.100\.0\/24 +\d+ s ago/,
    );
    expect(await rowsOf('ip.blocked')).toMatchObject([
      { reason: why[1], actor_db: 'test_operator', key_id: null },
    ]);

    const done = await keys(['unblock-ip', '198.51.100.0/24', '--json', '--reason', 'the scan was our own']);
    expect(JSON.parse(done.stdout)).toMatchObject({ outcome: 'unblocked', cidr: '198.51.100.0/24' });
    expect(await decision(key.id, '198.51.100.17')).toBe('ok');
    expect(await listed()).toEqual([]);
    expect(await rowsOf('ip.unblocked')).toMatchObject([{ reason: 'the scan was our own' }]);
  });

  it('writes a network in one form: a lone address with its mask, IPv6 shortened', async () => {
    await keys(['block-ip', '2001:DB8:0::1', '-y', ...why]);
    await keys(['block-ip', '192.0.2.7', '-y', ...why]);
    expect((await keys(['blocked-ips', '-o', 'ids'])).stdout).toBe('192.0.2.7/32\n2001:db8::1/128\n');
    for (const cidr of ['2001:db8::1', '192.0.2.7/32']) {
      expect((await keys(['unblock-ip', cidr, ...why])).stdout).toContain('unblocked');
    }
  });

  it('twice is success without a row; what is not blocked neither', async () => {
    await keys(['block-ip', '203.0.113.5', '-y', ...why]);
    const [blocks, unblocks] = [(await rowsOf('ip.blocked')).length, (await rowsOf('ip.unblocked')).length];
    const again = await keys(['block-ip', '203.0.113.5', '-y', '--reason', 'another reason now']);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain(`blocked already since`);
    expect(again.stdout).toContain(why[1]);
    const none = await keys(['unblock-ip', '203.0.113.6', ...why]);
    expect(none).toMatchObject({ code: 0 });
    expect(none.stdout).toContain('is not blocked');
    expect((await rowsOf('ip.blocked')).length).toBe(blocks);
    expect((await rowsOf('ip.unblocked')).length).toBe(unblocks);
    await keys(['unblock-ip', '203.0.113.5', ...why]);
  });

  it('a block that ended by itself is listed no more and can be made again', async () => {
    await keys(['block-ip', '203.0.113.8', '-y', '--for', '1h', ...why]);
    await admin.sql`update keyctl.ip_blocks set blocked_until = clock_timestamp() - interval '1 second' where unblocked_at is null`;
    expect(await listed()).toEqual([]);
    expect((await keys(['unblock-ip', '203.0.113.8', ...why])).stdout).toContain('is not blocked');
    expect((await keys(['block-ip', '203.0.113.8', '-y', ...why])).stdout).toContain('until it is unblocked');
    await keys(['unblock-ip', '203.0.113.8', ...why]);
  });

  it('shows who comes from there and where it is, and asks for the address itself; another answer is 5', async () => {
    const key = await seedKey(admin, { name: 'comes-from-there' });
    await seedUsage(admin, { keyId: key.id, times: 6, secondsAgo: 60, ip: '203.0.113.77' });
    await seedUsage(admin, { keyId: key.id, times: 4, secondsAgo: 90, ip: '203.0.113.78', status: 403 });
    const no = await keys(['block-ip', '203.0.113.64/26', ...why], {
      terminal: true,
      answers: [['Type', 'yes']],
    });
    expect(no).toMatchObject({ code: 5, stdout: '' });
    expect(await listed()).toEqual([]);
    const ran = await keys(['block-ip', '203.0.113.64/26'], {
      terminal: true,
      answers: [
        ['Type 203.0.113.64 to block it', '203.0.113.64'],
        ['Reason', 'scans us since 02:11'],
      ],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('10 requests in 24 h with 1 key, 6 accepted');
    expect(ran.stderr).toContain('comes-from-there  6 accepted of 10');
    expect(ran.stderr).toContain(`${database.name} as test_operator`);
    await keys(['unblock-ip', '203.0.113.64/26', ...why]);
  });

  it('--dry-run tells what would break, or which block would end, and changes nothing', async () => {
    const before = (await rowsOf('ip.blocked')).length;
    const plan = await keys(['block-ip', '203.0.113.64/26', '--dry-run', '--json']);
    expect(JSON.parse(plan.stdout)).toMatchObject({
      dry_run: true,
      count: 1,
      cidr: '203.0.113.64/26',
      last_day: { keys: 1, accepted: 6 },
    });
    expect((await rowsOf('ip.blocked')).length).toBe(before);
    await keys(['block-ip', '203.0.113.9', '-y', ...why]);
    const end = await keys(['unblock-ip', '203.0.113.9', '--dry-run', '--json']);
    expect(JSON.parse(end.stdout)).toMatchObject({
      dry_run: true,
      count: 1,
      blocked_ips: [{ cidr: '203.0.113.9/32' }],
    });
    expect(await listed()).toHaveLength(1);
    expect(JSON.parse((await keys(['unblock-ip', '203.0.113.10', '--dry-run', '--json'])).stdout).count).toBe(
      0,
    );
  });

  it('--operation-id again answers the first outcome', async () => {
    const args = ['block-ip', '203.0.113.20', '-y', '--operation-id', randomUUID(), '--json', ...why];
    const first = await keys(args);
    await keys(['unblock-ip', '203.0.113.20', ...why]);
    expect((await keys(args)).stdout).toBe(first.stdout);
    expect(await decision((await seedKey(admin)).id, '203.0.113.20')).toBe('ok');
  });

  it.each([
    ['CIDR', ['block-ip', '198.51.100.7/24', '-y', ...why], 2],
    ['CIDR', ['block-ip', '0.0.0.0/0', '-y', ...why], 2],
    ['CIDR', ['block-ip', 'example.com', '-y', ...why], 2],
    ['cidr', ['block-ip', '-y', ...why], 2],
    ['--reason', ['block-ip', '192.0.2.1', '-y'], 2],
    ['--reason', ['unblock-ip', '192.0.2.1'], 2],
    ['--reason', ['block-ip', '192.0.2.1', '-y', '--reason', 'test'], 2],
    ['--for', ['block-ip', '192.0.2.1', '-y', '--for', '1M', ...why], 2],
    ['--yes', ['block-ip', '192.0.2.1', ...why], 5],
  ])('refuses what is wrong: %s in %j', async (flag, args, code) => {
    const ran = await keys(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a viewer may list, but neither block nor unblock: 77', async () => {
    for (const args of [
      ['block-ip', '192.0.2.1', '-y', ...why],
      ['unblock-ip', '192.0.2.1', ...why],
    ]) {
      expect((await keys(args, { role: 'test_viewer' })).code).toBe(77);
    }
    expect((await keys(['blocked-ips'], { role: 'test_viewer' })).code).toBe(0);
  });
});
