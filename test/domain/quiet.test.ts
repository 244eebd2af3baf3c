import { describe, expect, it } from 'vitest';
import { type QuietFacts, quietDoubt } from '../../src/domain/quiet.js';

const hour = 3600;
const at = (minutesAgo: number) => new Date(Date.UTC(2026, 10, 21, 12) - minutesAgo * 60_000).toISOString();
const facts: QuietFacts = {
  readAt: at(0),
  activatedAt: at(300),
  successorLastUsedAt: at(1),
  oldLastUsedAt: at(90),
  quietSeconds: 90 * 60,
};

describe('why a rotation is not quiet', () => {
  it.each<[string, Partial<QuietFacts>, string | null]>([
    ['it is', {}, null],
    ['exactly as long as asked', { oldLastUsedAt: at(60), quietSeconds: hour }, null],
    [
      'nobody used the successor, however silent the old key',
      { successorLastUsedAt: null },
      'successor_unused',
    ],
    ['the old key was used', { oldLastUsedAt: at(59), quietSeconds: 59 * 60 }, 'old_key_used'],
    ['the log ends before the silence does', { quietSeconds: 20 * 60 }, 'log_behind'],
    ['there is no log', { quietSeconds: null }, 'log_behind'],
    [
      'the old key was never used, and the rotation is young',
      { oldLastUsedAt: null, activatedAt: at(20), quietSeconds: 20 * 60 },
      'too_soon',
    ],
    [
      'the old key was never used, by a log that ends',
      { oldLastUsedAt: null, quietSeconds: 0 },
      'log_behind',
    ],
  ])('%s', (_case, change, doubt) => {
    expect(quietDoubt({ ...facts, ...change }, hour)).toBe(doubt);
  });
});
