import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, type SeededKey, type SeedStatus, seedKey } from '../../support/seed-keys.js';
import { seedRotation } from '../../support/seed-rotation.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const why = ['--reason', 'made by hand during INC-42'];
const replace = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['rotate', 'replace', ...args], { database, role: 'test_operator', ...options });
const key = async ({ id }: Pick<SeededKey, 'id'>) =>
  (
    await admin.sql`select status, version, family_id, replaces, replaced_by, name, keyctl.decide(id) as decision,
      round(extract(epoch from usable_until - clock_timestamp()) / 60)::int as usable_minutes
    from keyctl.keys where id = ${id}`
  )[0];
const pair = async () => [await seedKey(admin), await seedKey(admin, { scopes: ['runs:read'] })] as const;

describe('rotate replace', () => {
  it('makes NEW the next version of OLD’s family; both are usable for the grace; with its row', async () => {
    const [old, next] = await pair();
    const before = await bystanders(admin, [old.id, next.id]);
    const ran = await replace([old.id, next.id, '-y', '--json', ...why]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const row = (await auditOf(admin, old.id)).at(-1);
    expect(JSON.parse(ran.stdout)).toEqual({
      ...{ operation_id: row?.operation_id, key_id: next.id, key: null, name: next.name, version: 2 },
      ...{ fingerprint: expect.stringMatching(/^sha256:/), scopes: ['runs:read'], delivered_to: ['test'] },
      ...{ created_at: expect.stringMatching(/Z$/), expires_at: null, audit_seq: row?.seq },
      ...{
        rotation_id: `rot_${next.id.slice(4)}`,
        old_key_id: old.id,
        old_key_status: 'retiring',
        ended: [],
      },
      ...{ old_fingerprint: expect.stringMatching(/^sha256:/), grace_ends_at: expect.stringMatching(/Z$/) },
    });
    expect(row).toMatchObject({
      action: 'rotation.activated',
      reason: why[1],
      actor_db: 'test_operator',
      record: { details: { kind: 'replace', new_key_id: next.id } },
    });
    expect(await key(old)).toMatchObject({
      status: 'retiring',
      decision: 'ok',
      replaced_by: next.id,
      usable_minutes: 1440,
    });
    expect(await key(next)).toMatchObject({
      ...{
        status: 'active',
        decision: 'ok',
        version: 2,
        family_id: old.id,
        replaces: old.id,
        name: next.name,
      },
    });
    expect(await bystanders(admin, [old.id, next.id])).toEqual(before);
  });

  it.each([
    ['--grace 2h', ['--grace', '2h'], 120, /usable until \S+Z, (2 h|1 h 59 m)\s+from\s+now/],
    ['--grace 0', ['--grace', '0'], 0, /dead from now on, no grace/],
    ['--compromised', ['--compromised'], 0, /dead from now on, no grace/],
  ])('%s: says what became of the old key', async (_flag, flags, minutes, words) => {
    const [old, next] = await pair();
    const ran = await replace([old.id, next.id, '-y', ...flags, ...why]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(words);
    expect(await key(old)).toMatchObject(
      minutes === 0
        ? { status: 'replaced', decision: 'replaced' }
        : { status: 'retiring', usable_minutes: minutes },
    );
  });

  it.each<[string, SeedStatus]>([
    ['suspended', 'suspended'],
    ['revoked', 'revoked'],
    ['pending', 'pending'],
    ['expired', 'expired'],
  ])('a NEW that is %s: 4, nothing changed', async (_what, status) => {
    const old = await seedKey(admin);
    const next = await seedKey(admin, { status });
    const before = await bystanders(admin, []);
    const rows = await auditOf(admin, old.id);
    const ran = await replace([old.id, next.id, '-y', ...why]);
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(ran.stderr).toContain('only an active key can take over');
    expect(ran.stderr).toContain('try: keyctl keys lineage');
    expect(await bystanders(admin, [])).toEqual(before);
    expect(await auditOf(admin, old.id)).toEqual(rows);
  });

  it('a NEW that is not alone, an OLD that has a successor, one key twice: 4', async () => {
    const rotation = await seedRotation(admin);
    const key3 = await seedKey(admin);
    const notAlone = await replace([key3.id, rotation.newId, '-y', ...why]);
    expect(notAlone.code).toBe(4);
    expect(notAlone.stderr).toContain('alone in its family');
    const replaced = await replace([rotation.old.id, key3.id, '-y', ...why]);
    expect(replaced.code).toBe(4);
    expect(replaced.stderr).toContain('replaced already');
    const same = await replace([key3.id, key3.name, '-y', ...why]);
    expect(same.code).toBe(4);
    expect(same.stderr).toContain('cannot replace itself');
  });

  it('an open grace of the family: 4; --force ends it, and says so', async () => {
    const rotation = await seedRotation(admin);
    const next = await seedKey(admin);
    const args = [rotation.newId, next.id, '-y', '--json', ...why];
    const refused = await replace(args);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(rotation.old.id);
    const forced = await replace([...args, '--force']);
    expect(forced.code).toBe(0);
    expect(JSON.parse(forced.stdout)).toMatchObject({
      ended: [{ key_id: rotation.old.id, ended_at: expect.stringMatching(/Z$/) }],
    });
    expect(await key(rotation.old)).toMatchObject({ decision: 'replaced' });
    expect((await auditOf(admin, rotation.old.id)).at(-1)).toMatchObject({ action: 'rotation.finalized' });
  });

  it('asks with the old key’s id after showing both, what NEW lacks and the grace; another answer is 5', async () => {
    const old = await seedKey(admin, { owner: 'alice@example.com', scopes: ['runs:read', 'runs:write'] });
    const next = await seedKey(admin, {
      owner: 'bob@example.com',
      scopes: ['runs:read'],
      name: 'evil\x1b[2J',
    });
    const word = old.id.slice(4, 8);
    const no = await replace([old.id, next.id, ...why], { terminal: true, answers: [['Type', 'y']] });
    expect(no).toMatchObject({ code: 5, stdout: '' });
    expect(await key(next)).toMatchObject({ version: 1 });
    const ran = await replace([old.id, next.id, '--color', 'never'], {
      terminal: true,
      answers: [
        [`Type ${word} to replace it`, word],
        ['Reason', 'made by hand during INC-42'],
      ],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/alice@example\.com[\s\S]*evil\\x1b\[2J[\s\S]*bob@example\.com/);
    expect(ran.stderr).toMatch(/lacks +scopes of the old key: runs:write/);
    expect(ran.stderr).toMatch(/grace +the old key stays usable for 1 d/);
    expect(ran.stderr).toContain(`${database.name} as test_operator`);
  });

  it('--dry-run shows both and changes nothing; what is known to be in the way counts as none', async () => {
    const [old, next] = await pair();
    const before = await bystanders(admin, []);
    const args = [old.id, next.id, '--dry-run', '--grace', '2h'];
    expect(JSON.parse((await replace([...args, '--json'])).stdout)).toMatchObject({
      ...{ dry_run: true, count: 1, grace_seconds: 7200, obstacle: null },
      ...{
        old_key: { key_id: old.id, status: 'active' },
        new_key: { key_id: next.id, scopes: ['runs:read'] },
      },
    });
    expect((await replace(args)).stdout).toContain('nothing was changed');
    const rotation = await seedRotation(admin);
    const taken = await replace([rotation.old.id, next.id, '--dry-run', '--json']);
    expect(JSON.parse(taken.stdout)).toMatchObject({
      count: 0,
      obstacle: expect.stringContaining('already replaced'),
    });
    expect(await bystanders(admin, [rotation.old.id, rotation.newId])).toEqual(before);
  });

  it.each([
    ['--yes', ['key_000000000000', 'key_000000000001', ...why], 5],
    ['--reason', ['key_000000000000', 'key_000000000001', '-y'], 2],
    ['OLD and NEW', ['key_000000000000', '-y', ...why], 2],
    ['--grace', ['a-key', 'b-key', '-y', '--compromised', '--grace', '2h', ...why], 2],
    ['key_000000000000', ['key_000000000000', 'key_000000000001', '-y', ...why], 3],
  ])('refuses what is missing or wrong: %s', async (words, args, code) => {
    const ran = await replace(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(words);
  });

  it('a viewer may not: 77', async () => {
    const [old, next] = await pair();
    expect((await replace([old.id, next.id, '-y', ...why], { role: 'test_viewer' })).code).toBe(77);
    expect(await key(old)).toMatchObject({ status: 'active' });
  });

  it('--operation-id again answers the first outcome, though OLD’s name now means NEW', async () => {
    const [old, next] = await pair();
    const args = [old.name, next.name, '-y', '--json', '--operation-id', randomUUID(), ...why];
    const first = await replace(args);
    expect(first.code).toBe(0);
    const rows = await auditOf(admin, old.id);
    expect(await replace(args)).toEqual(first);
    expect(await auditOf(admin, old.id)).toEqual(rows);
  });
});
