import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/domain/detect/finding.js';
import { onsets, storyOf } from '../../../src/domain/detect/onset.js';

const hourMs = 3_600_000;

function said(more: Partial<Candidate>): Candidate {
  return {
    ...{ detector: 'volume_requests', family: 'volume', severity: 'medium', cause: 'requests', weight: 0.45 },
    ...{
      familyId: 'f1',
      keyId: 'k1',
      ip: null,
      bits: 10,
      observed: 1,
      expectedLow: null,
      expectedHigh: null,
    },
    ...{ onsetAt: 0, windowStart: 0, windowEnd: 0, detectableAt: 0, query: {} },
    evidence: { summary: '', factors: [], topIps: [], topEndpoints: [], historyDays: 0, suggests: null },
    ...more,
  };
}

describe('the onset of a story', () => {
  it.each<[string, Partial<Candidate>, number, boolean]>([
    ['the same an hour later', {}, 1, false],
    ['a tenth more bits', { bits: 11 }, 1, false],
    ['more than a tenth more bits', { bits: 11.1 }, 1, true],
    ['a graver severity', { severity: 'high' }, 1, true],
    ['a milder severity', { severity: 'low' }, 1, false],
    ['the same a day later', {}, 24, true],
    ['another cause', { cause: 'bytes' }, 1, true],
    ['another family', { familyId: 'f2' }, 1, true],
    ['another address', { ip: '192.0.2.1' }, 1, true],
  ])('is told: %s', (_what, more, hours, news) => {
    const isNews = onsets(storyOf);
    expect(isNews(said({}), 0)).toBe(true);
    expect(isNews(said(more), hours * hourMs)).toBe(news);
  });

  it('is one for an address that tries many keys', () => {
    const isNews = onsets(storyOf);
    const burst = { detector: 'auth_burst', family: 'auth', ip: '203.0.113.9', bits: null } as const;
    const told = Array.from({ length: 500 }, (_, n) => isNews(said({ ...burst, familyId: `f${n}` }), n));
    expect(told.filter(Boolean)).toHaveLength(1);
  });
});
