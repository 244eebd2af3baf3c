import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { run } from '../../../src/program.js';
import { type FakeOptions, fakeMachine, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, seedUsage } from '../../support/seed-keys.js';
import { ageRotation, type SeededRotation, seedRotation } from '../../support/seed-rotation.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const finalize = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['rotate', 'finalize', ...args], { database, role: 'test_operator', ...options });
const decision = async (id: string) =>
  (await admin.sql`select status, keyctl.decide(id) as decision from keyctl.keys where id = ${id}`)[0];
const alive = { status: 'retiring', decision: 'ok' };
const dead = { status: 'replaced', decision: 'replaced' };

/** Open for three hours, the successor in use, the old key used that long ago. */
async function inUse(oldUsedSecondsAgo: number): Promise<SeededRotation> {
  const rotation = await seedRotation(admin);
  await ageRotation(admin, rotation, 3 * 3600);
  await seedUsage(admin, {
    keyId: rotation.old.id,
    times: 3,
    secondsAgo: oldUsedSecondsAgo,
    ip: '192.0.2.7',
  });
  await seedUsage(admin, { keyId: rotation.newId, times: 3, secondsAgo: 1 });
  return rotation;
}

describe('rotate finalize', () => {
  it('ends the old key now, and no other, with its row', async () => {
    const rotation = await seedRotation(admin, { reason: 'quarterly rotation, OPS-311' });
    const before = await bystanders(admin, [rotation.old.id]);
    const ran = await finalize([rotation.id, '--yes', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const [row] = (await auditOf(admin, rotation.old.id)).slice(-1);
    expect(JSON.parse(ran.stdout)).toEqual({
      ...{ operation_id: row?.operation_id, outcome: 'finalized', rotation_id: rotation.id },
      ...{ key_id: rotation.newId, fingerprint: expect.stringMatching(/^sha256:/) },
      ...{ old_key_id: rotation.old.id, old_fingerprint: expect.stringMatching(/^sha256:/) },
      ...{ old_key_status: 'replaced', finalized_at: expect.stringMatching(/Z$/), grace_ends_at: null },
      ...{ when_quiet_seconds: null, not_quiet_because: null, successor_last_used_at: null },
      ...{ old_last_used_at: null, as_of: null, quiet_seconds: null, stragglers: [], audit_seq: row?.seq },
    });
    expect(row).toMatchObject({
      action: 'rotation.finalized',
      reason: 'quarterly rotation, OPS-311',
      actor_db: 'test_operator',
      record: { details: { rotation_id: rotation.id, cause: 'asked for' } },
    });
    expect(await decision(rotation.old.id)).toEqual(dead);
    expect(await decision(rotation.newId)).toEqual({ status: 'active', decision: 'ok' });
    expect(await bystanders(admin, [rotation.old.id])).toEqual(before);
  });

  it('twice is success, and writes nothing; a KEY of the family means it too', async () => {
    const rotation = await seedRotation(admin, { state: 'finalized' });
    const rows = await auditOf(admin, rotation.old.id);
    for (const id of [rotation.id, rotation.old.id, rotation.newId]) {
      const ran = await finalize([id, '-y']);
      expect(ran.code).toBe(0);
      expect(ran.stdout).toMatch(
        new RegExp(`✓ already finalized: ${rotation.old.id} is replaced since \\S+Z`),
      );
    }
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
  });

  it.each([
    ['pending', 'is not active yet', 'keyctl rotate resume'],
    ['aborted', 'was aborted', 'keyctl rotate key_'],
  ] as const)('a rotation that is %s: 4, nothing changed', async (state, words, hint) => {
    const rotation = await seedRotation(admin, { state });
    const rows = await auditOf(admin, rotation.old.id);
    const ran = await finalize([rotation.id, '-y']);
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(ran.stderr).toContain(words);
    expect(ran.stderr).toContain(`try: ${hint}`);
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
    expect(await decision(rotation.old.id)).toEqual({ status: 'active', decision: 'ok' });
  });

  it('a new secret that is not in its place: 4, with the way to put it there', async () => {
    const rotation = await seedRotation(admin, { uncommitted: true });
    const ran = await finalize([rotation.id, '-y']);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain('not in its place yet');
    expect(ran.stderr).toContain(`try: keyctl rotate resume ${rotation.id}`);
    expect(await decision(rotation.old.id)).toEqual(alive);
  });

  it('asks with the old key’s id after showing both keys and the stragglers; another answer is 5', async () => {
    const rotation = await inUse(180);
    const word = rotation.old.id.slice(4, 8);
    const no = await finalize([rotation.id], { terminal: true, answers: [['Type', 'yes']] });
    expect(no).toMatchObject({ code: 5, stdout: '' });
    expect(await decision(rotation.old.id)).toEqual(alive);
    const ran = await finalize([rotation.id], {
      terminal: true,
      answers: [[`Type ${word} to end it`, word]],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(
      new RegExp(
        `${rotation.old.id}[\\s\\S]*${rotation.newId}[\\s\\S]*stragglers: 3 requests[\\s\\S]*192\\.0\\.2\\.7`,
      ),
    );
    expect(ran.stderr).toContain(`${database.name} as test_operator`);
    expect(await decision(rotation.old.id)).toEqual(dead);
  });

  it('asks nothing about what is over already', async () => {
    const rotation = await seedRotation(admin, { state: 'finalized' });
    expect(await finalize([rotation.id], { terminal: true })).toMatchObject({ code: 0 });
  });

  it.each([
    ['without --yes and a terminal', ['rot_000000000000'], 5, '--yes'],
    ['without an ID', ['-y'], 2, 'ID: which rotation?'],
    ['of a duration without a unit', ['rot_000000000000', '-y', '--when-quiet', '60'], 2, '--when-quiet'],
    ['that waits for nothing', ['rot_000000000000', '-y', '--wait'], 2, '--when-quiet 1h --wait'],
    [
      'that waits dryly',
      ['rot_000000000000', '-y', '--when-quiet', '1h', '--wait', '--dry-run'],
      2,
      '--wait',
    ],
    ['of a start that is too short', ['rot_00', '-y'], 2, 'ID: '],
    ['of a flag it has not', ['rot_000000000000', '-y', '--compromised'], 2, 'unknown option'],
    ['of nothing', ['rot_000000000000', '-y'], 3, 'rotation rot_000000000000 not found in database'],
    ['of no key', ['key_000000000000', '-y'], 3, 'not found in database'],
  ])('refuses an order %s', async (_what, args, code, words) => {
    const ran = await finalize(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(words);
  });

  it('a viewer may not: 77', async () => {
    const rotation = await seedRotation(admin);
    expect((await finalize([rotation.id, '-y'], { role: 'test_viewer' })).code).toBe(77);
    expect(await decision(rotation.old.id)).toEqual(alive);
  });

  it('--operation-id again answers the first outcome, by a KEY too whose family has a newer rotation', async () => {
    const rotation = await seedRotation(admin);
    const args = [rotation.old.id, '-y', '--json', '--operation-id', randomUUID()];
    const first = await finalize(args);
    expect(JSON.parse(first.stdout)).toMatchObject({ outcome: 'finalized', rotation_id: rotation.id });
    const next = await seedRotation(admin, { old: { ...rotation.old, id: rotation.newId } });
    const rows = await auditOf(admin, rotation.old.id);
    expect((await finalize(args)).stdout).toBe(first.stdout);
    expect(await decision(next.old.id)).toEqual(alive);
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
  });
});

describe('rotate finalize --when-quiet', () => {
  it('ends the old key when the successor is used and the old one was silent that long', async () => {
    const rotation = await inUse(3700);
    const ran = await finalize([rotation.id, '-y', '--when-quiet', '1h', '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      outcome: 'finalized',
      when_quiet_seconds: 3600,
      stragglers: [],
    });
    expect((await auditOf(admin, rotation.old.id)).at(-1)).toMatchObject({
      action: 'rotation.finalized',
      record: { details: { cause: 'quiet', quiet_seconds: 3600 } },
    });
    expect(await decision(rotation.old.id)).toEqual(dead);
  });

  it('exits 7 with the stragglers while the old key is used, and changes nothing', async () => {
    const rotation = await inUse(180);
    const rows = await auditOf(admin, rotation.old.id);
    const ran = await finalize([rotation.id, '-y', '--when-quiet', '1h', '--json']);
    expect(ran.code).toBe(7);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ...{
        outcome: 'not_quiet',
        not_quiet_because: 'old_key_used',
        old_key_status: 'retiring',
        audit_seq: null,
      },
      ...{
        finalized_at: null,
        grace_ends_at: expect.stringMatching(/Z$/),
        as_of: expect.stringMatching(/Z$/),
      },
      stragglers: [{ ip: '192.0.2.7', user_agent: 'billing-worker/2.3', endpoint: '/v1/runs', requests: 3 }],
    });
    const text = await finalize([rotation.id, '-y', '--when-quiet', '1h']);
    expect(text.code).toBe(7);
    expect(text.stdout).toContain(
      '▲ NOT finalized: the old key was used 3 m ago by 192.0.2.7 billing-worker/2.3 on /v1/runs; 1 h of silence are asked for',
    );
    expect(text.stdout).toMatch(
      /stays usable until \S+Z[\s\S]*192\.0\.2\.7 +billing-worker\/2\.3 +\/v1\/runs +3/,
    );
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
    expect(await decision(rotation.old.id)).toEqual(alive);
  });

  it('exits 7 while nobody uses the successor, however silent the old key is', async () => {
    const rotation = await seedRotation(admin);
    await ageRotation(admin, rotation, 3 * 3600);
    const ran = await finalize([rotation.id, '-y', '--when-quiet', '1h']);
    expect(ran.code).toBe(7);
    expect(ran.stdout).toContain('the successor has not been used yet');
    expect(await decision(rotation.old.id)).toEqual(alive);
  });

  it('exits 7 when the rotation is younger than the silence that is asked for', async () => {
    const rotation = await seedRotation(admin);
    await seedUsage(admin, { keyId: rotation.newId, times: 1, secondsAgo: 0 });
    const ran = await finalize([rotation.id, '-y', '--when-quiet', '1h', '--json']);
    expect(ran.code).toBe(7);
    expect(JSON.parse(ran.stdout)).toMatchObject({ not_quiet_because: 'too_soon', stragglers: [] });
  });

  it('--dry-run says whether it is quiet, by 7 too, and asks nobody', async () => {
    const busy = await inUse(180);
    const no = await finalize([busy.id, '--when-quiet', '1h', '--dry-run', '--json']);
    expect(no.code).toBe(7);
    expect(JSON.parse(no.stdout)).toMatchObject({
      ...{ dry_run: true, count: 0, not_quiet_because: 'old_key_used', when_quiet_seconds: 3600 },
      rotations: [{ rotation_id: busy.id, state: 'open' }],
      stragglers: [{ ip: '192.0.2.7' }],
    });
    const yes = await finalize([busy.id, '--when-quiet', '1m', '--dry-run', '--json']);
    expect(yes.code).toBe(0);
    expect(JSON.parse(yes.stdout)).toMatchObject({ count: 1, not_quiet_because: null });
    expect((await finalize([busy.id, '--dry-run'])).stdout).toContain(`would end ${busy.old.id} now`);
    expect(await decision(busy.old.id)).toEqual(alive);
  });
});

describe('rotate finalize --when-quiet on a log that is behind', () => {
  it('exits 7 and says how far the log reaches', async () => {
    const quiet = await freshDatabase();
    const its = await quiet.connect();
    const rotation = await seedRotation(its);
    await ageRotation(its, rotation, 5 * 3600);
    await seedUsage(its, { keyId: rotation.old.id, times: 1, secondsAgo: 4 * 3600 });
    await seedUsage(its, { keyId: rotation.newId, times: 1, secondsAgo: 3.5 * 3600 });
    const ran = await finalize([rotation.id, '-y', '--when-quiet', '1h'], { database: quiet });
    expect(ran.code).toBe(7);
    expect(ran.stdout).toMatch(
      /silent as far as the log tells, and that is not far enough: the log reaches only to \S+Z/,
    );
    await quiet.drop();
  });
});

describe('rotate finalize --when-quiet --wait', () => {
  function start(rotation: SeededRotation, options: Partial<FakeOptions> = {}) {
    const machine = fakeMachine({ database, role: 'test_operator', terminal: { stderr: true }, ...options });
    const code = run(
      ['rotate', 'finalize', rotation.id, '-y', '--when-quiet', '1h', '--wait', '--json'],
      machine,
    );
    const says = (text: string) =>
      expect.poll(() => machine.written().stderr, { timeout: 80_000 }).toContain(text);
    return { machine, code, says };
  }

  it('goes on until it is quiet, and says when what it waits for changes', async () => {
    const rotation = await seedRotation(admin);
    await ageRotation(admin, rotation, 3 * 3600);
    const { machine, code, says } = start(rotation);
    await says('waiting: the successor has not been used yet');
    await seedUsage(admin, { keyId: rotation.old.id, times: 1, secondsAgo: 60, ip: '192.0.2.7' });
    await seedUsage(admin, { keyId: rotation.newId, times: 1, secondsAgo: 1 });
    await says('waiting: the old key was used 1 m ago by 192.0.2.7 billing-worker/2.3 on');
    await admin.sql`update keyctl.usage_events set ts = ts - interval '2 hours' where key_id = ${rotation.old.id}`;
    await admin.sql`update keyctl.api_keys set last_used_at = null where id = ${rotation.old.id}`;
    expect(await code).toBe(0);
    expect(JSON.parse(machine.written().stdout)).toMatchObject({
      outcome: 'finalized',
      rotation_id: rotation.id,
    });
    expect(await decision(rotation.old.id)).toEqual(dead);
    const said = machine
      .written()
      .stderr.split('\n')
      .filter((text) => text.includes('waiting'));
    expect(said).toHaveLength(2);
  });

  it('interrupted: 130, nothing changed, stdout empty', async () => {
    const rotation = await inUse(60);
    const rows = await auditOf(admin, rotation.old.id);
    const { machine, code, says } = start(rotation);
    await says('waiting: ');
    machine.interrupt();
    expect(await code).toBe(130);
    expect(machine.written().stdout).toBe('');
    expect(machine.written().stderr).toContain(`nothing was changed: ${rotation.old.id} is not ended`);
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
    expect(await decision(rotation.old.id)).toEqual(alive);
  });

  it('ends when the grace ends by itself, and writes that down', async () => {
    const rotation = await inUse(60);
    const { code, says } = start(rotation);
    await says('waiting: ');
    await admin.sql`update keyctl.api_keys set usable_until = clock_timestamp() where id = ${rotation.old.id}`;
    expect(await code).toBe(0);
    expect((await auditOf(admin, rotation.old.id)).at(-1)).toMatchObject({
      action: 'rotation.finalized',
      record: { details: { cause: 'ended by itself' } },
    });
  });

  it('holds no transaction and no lock while it waits: a revoke goes through', async () => {
    const rotation = await inUse(60);
    const { machine, code, says } = start(rotation);
    await says('waiting: ');
    const [busy] = await admin.sql`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and usename = 'test_operator' and state like 'idle in transaction%'`;
    expect(busy?.n).toBe(0);
    const revoked = await runCommand(
      ['revoke', rotation.old.id, '-y', '--reason', 'leaked in acme/app meanwhile'],
      {
        database,
        role: 'test_operator',
      },
    );
    expect(revoked.code).toBe(0);
    expect(await code).toBe(0);
    expect(JSON.parse(machine.written().stdout)).toMatchObject({ old_key_status: 'revoked' });
  });

  it('off a terminal it waits in silence', async () => {
    const rotation = await inUse(60);
    const { machine, code } = start(rotation, { terminal: {} });
    await expect
      .poll(
        async () =>
          (
            await admin.sql`select from pg_stat_activity where datname = current_database() and usename = 'test_operator' and query like '%rotation_quiet%'`
          ).length,
        { timeout: 80_000 },
      )
      .toBeGreaterThan(0);
    await admin.sql`update keyctl.api_keys set usable_until = clock_timestamp() where id = ${rotation.old.id}`;
    expect(await code).toBe(0);
    expect(machine.written().stderr).toBe('');
  });
});
