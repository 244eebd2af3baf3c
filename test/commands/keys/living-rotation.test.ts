import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedRotation } from '../../support/seed-rotation.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const keys = async (...args: readonly string[]) =>
  (await runCommand(['keys', ...args], { database, role: 'test_viewer' })).stdout.replace(/\n {2,}/g, ' ');

describe.each(['show', 'lineage'])('keys %s', (command) => {
  it('tells of the open rotation, on the old key and on the new one', async () => {
    const { id, old, newId } = await seedRotation(admin);
    for (const key of [old.id, newId]) {
      expect(await keys(command, key)).toMatch(
        new RegExp(
          `rotating +${id} is open: ${newId} for ${old.id}, which is usable until \\S+Z \\(in 23 h\\)`,
        ),
      );
    }
  });

  it('tells of one that is pending, kept, or without its secret in place', async () => {
    const pending = await seedRotation(admin, { state: 'pending' });
    expect(await keys(command, pending.old.id)).toContain(`${pending.id} is pending: ${pending.newId} for`);
    const kept = await seedRotation(admin, { graceSeconds: null });
    expect(await keys(command, kept.old.id)).toContain('kept until the next rotation');
    const unplaced = await seedRotation(admin, { uncommitted: true });
    expect(await keys(command, unplaced.newId)).toContain('the new secret is not in its place yet');
  });

  it('says nothing of what is over', async () => {
    const over = await seedRotation(admin, { state: 'finalized' });
    expect(await keys(command, over.newId)).not.toContain('rotating');
  });
});

describe('keys show --json', () => {
  it('has the rotations that are under way', async () => {
    const { id, old, newId } = await seedRotation(admin);
    expect(JSON.parse(await keys('show', newId, '--json')).rotations).toEqual([
      {
        ...{ rotation_id: id, state: 'open', old_key_id: old.id, new_key_id: newId, commit_pending: false },
        grace_ends_at: expect.stringMatching(/Z$/),
      },
    ]);
  });
});
