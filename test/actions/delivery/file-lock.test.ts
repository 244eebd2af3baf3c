import { mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../src/actions/delivery/file-lock.js';

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-lock-'));
  path = join(home, 'lock');
});
afterEach(() => rm(home, { recursive: true }));

describe('a lock', () => {
  it('is held by one at a time, and goes with its holder', async () => {
    const order: string[] = [];
    const first = await acquireLock(path, `${path}-1`);
    const second = acquireLock(path, `${path}-2`).then((lock) => {
      order.push('second has it');
      return lock;
    });
    order.push('first lets go');
    await first.release();
    await (await second).release();
    expect(order).toEqual(['first lets go', 'second has it']);
    expect(await readdir(home)).toEqual([]);
  });

  it('that was taken away is not ours any more, and the next one is not removed', async () => {
    const lost = await acquireLock(path, `${path}-1`);
    expect(await lost.stillOurs()).toBe(true);
    await unlink(path);
    expect(await lost.stillOurs()).toBe(false);
    const next = await acquireLock(path, `${path}-2`);
    await lost.release();
    expect(await next.stillOurs()).toBe(true);
  });

  it('that was left behind goes to one of those who wait, and then to the others', async () => {
    await writeFile(path, '');
    let holders = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        const lock = await acquireLock(path, `${path}-${at}`);
        most = Math.max(most, ++holders);
        await new Promise((resolve) => setTimeout(resolve, 30));
        expect(await lock.stillOurs()).toBe(true);
        holders--;
        await lock.release();
      }),
    );
    expect(most).toBe(1);
    expect(await readdir(home)).toEqual([]);
  });
});
