import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { brokenLinks, changesWithoutOneRow } from '../chaos/oracle/audit-checks.js';
import { readFacts } from '../chaos/oracle/facts.js';
import {
  decisionsThatDiffer,
  successorsThatAreNotOne,
  tooManyOfAFamily,
} from '../chaos/oracle/key-checks.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { seedKey } from '../support/seed-keys.js';
import { commands } from './rotation-model/commands.js';
import type { Kernel } from './rotation-model/kernel.js';
import { newKey, newWorld } from './rotation-model/world.js';

/** Longer: `MODEL_RUNS=500 npx vitest run test/kernel/rotation-model.test.ts`; one run again: `MODEL_SEED=…`. */
const numRuns = Number(process.env.MODEL_RUNS ?? 25);
const seed = Number(process.env.MODEL_SEED ?? Date.now() % 1e9);

describe.each(servers)('the state machine in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let db: Connection;
  beforeAll(async () => {
    database = await freshDatabase(server);
    db = await database.connect();
  });
  afterAll(() => database.drop());

  it(`does what the model does, whatever the order, also when operations are repeated (seed ${seed})`, async () => {
    const steps = fc.commands(commands, { maxCommands: 40, size: 'max' });
    await fc.assert(
      fc.asyncProperty(steps, async (run) => {
        await fc.asyncModelRun(setUp, run);
        const facts = await readFacts(db.sql);
        const checks = [
          tooManyOfAFamily,
          successorsThatAreNotOne,
          changesWithoutOneRow,
          brokenLinks,
          decisionsThatDiffer,
        ];
        expect(checks.flatMap((check) => check(facts))).toEqual([]);
      }),
      { numRuns, seed, endOnFailure: false },
    );
  });

  /** Four families, one of which ends by itself. */
  async function setUp() {
    const world = newWorld();
    for (let at = 0; at < 4; at++) {
      const { id } = await seedKey(db);
      const expiresAt = at === 0 ? 40 * 3600 : null;
      if (expiresAt !== null)
        await db.sql`update keyctl.api_keys set expires_at = clock_timestamp() + interval '40 hours' where id = ${id}`;
      world.keys.set(id, newKey(id, expiresAt));
    }
    const [head] = await db.sql`select seq::int from keyctl.audit_head`;
    const real: Kernel = { db, seq: head?.seq ?? 0 };
    return { model: { world, operations: [] }, real };
  }
});
