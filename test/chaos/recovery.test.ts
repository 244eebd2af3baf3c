import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlantedKey, SinkKind } from './arena.js';
import { observed, planRun, type RotationRun, startRun } from './rotation-run.js';
import { startKeyctl } from './run-keyctl.js';
import { type TestArena, testArena } from './test-arena.js';

/** What people do after a rotation died, in the orders that lost a key once. */
describe('after a rotation that was killed between ACTIVATE and COMMIT', () => {
  let arena: TestArena;
  beforeEach(async () => {
    arena = await testArena();
  });
  afterEach(() => arena.close());

  async function killed(planted: PlantedKey, kinds: readonly SinkKind[], flags: readonly string[] = []) {
    const run = await planRun(arena, { name: 'killed', planted, kinds, flags });
    const ended = await startRun(arena, run, { KEYCTL_FAILPOINT: 'rotate.activated' }).ended;
    expect(await arena.oracle.look([observed(run, ended)])).toEqual([]);
    return run;
  }
  const rotationOf = async ({ operationId }: RotationRun) => {
    const [row] =
      await arena.sql`select rotation_id from keyctl.rotations where operation_id = ${operationId}`;
    return String(row?.rotation_id);
  };

  it('resuming what a reissue took the place of does not bring the dead secret back', async () => {
    const planted = await arena.plantKey();
    const lost = await killed(planted, ['env']);
    const reissue = await planRun(arena, {
      name: 'reissue',
      planted,
      kinds: ['env'],
      isReissue: true,
      after: lost,
    });
    const ended = await startRun(arena, reissue).ended;
    expect(await arena.oracle.look([observed(reissue, ended)])).toEqual([]);
    await startKeyctl(arena, ['rotate', 'resume', await rotationOf(lost), '--yes']).ended;
    expect(await arena.oracle.look()).toEqual([]);
  });

  it('a forced rotation does not end the key that still stands in the env file', async () => {
    const planted = await arena.plantKey();
    const first = await killed(planted, ['env']);
    const forced = await planRun(arena, {
      name: 'forced',
      planted,
      kinds: ['env'],
      flags: ['--force'],
      after: first,
    });
    await startRun(arena, forced, { KEYCTL_FAILPOINT: 'rotate.activated' }).ended;
    expect(await arena.oracle.look()).toEqual([]);
  });

  it.each<readonly SinkKind[]>([['age'], ['stdout']])(
    'the same operation does not call a key undelivered that is active, where %s cannot be read back',
    async (kind) => {
      const run = await killed(await arena.plantKey(), [kind], ['--after', '/bin/true']);
      const again = await startRun(arena, run).ended;
      expect(await arena.oracle.look([observed(run, again, false)])).toEqual([]);
    },
  );
});
