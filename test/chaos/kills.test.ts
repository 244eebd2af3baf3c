import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sinkKinds } from './arena.js';
import { chanceFrom } from './chance.js';
import { killOnce, newTally, randomMoment, rotateFailpoints } from './kill-sweep.js';
import { reportText } from './oracle/oracle.js';
import { type TestArena, testArena } from './test-arena.js';

/** Longer: `npm run chaos -- --kills 300`; one run again: `CHAOS_SEED=…`. */
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1e9);

describe('a rotation that is killed', () => {
  let arena: TestArena;
  beforeAll(async () => {
    arena = await testArena();
  });
  afterAll(() => arena.close());

  it(`loses no key, at random moments and at every failpoint, and can be finished (seed ${seed})`, async () => {
    const sweep = { chance: chanceFrom(seed), tally: newTally(), timing: { wholeMs: 300 } };
    // Every sink and every failpoint in turn; together they meet in the long sweep.
    for (const [at, fault] of [...rotateFailpoints, randomMoment, randomMoment].entries()) {
      const kind = sweep.chance.oneOf(sinkKinds);
      const kinds = [...new Set([sinkKinds[at % sinkKinds.length] ?? kind, kind])];
      await killOnce(arena, sweep, { fault, kinds });
    }
    const { tally } = sweep;
    expect(tally.kills).toBeGreaterThanOrEqual(rotateFailpoints.length);
    expect(tally.problems, reportText(arena.oracle.report())).toEqual([]);
  });
});
