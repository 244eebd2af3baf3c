import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { runCommand } from '../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { auditOf, seedKey } from '../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let home: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  home = await mkdtemp(join(tmpdir(), 'keyctl-revoke-replace-'));
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

const because = ['--reason', 'found in acme/app commit 7a3f21', '--yes'];
const revoke = (args: readonly string[]) =>
  runCommand(['revoke', ...args], { database, role: 'test_operator' });
const actions = async (id: string) => (await auditOf(admin, id)).map((row) => row.action);

describe('revoke --replace', () => {
  it('revokes, then issues a successor; the revocation stays as it is', async () => {
    const old = await seedKey(admin, { name: 'leaked' });
    const path = join(home, 'new');
    const ran = await revoke([old.id, ...because, '--replace', '--deliver', `file:${path}`, '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const result = JSON.parse(ran.stdout);
    expect(result).toMatchObject({
      revoked: 1,
      results: [{ key_id: old.id, outcome: 'revoked' }],
      replacements: [{ outcome: 'rotated', old_key_id: old.id, old_key_status: 'revoked', version: 2 }],
    });
    expect(await readFile(path, 'utf8')).toContain(result.replacements[0].key_id.slice(4));
    expect(await actions(old.id)).toEqual(['key.revoked', 'rotation.prepared', 'rotation.activated']);
  });

  it('revokes all the same when the successor cannot be delivered (6)', async () => {
    const old = await seedKey(admin);
    const ran = await revoke([old.id, ...because, '--replace', '--deliver', 'file:/nowhere/at/all']);
    expect(ran.code).toBe(6);
    expect(ran.stdout).toContain('revoked, but NOT replaced');
    expect(await actions(old.id)).toEqual(['key.revoked', 'rotation.prepared', 'rotation.aborted']);
  });

  it.each([
    ['a place without --replace', ['--deliver', 'file:/tmp/x'], 2],
    ['no place', ['--replace'], 5],
    ['stdout beside a record', ['--replace', '--deliver', 'stdout', '--json'], 2],
  ])('refuses %s before anything is revoked', async (_case, flags, code) => {
    const old = await seedKey(admin);
    expect(await revoke([old.id, ...because, ...flags])).toMatchObject({ code, stdout: '' });
    expect(await actions(old.id)).toEqual([]);
  });
});
