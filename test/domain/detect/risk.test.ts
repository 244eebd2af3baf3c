import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DetectorFamily, detectorFamilies } from '../../../src/domain/detect/finding.js';
import { riskOf, severityOf, type Weighed } from '../../../src/domain/detect/risk.js';

const now = Date.UTC(2026, 10, 21, 12);
const hourMs = 3_600_000;

function weighed(
  family: DetectorFamily,
  weight: number,
  bits: number | null = null,
  hoursAgo = 0,
): Weighed & { readonly name: string } {
  return { name: `${family} ${weight}`, family, weight, bits, lastSeenAt: now - hoursAgo * hourMs };
}

describe('riskOf', () => {
  it('is noisy-OR over families: the picture of the dashboard', () => {
    const risk = riskOf([weighed('origin', 0.25), weighed('auth', 0.95)], now);
    expect(risk).toMatchObject({
      risk: 96,
      severity: 'critical',
      halvings: 0,
      families: { auth: 95, origin: 1 },
      strengths: { auth: 0.95, origin: 0.25 },
    });
    expect(risk.steps.map(({ finding, points }) => [finding.name, points])).toEqual([
      ['auth 0.95', 95],
      ['origin 0.25', 1],
    ]);
  });

  it.each([
    ['no finding', [], 0, 'info'],
    ['one weak family never gets far', [weighed('origin', 0.35)], 35, 'low'],
    ['new country and enumeration', [weighed('origin', 0.6), weighed('content', 0.65)], 86, 'high'],
    ['new address and an odd hour', [weighed('origin', 0.15), weighed('time', 0.2)], 32, 'low'],
    ['a rule counts in full', [weighed('lifecycle', 0.97)], 97, 'critical'],
    ['six bits are all that can be said', [weighed('volume', 0.45, 60)], 45, 'medium'],
    ['fewer bits count less', [weighed('volume', 0.4, 3)], 20, 'low'],
    ['negative bits say nothing', [weighed('volume', 0.4, -2)], 0, 'info'],
    [
      'of a family the second strongest adds a quarter, the third nothing',
      [weighed('origin', 0.4), weighed('origin', 0.2), weighed('origin', 0.2)],
      45,
      'medium',
    ],
    ['no family is certain', [weighed('auth', 0.95), weighed('auth', 0.95)], 97, 'critical'],
  ] as const)('%s', (_name, findings, risk, severity) => {
    expect(riskOf(findings, now)).toMatchObject({ risk, severity });
  });

  it('is halved for each whole day without a new finding', () => {
    const at = (hours: number) =>
      riskOf([weighed('auth', 0.95, null, hours), weighed('origin', 0.2, null, 300)], now);
    expect([0, 23, 24, 47, 48, 240].map((hours) => at(hours).risk)).toEqual([96, 96, 48, 48, 24, 0]);
    expect(at(48).halvings).toBe(2);
    // A log that is ahead of this clock raises nothing above what it is.
    expect(at(-30)).toMatchObject({ risk: 96, halvings: 0 });
  });

  const finding = fc.record({
    family: fc.constantFrom(...detectorFamilies),
    weight: fc.double({ min: 0, max: 1, noNaN: true }),
    bits: fc.option(fc.double({ min: -1, max: 400, noNaN: true })),
    lastSeenAt: fc.integer({ min: now - 200 * hourMs, max: now + hourMs }),
  });

  it('its points are whole, never negative, and add up to it, by finding and by family', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 40 }), (findings) => {
        const { risk, steps, families } = riskOf(findings, now);
        const sum = (points: readonly number[]) => points.reduce((all, each) => all + each, 0);
        expect(Number.isInteger(risk) && risk >= 0 && risk <= 100).toBe(true);
        expect(steps).toHaveLength(findings.length);
        for (const { points } of steps) expect(Number.isInteger(points) && points >= 0).toBe(true);
        expect(sum(steps.map(({ points }) => points))).toBe(risk);
        expect(sum(Object.values(families))).toBe(risk);
      }),
    );
  });

  it('grows with every further finding of the same day, and does not depend on their order', () => {
    fc.assert(
      fc.property(fc.array(finding, { minLength: 1, maxLength: 20 }), (findings) => {
        const today = findings.map((each) => ({ ...each, lastSeenAt: now }));
        expect(riskOf(today, now).risk).toBeGreaterThanOrEqual(riskOf(today.slice(1), now).risk);
        expect(riskOf(today.toReversed(), now).risk).toBe(riskOf(today, now).risk);
      }),
    );
  });
});

describe('severityOf', () => {
  it.each([
    [100, 'critical'],
    [90, 'critical'],
    [89, 'high'],
    [70, 'high'],
    [69, 'medium'],
    [40, 'medium'],
    [39, 'low'],
    [15, 'low'],
    [14, 'info'],
    [0, 'info'],
  ])('%i is %s', (risk, severity) => expect(severityOf(risk)).toBe(severity));
});
