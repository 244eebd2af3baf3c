import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../../support/postgres.js';
import { seedKey, seedUsage } from '../../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const give = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'owner', 'export', ...args], { database, role: 'test_auditor', ...options });
const rows = async () =>
  await admin.sql`select actor_db, record::jsonb -> 'details' as details from keyctl.audit_log where action = 'owner.exported' order by seq`;

describe('keys owner export', () => {
  it('prints all that is stored about a person and nothing about others, and leaves its row', async () => {
    const key = await seedKey(admin, { owner: 'ines@example.com', userId: 'ines-1' });
    const dead = await seedKey(admin, { owner: 'ines@example.com', status: 'revoked' });
    const other = await seedKey(admin, { owner: 'other@example.com' });
    await seedUsage(admin, { keyId: key.id, times: 5, secondsAgo: 60 });
    await seedUsage(admin, { keyId: key.id, times: 2, secondsAgo: 600, status: 401 });
    await seedUsage(admin, { keyId: other.id, times: 3, secondsAgo: 60 });

    const ran = await give(['Ines@example.com', '--json']);
    expect(ran.code).toBe(0);
    const given = JSON.parse(ran.stdout);
    expect(given).toMatchObject({ email: 'ines@example.com', user_id: 'ines-1', forgotten_at: null });
    expect(given.keys.map((each: { key_id: string }) => each.key_id).sort()).toEqual(
      [key.id, dead.id].sort(),
    );
    expect(given.usage).toMatchObject([{ key_id: key.id, requests: 7, errors: 2, unique_ips: 1 }]);
    const actions = given.audit.map((each: { action: string }) => each.action);
    expect(actions).toEqual(['key.created', 'key.created', 'key.revoked', 'owner.exported']);
    expect(ran.stdout).not.toContain(other.id);
    for (const secret of [key.token, '"salt"', '"verifier"']) expect(ran.stdout).not.toContain(secret);
    const [owner] = await admin.sql`select owner_id from keyctl.owners where email = 'ines@example.com'`;
    expect(await rows()).toEqual([{ actor_db: 'test_auditor', details: { owner_id: owner?.owner_id } }]);
  });

  it('is the same document without --json', async () => {
    await seedKey(admin, { owner: 'hostile@example.com', name: 'x\u001b]0;owned\u0007\u202e' });
    const ran = await give(['hostile@example.com']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).keys[0].name).toBe('x\u001b]0;owned\u0007\u202e');
    expect(ran.stdout).not.toMatch(/[\u001b\u0007\u202e]/);
  });

  it.each([
    ['an unknown address', ['nobody@example.com'], {}, 3, /nobody@example\.com not found in .*test_/],
    ['what is no address', ['nobody'], {}, 2, /not an e-mail address/],
    ['a viewer', ['ines@example.com'], { role: 'test_viewer' }, 77, /keyctl_(admin|auditor)/],
    ['an actor that is the address', ['ines@example.com', '--actor', 'ines@example.com'], {}, 2, /for ever/],
  ] as const)('refuses %s', async (_name, args, options, code, message) => {
    const count = (await rows()).length;
    const ran = await give(args, options);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr).toMatch(message);
    expect(await rows()).toHaveLength(count);
  });
});
