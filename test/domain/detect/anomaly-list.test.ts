import { describe, expect, it } from 'vitest';
import { anomalyList } from '../../../src/domain/detect/anomaly-list.js';
import type { KeptFinding } from '../../../src/domain/detect/kept-finding.js';
import { mergeStories } from '../../../src/domain/detect/merge-stories.js';
import { responsePlan } from '../../../src/domain/detect/response-plan.js';

const now = Date.UTC(2026, 10, 21, 12);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A rule that fired on `key_a` an hour ago. */
function finding(parts: Partial<KeptFinding> = {}): KeptFinding {
  const at = parts.windowEnd ?? now - hourMs;
  return {
    ...{
      findingId: 'fnd_000000000000',
      detector: 'auth_burst',
      family: 'auth',
      severity: 'high',
      weight: 0.5,
    },
    ...{
      keyId: 'key_a',
      familyId: 'key_a',
      keyName: 'a',
      externalId: null,
      keyVersion: 1,
      keyStatus: 'active',
    },
    ...{ owner: null, ip: '192.0.2.1', cause: '192.0.2.1', story: 'one', bits: null, scoreBits: null },
    ...{
      calibratedBits: null,
      onsetAt: at - 600_000,
      windowStart: at - 600_000,
      windowEnd: at,
      lastSeenAt: at,
    },
    ...{
      detectedAt: at,
      observed: 20,
      expectedLow: 0,
      expectedHigh: 2,
      reproduceSql: 'select 1',
      status: 'open',
    },
    ...{ statusAt: null, statusBy: null, statusReason: null, incidentId: null, kept: true },
    evidence: { summary: '', factors: [], topIps: [], topEndpoints: [], historyDays: 28, suggests: null },
    ...parts,
  };
}

describe('anomalyList', () => {
  it('puts findings under their keys, the riskiest first, with points that add up', () => {
    const { keys, addresses, findings } = anomalyList(
      [
        finding({ keyId: 'key_b', weight: 0.2 }),
        finding({ detector: 'enumeration', family: 'content', weight: 0.65 }),
        finding(),
        finding({ keyId: null, familyId: null, detector: 'guessing', severity: 'low' }),
        finding({ keyId: null, familyId: null, detector: 'stuffing', severity: 'high' }),
      ],
      now,
    );
    expect(keys.map(({ keyId, risk, severity }) => [keyId, risk, severity])).toEqual([
      ['key_a', 83, 'high'],
      ['key_b', 20, 'low'],
    ]);
    expect(keys[0]?.findings.map(({ detector, points }) => [detector, points])).toEqual([
      ['enumeration', 65],
      ['auth_burst', 18],
    ]);
    expect(addresses.map(({ detector, points }) => [detector, points])).toEqual([
      ['stuffing', 0],
      ['guessing', 0],
    ]);
    expect(findings).toHaveLength(5);
  });

  it('leaves dismissed ones out of list and risk', () => {
    const { keys } = anomalyList([finding(), finding({ family: 'content', status: 'dismissed' })], now);
    expect(keys).toMatchObject([{ risk: 50, findings: [{ family: 'auth' }] }]);
  });

  it('leaves out what is less severe, but never a part of a grave risk', () => {
    const mild = (family: 'auth' | 'origin' | 'content' | 'volume') =>
      finding({ family, severity: 'medium' });
    const grave = anomalyList(
      [mild('auth'), mild('origin'), mild('content'), mild('volume')],
      now,
      'critical',
    );
    expect(grave.keys).toMatchObject([{ risk: 94, findings: { length: 4 } }]);
    expect(anomalyList([mild('auth'), mild('origin')], now, 'critical').keys).toEqual([]);
    const one = anomalyList(
      [mild('auth'), finding({ family: 'time', severity: 'low', weight: 0.1 })],
      now,
      'medium',
    );
    expect(one.keys).toMatchObject([{ risk: 55, findings: [{ family: 'auth' }, { family: 'time' }] }]);
  });

  it('findings older than a week are shown without points', () => {
    const old = finding({ family: 'content', weight: 0.9, windowEnd: now - 8 * dayMs });
    expect(anomalyList([finding(), old], now).keys).toMatchObject([
      {
        risk: 50,
        findings: [
          { family: 'auth', points: 50 },
          { family: 'content', points: 0 },
        ],
      },
    ]);
  });

  it('a replay shows each key as it was at its worst', () => {
    const week = (n: number, parts: Partial<KeptFinding>) =>
      finding({ windowEnd: now - n * 8 * dayMs, ...parts });
    const [key] = anomalyList(
      [
        week(3, { family: 'origin', weight: 0.3 }),
        week(2, { family: 'content', weight: 0.6 }),
        week(2, { family: 'auth', weight: 0.5 }),
        week(0, { family: 'time', weight: 0.2 }),
      ],
      'peak',
    ).keys;
    expect(key).toMatchObject({ risk: 80, halvings: 0 });
    expect(key?.findings.map(({ family, points }) => [family, points])).toEqual([
      ['content', 60],
      ['auth', 20],
      ['origin', 0],
      ['time', 0],
    ]);
  });
});

describe('mergeStories', () => {
  it('makes one of what is less than a day apart, raised when the first was, with the strongest’s numbers', () => {
    const first = finding({ findingId: 'fnd_1', windowEnd: now - 30 * hourMs, scoreBits: 8, observed: 1 });
    const stronger = finding({
      findingId: 'fnd_2',
      windowEnd: now - 10 * hourMs,
      scoreBits: 20,
      observed: 9,
    });
    const weaker = finding({ findingId: 'fnd_3', windowEnd: now, scoreBits: 9, observed: 99 });
    const [merged, ...more] = mergeStories([weaker, first, stronger]);
    expect(more).toEqual([]);
    expect(merged).toMatchObject({
      ...{ findingId: 'fnd_1', detectedAt: first.detectedAt, onsetAt: first.onsetAt },
      ...{ observed: 9, windowEnd: stronger.windowEnd, lastSeenAt: now },
    });
  });

  it('keeps apart other stories, and the same one after more than a day', () => {
    const days = [0, 2, 4].map((n) => finding({ windowEnd: now - n * dayMs }));
    expect(mergeStories([...days, finding({ story: 'two' })])).toHaveLength(4);
  });

  it('the graver one is the stronger one, whatever its numbers', () => {
    const grave = finding({ severity: 'critical', observed: 1, windowEnd: now });
    expect(mergeStories([finding({ observed: 500 }), grave])).toMatchObject([
      { severity: 'critical', observed: 1 },
    ]);
  });
});

describe('responsePlan', () => {
  const rule = { name: 'stop', detector: null, leastSeverity: 'high' } as const;

  it('takes the gravest first, open and recent ones only, by detector and severity', () => {
    const found = [
      finding({ findingId: 'high' }),
      finding({ findingId: 'critical', severity: 'critical', detector: 'decoy' }),
      finding({ findingId: 'mild', severity: 'medium' }),
      finding({ findingId: 'seen', status: 'acknowledged' }),
      finding({ findingId: 'old', windowEnd: now - 25 * hourMs }),
    ];
    const decoys = { ...rule, name: 'decoys', detector: 'decoy' };
    const plan = responsePlan(found, [rule, decoys], now);
    expect(plan.map((each) => [each.finding.findingId, each.rule.name])).toEqual([
      ['critical', 'stop'],
      ['critical', 'decoys'],
      ['high', 'stop'],
    ]);
  });
});
