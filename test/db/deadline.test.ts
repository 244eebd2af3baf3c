import { describe, expect, it } from 'vitest';
import { DeadlineError, startDeadline, withDeadline } from '../../src/db/deadline.js';

const never = new Promise<never>(() => {});

describe('withDeadline', () => {
  it('answers what the work answers and calls nothing', async () => {
    let called = 0;
    const answer = await withDeadline(Promise.resolve(7), {
      timeoutMs: 1000,
      onTimeout: () => (called += 1),
    });
    expect([answer, called]).toEqual([7, 0]);
  });

  it('gives up on work that never ends, and ends what it waited for once', async () => {
    let called = 0;
    const waiting = withDeadline(never, { timeoutMs: 5, onTimeout: () => (called += 1) });
    await expect(waiting).rejects.toBeInstanceOf(DeadlineError);
    expect(called).toBe(1);
  });

  it('says "too late" even when ending the work makes it fail at once', async () => {
    let fail: (error: Error) => void = () => {};
    const work = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const waiting = withDeadline(work, { timeoutMs: 5, onTimeout: () => fail(new Error('destroyed')) });
    await expect(waiting).rejects.toBeInstanceOf(DeadlineError);
  });
});

describe('startDeadline', () => {
  it('counts down on the clock it is given and stops at nothing', () => {
    let now = 100;
    const deadline = startDeadline(50, () => now);
    now = 120;
    expect(deadline.remainingMs()).toBe(30);
    now = 151;
    expect(deadline.remainingMs()).toBe(0);
  });
});
