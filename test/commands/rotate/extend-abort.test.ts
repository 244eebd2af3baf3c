import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders } from '../../support/seed-keys.js';
import { ageRotation, seedRotation } from '../../support/seed-rotation.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const why = ['--reason', 'two workers are not redeployed, OPS-311'];
const rotate = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['rotate', ...args], { database, role: 'test_operator', ...options });
const key = async (id: string) =>
  (
    await admin.sql`select status, keyctl.decide(id) as decision, revocation_code,
      round(extract(epoch from usable_until - clock_timestamp()) / 60)::int as usable_minutes
    from keyctl.keys where id = ${id}`
  )[0];

describe('rotate extend', () => {
  const order = (...args: readonly string[]) => ['extend', ...args, '--grace', '48h', '-y', ...why];

  it('moves the end of that grace alone, from now, with its row', async () => {
    const rotation = await seedRotation(admin);
    const before = await bystanders(admin, [rotation.old.id]);
    const ran = await rotate([...order(rotation.id), '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const row = (await auditOf(admin, rotation.old.id)).at(-1);
    const result = JSON.parse(ran.stdout);
    expect(result).toEqual({
      ...{ operation_id: row?.operation_id, outcome: 'extended', rotation_id: rotation.id },
      ...{ key_id: rotation.newId, fingerprint: expect.any(String) },
      ...{ old_key_id: rotation.old.id, old_fingerprint: expect.any(String) },
      ...{ grace_ends_at: expect.stringMatching(/Z$/), grace_ended_at_before: expect.stringMatching(/Z$/) },
      audit_seq: row?.seq,
    });
    const gained = Date.parse(result.grace_ends_at) - Date.parse(result.grace_ended_at_before);
    expect(Math.round(gained / 3_600_000)).toBe(24);
    expect(row).toMatchObject({ action: 'rotation.extended', reason: why[1], actor_db: 'test_operator' });
    expect(await key(rotation.old.id)).toMatchObject({ status: 'retiring', usable_minutes: 48 * 60 });
    expect(await bystanders(admin, [rotation.old.id])).toEqual(before);
  });

  it('never beyond the old key’s own end: unchanged is success, without a row', async () => {
    const rotation = await seedRotation(admin);
    await admin.sql`update keyctl.api_keys set expires_at = clock_timestamp() + interval '2 hours' where id = ${rotation.old.id}`;
    const rows = await auditOf(admin, rotation.old.id);
    const ran = await rotate(order(rotation.id));
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('✓ unchanged: ');
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
  });

  it('an end that would come earlier: 2, with what does that', async () => {
    const rotation = await seedRotation(admin);
    const ran = await rotate(['extend', rotation.id, '--grace', '1h', '-y', ...why]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('finalize');
    expect(await key(rotation.old.id)).toMatchObject({ usable_minutes: 24 * 60 });
  });

  it.each([
    ['pending', {}],
    ['finalized', {}],
    ['aborted', {}],
    ['open', { compromised: true, uncommitted: true }],
  ] as const)('a rotation that is %s has no grace to extend: 4, nothing written', async (state, seed) => {
    const rotation = await seedRotation(admin, { state, ...seed });
    const rows = await auditOf(admin, rotation.old.id);
    const ran = await rotate(order(rotation.id));
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(ran.stderr).toContain(`try: keyctl rotate status ${rotation.id}`);
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
  });

  it('asks with the old key’s id; another answer is 5', async () => {
    const rotation = await seedRotation(admin);
    const word = rotation.old.id.slice(4, 8);
    const args = ['extend', rotation.id, '--grace', '48h'];
    const no = await rotate([...args, ...why], { terminal: true, answers: [['Type', 'yes']] });
    expect(no).toMatchObject({ code: 5, stdout: '' });
    const ran = await rotate(args, {
      terminal: true,
      answers: [
        [`Type ${word} to keep it`, word],
        ['Reason', why[1] as string],
      ],
    });
    expect(ran.code).toBe(0);
    expect(await key(rotation.old.id)).toMatchObject({ usable_minutes: 48 * 60 });
  });

  it('--dry-run changes nothing, and counts', async () => {
    const rotation = await seedRotation(admin);
    const args = ['extend', rotation.id, '--grace', '48h', '--dry-run'];
    expect(JSON.parse((await rotate([...args, '--json'])).stdout)).toMatchObject({
      ...{ dry_run: true, count: 1, grace_seconds: 172_800 },
      rotations: [{ rotation_id: rotation.id }],
    });
    expect((await rotate(args)).stdout).toContain(`would keep ${rotation.old.id} usable for 2 d from now`);
    expect(await key(rotation.old.id)).toMatchObject({ usable_minutes: 24 * 60 });
    const over = await seedRotation(admin, { state: 'finalized' });
    const none = await rotate(['extend', over.id, '--grace', '48h', '--dry-run', '--json']);
    expect(JSON.parse(none.stdout)).toMatchObject({ count: 0 });
  });

  it.each([
    ['--yes', ['rot_000000000000', '--grace', '12h', ...why], 5],
    ['--grace', ['rot_000000000000', '-y', ...why], 2],
    ['--grace', ['rot_000000000000', '-y', '--grace', '0', ...why], 2],
    ['--grace', ['rot_000000000000', '-y', '--grace', '12', ...why], 2],
    ['--reason', ['rot_000000000000', '-y', '--grace', '12h'], 2],
    ['--reason', ['rot_000000000000', '-y', '--grace', '12h', '--reason', 'test'], 2],
    ['ID', ['-y', '--grace', '12h', ...why], 2],
    ['rot_000000000000', ['rot_000000000000', '-y', '--grace', '12h', ...why], 3],
  ])('refuses what is missing or wrong: %s', async (flag, args, code) => {
    const ran = await rotate(['extend', ...args]);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a viewer may not: 77', async () => {
    const rotation = await seedRotation(admin);
    expect((await rotate(order(rotation.id), { role: 'test_viewer' })).code).toBe(77);
    expect(await key(rotation.old.id)).toMatchObject({ usable_minutes: 24 * 60 });
  });

  it('--operation-id again answers the first outcome, also when the grace is over', async () => {
    const rotation = await seedRotation(admin);
    const args = [...order(rotation.old.id), '--json', '--operation-id', randomUUID()];
    const first = await rotate(args);
    expect((await rotate(['finalize', rotation.id, '-y'])).code).toBe(0);
    expect((await rotate(args)).stdout).toBe(first.stdout);
    expect(await key(rotation.old.id)).toMatchObject({ status: 'replaced' });
  });
});

describe('rotate abort', () => {
  const order = (...args: readonly string[]) => ['abort', ...args, '-y', ...why];

  it('revokes the pending successor as abandoned and leaves the old key as it is, with its row', async () => {
    const rotation = await seedRotation(admin, { state: 'pending' });
    const before = await bystanders(admin, [rotation.newId]);
    const ran = await rotate([...order(rotation.id), '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const row = (await auditOf(admin, rotation.old.id)).at(-1);
    expect(JSON.parse(ran.stdout)).toEqual({
      ...{ operation_id: row?.operation_id, outcome: 'aborted', rotation_id: rotation.id },
      ...{ key_id: rotation.newId, fingerprint: expect.any(String) },
      ...{ old_key_id: rotation.old.id, old_fingerprint: expect.any(String) },
      ...{ aborted_at: expect.stringMatching(/Z$/), audit_seq: row?.seq },
    });
    expect(row).toMatchObject({ action: 'rotation.aborted', reason: why[1], actor_db: 'test_operator' });
    expect(await key(rotation.newId)).toMatchObject({ status: 'revoked', revocation_code: 'abandoned' });
    expect(await bystanders(admin, [rotation.newId])).toEqual(before);
  });

  it('finds it by the old key, the new key, or its start; twice is success without a row', async () => {
    const rotation = await seedRotation(admin, { state: 'pending' });
    expect((await rotate(order(rotation.old.id))).stdout).toContain(`✓ ${rotation.id} aborted`);
    const rows = await auditOf(admin, rotation.old.id);
    for (const id of [rotation.id, rotation.id.slice(0, 13), rotation.newId]) {
      const again = await rotate(order(id));
      expect(again.code).toBe(0);
      expect(again.stdout).toContain(`✓ ${rotation.id} was aborted already`);
    }
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
  });

  it.each([
    ['open', /rotate extend rot_.*rotate finalize rot_.*revoke key_/],
    ['finalized', /keyctl rotate key_.*keyctl revoke key_/],
  ] as const)('one whose successor is usable (%s): 4, with what to do instead', async (state, hint) => {
    const rotation = await seedRotation(admin, { state });
    const rows = await auditOf(admin, rotation.old.id);
    const ran = await rotate(order(rotation.id));
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(ran.stderr).toContain(`successor ${rotation.newId} is usable`);
    expect(ran.stderr).toMatch(hint);
    expect(await auditOf(admin, rotation.old.id)).toEqual(rows);
    expect(await key(rotation.newId)).toMatchObject({ decision: 'ok' });
  });

  it('asks with the successor’s id; another answer is 5', async () => {
    const rotation = await seedRotation(admin, { state: 'pending' });
    await ageRotation(admin, rotation, 7200);
    const word = rotation.newId.slice(4, 8);
    const no = await rotate(['abort', rotation.id, ...why], { terminal: true, answers: [['Type', 'no']] });
    expect(no.code).toBe(5);
    expect(await key(rotation.newId)).toMatchObject({ status: 'pending' });
    const ran = await rotate(['abort', rotation.id, ...why], {
      terminal: true,
      answers: [[`Type ${word} to abort it`, word]],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('dead 2 h');
  });

  it('--dry-run changes nothing, and counts', async () => {
    const rotation = await seedRotation(admin, { state: 'pending' });
    const ran = await rotate(['abort', rotation.id, '--dry-run', '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ dry_run: true, count: 1, rotations: [{ dead: false }] });
    expect((await rotate(['abort', rotation.id, '--dry-run'])).stdout).toContain(
      `would give up ${rotation.newId}`,
    );
    expect(await key(rotation.newId)).toMatchObject({ status: 'pending' });
    const open = await seedRotation(admin);
    expect((await rotate(['abort', open.id, '--dry-run'])).stdout).toContain('nothing to abort: it is open');
  });

  it.each([
    ['--yes', ['rot_000000000000', ...why], 5],
    ['--reason', ['rot_000000000000', '-y'], 2],
    ['ID', ['-y', ...why], 2],
    ['rot_000000000000', ['rot_000000000000', '-y', ...why], 3],
  ])('refuses what is missing: %s', async (flag, args, code) => {
    const ran = await rotate(['abort', ...args]);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a viewer may not: 77', async () => {
    const rotation = await seedRotation(admin, { state: 'pending' });
    expect((await rotate(order(rotation.id), { role: 'test_viewer' })).code).toBe(77);
    expect(await key(rotation.newId)).toMatchObject({ status: 'pending' });
  });

  it('--operation-id again answers the first outcome, by a KEY too whose family has a new one pending', async () => {
    const rotation = await seedRotation(admin, { state: 'pending' });
    const args = [...order(rotation.old.id), '--json', '--operation-id', randomUUID()];
    const first = await rotate(args);
    const next = await seedRotation(admin, { old: rotation.old, state: 'pending' });
    expect((await rotate(args)).stdout).toBe(first.stdout);
    expect(await key(next.newId)).toMatchObject({ status: 'pending' });
  });
});
