import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, newest, servers, type TestDatabase } from '../../support/postgres.js';
import { seedKey, seedUsage } from '../../support/seed-keys.js';
import { ageRotation, type SeededRotation, seedRotation } from '../../support/seed-rotation.js';

const onTerminal = { terminal: true } as const;
const plain = ['--color', 'never'];

describe.each(servers)('rotate status on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let all: Readonly<
    Record<
      'pending' | 'dead' | 'open' | 'kept' | 'unfinished' | 'ended' | 'silent' | 'aborted',
      SeededRotation
    >
  >;

  const status = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
    runCommand(['rotate', 'status', ...args], { database, role: 'test_viewer', ...options });
  const json = async (args: readonly string[]) => JSON.parse((await status([...args, '--json'])).stdout);

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    const alice = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.com' });
    all = {
      pending: await seedRotation(admin, { state: 'pending' }),
      dead: await seedRotation(admin, { state: 'pending' }),
      open: await seedRotation(admin, { old: alice }),
      kept: await seedRotation(admin, { graceSeconds: null }),
      unfinished: await seedRotation(admin, { uncommitted: true }),
      ended: await seedRotation(admin, { state: 'finalized' }),
      silent: await seedRotation(admin, { state: 'finalized' }),
      aborted: await seedRotation(admin, { state: 'aborted' }),
    };
    await ageRotation(admin, all.dead, 7200);
    for (const rotation of [all.open, all.ended, all.silent]) await ageRotation(admin, rotation, 7200);
    await admin.sql`update keyctl.api_keys set usable_until = usable_until - interval '2 hours' where id in (${all.ended.old.id}, ${all.silent.old.id})`;
    await seedUsage(admin, { keyId: alice.id, times: 20, secondsAgo: 180 });
    await seedUsage(admin, {
      keyId: alice.id,
      times: 3,
      secondsAgo: 600,
      ip: '198.51.100.7',
      userAgent: 'curl/8.5\x1b[2J',
    });
    await seedUsage(admin, { keyId: alice.id, times: 2, secondsAgo: 60, ip: '203.0.113.9', status: 401 });
    // Before the activation: nobody's straggler.
    await seedUsage(admin, { keyId: alice.id, times: 1, secondsAgo: 9000, ip: '203.0.113.1' });
    // What was refused is no use; the seed takes it for one.
    await admin.sql`update keyctl.api_keys set last_used_at = null where id = ${alice.id}`;
    await seedUsage(admin, { keyId: all.open.newId, times: 3, secondsAgo: 5 });
    await seedUsage(admin, {
      keyId: all.ended.old.id,
      times: 4,
      secondsAgo: 30,
      ip: '203.0.113.66',
      status: 401,
    });
  });
  afterAll(() => database.drop());

  it('lists what is pending, then what is open, then what is over and still presented', async () => {
    const { rotations, next_cursor } = await json([]);
    expect(next_cursor).toBeNull();
    const ids = rotations.map((each: { rotation_id: string }) => each.rotation_id);
    const { pending, dead, unfinished, kept, open, ended } = all;
    expect(ids).toEqual([pending, dead, unfinished, kept, open, ended].map(({ id }) => id));
    const of = (seeded: SeededRotation) => rotations[ids.indexOf(seeded.id)];
    expect(of(pending)).toMatchObject({ state: 'pending', dead: false, activated_at: null });
    expect(of(dead)).toMatchObject({ state: 'pending', dead: true });
    expect(of(unfinished)).toMatchObject({ state: 'open', commit_pending: true, deliver_to: ['file:/x'] });
    expect(of(kept)).toMatchObject({
      state: 'open',
      grace_seconds: null,
      grace_ends_at: null,
      successor_last_used_at: null,
    });
    expect(of(ended)).toMatchObject({ state: 'finalized', refused_requests: 4, straggler_count: 0 });
  });

  it('tells of an open one both keys, how quiet it is, and its stragglers', async () => {
    const { open } = all;
    const [found] = (await json([])).rotations.filter(
      (each: { rotation_id: string }) => each.rotation_id === open.id,
    );
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(found).toEqual({
      ...{
        rotation_id: open.id,
        state: 'open',
        kind: 'rotate',
        dead: false,
        commit_pending: false,
        compromised: false,
      },
      ...{
        operation_id: open.operationId,
        family_id: open.old.id,
        old_key_id: open.old.id,
        old_name: 'alice-prod',
      },
      ...{ old_version: 1, old_fingerprint: expect.stringMatching(/^sha256:/), old_status: 'retiring' },
      ...{ new_key_id: open.newId, new_name: 'alice-prod (rotated)', new_version: 2, new_status: 'active' },
      ...{ new_fingerprint: expect.stringMatching(/^sha256:/), deliver_to: ['file:/x'] },
      ...{ reason: 'quarterly rotation, OPS-311', prepared_at: time, prepared_by: 'postgres' },
      ...{ age_seconds: expect.any(Number), activated_at: time, grace_seconds: 86_400, grace_ends_at: time },
      ...{ ended_at: null, finalized_at: null, aborted_at: null, successor_last_used_at: time },
      ...{ old_last_used_at: time, as_of: time, quiet_seconds: expect.any(Number) },
      // The one that was refused is none, and so is the one before the activation.
      ...{ straggler_count: 2, refused_requests: 0 },
    });
    expect(found.quiet_seconds).toBeGreaterThan(179);
    expect(found.quiet_seconds).toBeLessThan(300);
  });

  it('--all adds those that are over; pages join without a gap', async () => {
    const ids = async (args: readonly string[]) =>
      (await status(['--all', '-o', 'ids', ...args])).stdout.trim().split('\n');
    const whole = await ids([]);
    expect(whole.sort()).toEqual(
      Object.values(all)
        .map(({ id }) => id)
        .sort(),
    );
    const first = JSON.parse((await status(['--all', '--limit', '5', '--json'])).stdout);
    expect(first).toMatchObject({ rotations: { length: 5 }, next_cursor: '5' });
    const rest = await ids(['--limit', '5', '--cursor', '5']);
    expect(
      [...first.rotations.map((each: { rotation_id: string }) => each.rotation_id), ...rest].sort(),
    ).toEqual(whole);
  });

  it('shows with ID who still uses the old key, by address, agent and endpoint', async () => {
    const { open } = all;
    const whole = await json([open.id]);
    expect(whole).toMatchObject({ rotation_id: open.id, refusals: [], accepted_after_end: [] });
    expect(whole.stragglers).toEqual([
      {
        ...{ ip: '192.0.2.10', user_agent: 'billing-worker/2.3', endpoint: '/v1/runs', requests: 20 },
        ...{ first_at: expect.any(String), last_at: expect.any(String) },
      },
      expect.objectContaining({ ip: '198.51.100.7', user_agent: 'curl/8.5\x1b[2J', requests: 3 }),
    ]);
    const between = Date.parse(whole.successor_last_used_at) - Date.parse(whole.successor_first_used_at);
    expect(Math.round(between / 1000)).toBe(2);
  });

  it('shows with ID who presents a dead key, and shouts when it was let in', async () => {
    const { ended } = all;
    expect((await json([ended.id])).refusals).toEqual([
      expect.objectContaining({ ip: '203.0.113.66', requests: 4, endpoint: '/v1/runs' }),
    ]);
    const { stdout } = await status([ended.id, ...plain], onTerminal);
    expect(stdout).toMatch(/◆ refused since its end: 4 requests from 1 source[\s\S]*203\.0\.113\.66/);
    expect(stdout).not.toContain('LET IN');
    await seedUsage(admin, { keyId: ended.old.id, times: 1, secondsAgo: 3, ip: '203.0.113.67' });
    const after = await status([ended.id, ...plain], onTerminal);
    expect(after.stdout).toMatch(/▲ LET IN after its end: 1 request from 1 source/);
  });

  it.each(['key of the family', 'successor', 'name', 'start of the id'])('finds it by the %s', async (by) => {
    const { open } = all;
    const typed =
      { 'key of the family': open.old.id, successor: open.newId, name: 'alice-prod' }[by] ??
      open.id.slice(0, 12);
    expect((await json([typed])).rotation_id).toBe(open.id);
  });

  it('means the newest one of a family where none is pending or open', async () => {
    expect(await json([all.aborted.old.id])).toMatchObject({ state: 'aborted', stragglers: [] });
  });

  it('is read on 80 columns, and hostile text stays text', async () => {
    for (const args of [[], ['--all'], ...Object.values(all).map(({ id }) => [id])]) {
      const { stdout, stderr } = await status([...args, ...plain], onTerminal);
      expect(`${stdout}${stderr}`.split('\n').filter((text) => text.length > 80)).toEqual([]);
      expect(`${stdout}${stderr}`).not.toContain('\x1b');
    }
    const { stdout } = await status([...plain], onTerminal);
    expect(stdout).toMatch(
      new RegExp(`${all.open.id}  v1 alice-pr\\S+ +● open 23 h +\\d+ s ago +3 m ago +2`),
    );
    expect(stdout).toMatch(new RegExp(`${all.dead.id} .+▲ dead 2 h`));
    expect(stdout).toMatch(new RegExp(`${all.ended.id} .+✓ ended 2 h .+ 4 refused`));
  });

  it('says what to do next', async () => {
    const next = async (id: string) => (await status([id, ...plain], onTerminal)).stderr;
    expect(await next(all.dead.id)).toContain(`keyctl rotate resume ${all.dead.id}`);
    expect(await next(all.dead.id)).toContain(`rotate abort ${all.dead.id}`);
    expect(await next(all.unfinished.id)).toContain(`keyctl rotate resume ${all.unfinished.id}`);
    expect(await next(all.open.id)).toContain(`keyctl rotate finalize ${all.open.id} --when-quiet 1h`);
    expect(await next(all.ended.id)).toContain(`keyctl audit usage ${all.ended.old.id}`);
    expect(await next(all.aborted.id)).toBe('');
  });

  it('CSV has the fields of the record, NDJSON a line for each', async () => {
    const csv = (await status(['-o', 'csv'])).stdout.split(/\r?\n/);
    expect(csv[0]).toMatch(/^rotation_id,state,kind,dead,/);
    const lines = (await status(['-o', 'ndjson'])).stdout.trim().split('\n');
    expect(lines.map((text) => Object.keys(JSON.parse(text)).join())).toEqual(lines.map(() => csv[0]));
  });
});

describe('rotate status', () => {
  let database: TestDatabase;
  let admin: Connection;
  const status = (...args: readonly string[]) =>
    runCommand(['rotate', 'status', ...args], { database, role: 'test_viewer' });

  beforeAll(async () => {
    database = await freshDatabase(newest);
    admin = await database.connect();
  });
  afterAll(() => database.drop());

  it('says that nothing is open, and where it looked: 0', async () => {
    const ran = await status();
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(`no rotation is pending or open in database ${database.name}`);
    expect((await status('--json')).stdout).toBe('{"rotations":[],"next_cursor":null}\n');
  });

  it.each([
    ['rot_000000000000', 3, 'rotation rot_000000000000 not found in database'],
    ['rot_00000000', 3, 'rotation rot_00000000… not found in database'],
    ['key_000000000000', 3, 'not found in database'],
    ['rot_000', 2, 'ID: rot_000 is too short'],
  ])('%s: %d', async (id, code, words) => {
    const ran = await status(id);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(words);
  });

  it('a key that was never rotated: 3, naming the key and the database', async () => {
    const key = await seedKey(admin, { name: 'untouched' });
    const ran = await status(key.id);
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain(`rotation of ${key.id} (untouched) not found in database ${database.name}`);
  });

  it('a family with one pending and one open: 2, with the list', async () => {
    const open = await seedRotation(admin, { graceSeconds: null });
    const next = { ...open.old, id: open.newId };
    const pending = await seedRotation(admin, { old: next, state: 'pending' });
    const ran = await status(open.old.id);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(`${pending.id} (${open.old.name} (rotated), pending)`);
    expect(ran.stderr).toContain(`${open.id} (${open.old.name}, open)`);
  });

  it('an ID has no pages: 2', async () => {
    expect((await status('rot_000000000000', '--all')).code).toBe(2);
  });

  it('a gateway may not look: 77', async () => {
    const ran = await runCommand(['rotate', 'status'], { database, role: 'test_gateway' });
    expect(ran.code).toBe(77);
  });
});
