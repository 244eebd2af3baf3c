import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireMessage } from '../support/tcp-proxy.js';
import { chanceFrom } from './chance.js';
import { cutOnce, possibleCuts, repeated, through } from './cut-sweep.js';
import { observed, planRun, startRun } from './rotation-run.js';
import { type TestArena, testArena } from './test-arena.js';

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1e9);

describe('a rotation whose connection is cut', () => {
  let arena: TestArena;
  beforeAll(async () => {
    arena = await testArena();
  });
  afterAll(() => arena.close());

  it(`before or after any message: loses nothing, and the same operation gives one outcome (seed ${seed})`, async () => {
    const cuts = await possibleCuts(arena, arena.wire);
    expect(cuts.length).toBeGreaterThan(60);
    const chance = chanceFrom(seed);
    const problems: string[] = [];
    for (let times = 0; times < 12; times++)
      problems.push(...(await cutOnce(arena, arena.wire, chance.oneOf(cuts))).problems);
    expect(problems).toEqual([]);
  });

  const isReplyOfActivate = (message: WireMessage) =>
    message.from === 'server' && message.type === 'D' && message.bytes.includes('"outcome": "activated"');
  const planned = async (name: string, flags: readonly string[] = []) =>
    planRun(arena, { name, planted: await arena.plantKey(), kinds: ['file', 'env'], flags });

  it('at the reply of ACTIVATE: asks again by itself and succeeds', async () => {
    const run = await planned('cut at the reply of ACTIVATE, once');
    let isCut = false;
    const ended = await through(
      arena.wire,
      (message) => {
        if (isCut || !isReplyOfActivate(message)) return 'forward';
        isCut = true;
        return 'cut';
      },
      (env) => startRun(arena, run, env).ended,
    );
    expect([isCut, ended.exitCode], ended.stderr).toEqual([true, 0]);
    expect(await arena.oracle.look([observed(run, ended)])).toEqual([]);
    expect(await repeated(arena, run, ended)).toEqual([]);
  });

  it('at every reply of ACTIVATE: ends with 75, names the operation, and that gives the one outcome', async () => {
    const run = await planned('cut at the reply of ACTIVATE, always');
    const ended = await through(
      arena.wire,
      (message) => (isReplyOfActivate(message) ? 'cut' : 'forward'),
      (env) => startRun(arena, run, env).ended,
    );
    expect(ended.exitCode, ended.stderr).toBe(75);
    expect(ended.stderr).toContain(`--operation-id ${run.operationId}`);
    expect(await arena.oracle.look([observed(run, ended)])).toEqual([]);
    expect(await repeated(arena, run, ended)).toEqual([]);
  });

  it('in a black hole behind the reply of ACTIVATE: ends with 75 when the time is up', async () => {
    const run = await planned('black hole', ['--timeout', '2s']);
    const ended = await through(
      arena.wire,
      (message) => (isReplyOfActivate(message) ? 'hold' : 'forward'),
      (env) => startRun(arena, run, env).ended,
    );
    expect(ended.exitCode, ended.stderr).toBe(75);
    expect(await arena.oracle.look([observed(run, ended)])).toEqual([]);
    expect(await repeated(arena, run, ended)).toEqual([]);
  });
});
