import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { builtProgram } from '../support/built-program.js';
import { freshDatabase, newest, type TestDatabase } from '../support/postgres.js';
import { chanceFrom } from './chance.js';
import { newTally, randomMoment } from './kill-sweep.js';
import { startKeyctl } from './run-keyctl.js';
import { killUsageOnce, usageFaults } from './usage-kills.js';
import type { UsageGround } from './usage-work.js';

/** Longer: `npm run chaos -- --kills 300`; one run again: `CHAOS_SEED=…`. */
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1e9);

describe('bringing usage in, counting, exporting and dropping it, killed', () => {
  let database: TestDatabase;
  let sql: Sql;
  let ground: UsageGround;
  beforeAll(async () => {
    const [fresh, keyctl] = await Promise.all([freshDatabase(newest), builtProgram('failpoints')]);
    database = fresh;
    const directory = await mkdtemp(join(inject('scratch'), 'usage-kills-'));
    const { socketDirectory: host, port } = newest;
    sql = postgres({ host, port, user: 'postgres', database: database.name, max: 2, onnotice: () => {} });
    const url = `postgres://test_admin@${encodeURIComponent(host)}:${port}/${database.name}`;
    const env = { PATH: process.env.PATH ?? '', HOME: directory, DATABASE_URL: url };
    ground = { sql, keyctl, env, directory };
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  it(`at every step and at random moments: nothing is lost or counted twice, and the same command does it (seed ${seed})`, async () => {
    const sweep = { chance: chanceFrom(seed), tally: newTally(), timing: { wholeMs: 300 } };
    for (const fault of usageFaults) await killUsageOnce(ground, sweep, fault);
    const { tally } = sweep;
    expect(tally.problems).toEqual([]);
    const steps = usageFaults.filter(([, fault]) => fault !== randomMoment);
    expect([...tally.byFault.keys()]).toEqual(
      expect.arrayContaining(steps.map(([work, fault]) => `${work}: ${fault}`)),
    );
    expect((await startKeyctl(ground, ['audit', 'verify']).ended).exitCode).toBe(0);
  }, 240_000);
});
