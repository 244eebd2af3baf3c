import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestArena, testArena } from './test-arena.js';
import { rotateDueTogether, rotateTogether } from './together.js';

describe('rotations at the same time', () => {
  let arena: TestArena;
  beforeAll(async () => {
    arena = await testArena();
  });
  afterAll(() => arena.close());

  it('give one key one successor, and late comers do not rotate that', async () => {
    const { codes, planted, problems } = await rotateTogether(arena, 32);
    expect(problems).toEqual([]);
    expect([...codes].sort()).toEqual([0, ...Array.from({ length: 31 }, () => 4)]);
    const family =
      await arena.sql`select version, status from keyctl.api_keys where family_id = ${planted.id} order by version`;
    expect([...family]).toEqual([
      { version: 1, status: 'retiring' },
      { version: 2, status: 'active' },
    ]);
  });

  it('share the keys that are due, and rotate none twice', async () => {
    const due = [];
    for (let keys = 0; keys < 100; keys++) due.push(await arena.plantKey());
    const { codes, rotated, problems } = await rotateDueTogether(arena, 8, due);
    expect(problems).toEqual([]);
    expect(codes).toEqual(codes.map(() => 0));
    expect([...rotated].sort()).toEqual(due.map((key) => key.id).sort());
  });
});
