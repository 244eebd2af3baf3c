import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { importedKey } from '../support/imported-key.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { seedKey } from '../support/seed-keys.js';

describe.each(servers)('keyctl.verification on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
  });
  afterAll(() => database.drop());

  it('finds by id and by digest, however often one session asks and however many keys there are', async () => {
    const token = 'another-systems-token-0001';
    const imported = await importedKey(admin, 'key_imported0000', token);
    const { id } = await seedKey(admin);
    const digest = `sha256:${createHash('sha256').update(token).digest('hex')}`;
    const gateway = await database.connect('test_gateway');
    // What the planner does by itself when there are thousands of keys, and after some calls.
    await gateway.sql.unsafe('set enable_seqscan = off; set plan_cache_mode = force_generic_plan');
    const asked = async (what: string) =>
      (await gateway.sql`select key_id, decision from keyctl.verification(${what})`)[0];
    for (let call = 0; call < 8; call += 1) {
      expect(await asked(id)).toEqual({ key_id: id, decision: 'ok' });
      expect(await asked(digest)).toEqual({ key_id: imported, decision: 'ok' });
      expect(await asked('key_000000000000')).toBeUndefined();
      expect(await asked('sha256:not-a-digest')).toBeUndefined();
    }
  });
});
