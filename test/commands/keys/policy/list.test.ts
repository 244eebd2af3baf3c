import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../../support/postgres.js';
import { seedKey } from '../../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const list = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'policy', 'list', ...args], { database, role: 'test_viewer', ...options });
const day = 86_400;

describe('keys policy list', () => {
  it('lists what each asks, in words and in JSON', async () => {
    const { policies, next_cursor: cursor } = JSON.parse((await list(['--json'])).stdout);
    expect(cursor).toBeNull();
    expect(policies.map((each: { name: string }) => each.name)).toEqual([
      ...['high', 'standard', 'limited', 'production', 'development', 'staging'],
    ]);
    expect(policies[0]).toEqual({
      name: 'high',
      applies_to: 'policy',
      rotate_every_seconds: 30 * day,
      grace_seconds: day,
      keep_previous: null,
      review_every_seconds: 90 * day,
      expires_within_seconds: null,
      keys: 0,
      rotations_due: 0,
      left_out: 0,
      reviews_due: 0,
      set_at: expect.stringMatching(/Z$/),
      set_by: expect.any(String),
    });
    const { stdout } = await list(['--color', 'never'], { terminal: { stdout: true, columns: 80 } });
    for (const text of stdout.trimEnd().split('\n')) expect(text.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/high +policy +30 d +1 d +90 d/);
    expect((await list(['-o', 'ids'])).stdout).toContain('standard\n');
  });

  it('counts keys by policy and environment, those that are due, left out, or to be reviewed', async () => {
    const seeded = async (columns: string) =>
      await admin.sql.unsafe(
        `update keyctl.api_keys set ${columns} where id = '${(await seedKey(admin)).id}'`,
      );
    const old = "activated_at = now() - interval '100 days'";
    await seeded("policy = 'high', environment = 'staging'");
    await seeded(`policy = 'high', ${old}`);
    await seeded(`policy = 'high', ${old}, exempt_reason = 'burnt into the device', reviewed_at = now()`);
    await seeded(old);
    await seedKey(admin, { status: 'revoked' });
    const { policies } = JSON.parse((await list(['--json'])).stdout);
    const counts = (name: string) => {
      const found = policies.find((each: { name: string }) => each.name === name);
      return [found.keys, found.rotations_due, found.left_out, found.reviews_due];
    };
    expect(counts('high')).toEqual([3, 1, 1, 1]);
    expect(counts('staging')).toEqual([1, 0, 0, 0]);
    expect(counts('standard')).toEqual([1, 1, 0, 0]);
    expect(counts('limited')).toEqual([0, 0, 0, 0]);
  });

  it('a gateway may not: 77; the group alone says which commands there are: 2', async () => {
    expect((await list([], { role: 'test_gateway' })).code).toBe(77);
    expect(await runCommand(['keys', 'policy'], { database })).toMatchObject({ code: 2 });
  });
});
