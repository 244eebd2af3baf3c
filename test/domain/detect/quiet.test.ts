import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Activity, Knowledge, SubjectKey } from '../../../src/domain/detect/activity.js';
import type { Baseline } from '../../../src/domain/detect/baseline.js';
import { isQuiet } from '../../../src/domain/detect/quiet.js';
import { detectors } from '../../../src/domain/detect/registry.js';
import { familyWalk, type Scored } from '../../../src/domain/detect/walk.js';
import {
  baselineOf,
  dayMs,
  hourMs,
  key,
  midnight,
  minuteMs,
  now,
  use,
  windowOf,
  workingDays,
} from './ordinary-use.js';

/** Ten in the morning of a day like others; the month before is known. */
const baseline = baselineOf(workingDays(30));
const ofMoments = detectors.filter(({ span }) => span === 'moment');
const listed = '198.51.100.66';
const knowledge: Knowledge = {
  place: (ip) => (ip.startsWith('198.51.100.') ? { asn: 1, country: 'DE', lat: 52.5, lon: 13.4 } : null),
  listed: (ip) => (ip === listed ? 'a list' : null),
};
/** A copy is a detector that nobody knows: it is asked about everything. */
const strangers = detectors.map((each) => ({ ...each }));

/** Most of it as always, so that quiet moments come up, and each thing that a detector looks for. */
const oneUse = fc.record({
  minute: fc.nat({ max: 6 * 60 }),
  ip: mostly('198.51.100.10', '203.0.113.7', listed, null),
  agent: mostly('worker', 'curl', 'sqlmap', null),
  endpoint: mostly('/v1/a', '/v1/secret', '/v1/b', null),
  requests: fc.integer({ min: 1, max: 12 }),
  refusal: mostly(null, 'unauthorized', 'forbidden', 'notFound', 'limited', 'failed'),
  keyId: mostly(key.keyId, 'key_other'),
});

const someKeys = mostly<Partial<SubjectKey>>(
  {},
  { decoy: true },
  { diedAt: now - hourMs, diedAs: 'revoked' },
  { diedAt: now - 2 * hourMs, diedAs: 'replaced', replacedBy: key.keyId },
);

/** An hour at night has no usual use, and long ago is dormant. */
const baselines = mostly<Baseline | null>(
  baseline,
  null,
  { ...baseline, lastAt: now - 60 * dayMs },
  { ...baseline, lastAt: null },
  { ...baseline, weekHours: baseline.weekHours.map((days, hour) => (hour % 24 < 9 ? days : 0)) },
);

function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  const rest = others.map((value) => ({ arbitrary: fc.constant(value), weight: 1 }));
  return fc.oneof({ arbitrary: fc.constant(usual), weight: 7 * others.length }, ...rest);
}

const days = fc.record({
  uses: fc.array(oneUse, { maxLength: 60 }),
  other: someKeys,
  known: baselines,
});
type Day = typeof days extends fc.Arbitrary<infer T> ? T : never;

const start = midnight(now) + 8 * hourMs;

function activityOf({ uses }: Day): readonly Activity[] {
  return uses
    .map(({ minute, refusal, requests, ...rest }) =>
      use(start + minute * minuteMs, {
        ...rest,
        ...{ requests, bytes: requests * 1000, ...(refusal === null ? {} : { [refusal]: requests }) },
      }),
    )
    .toSorted((a, b) => a.at - b.at);
}

function subjectOf({ other }: Day) {
  return { familyId: key.familyId, keys: [{ ...key, ...other, keyId: 'key_other' }, key] };
}

describe('a quiet moment', () => {
  it('is one that no detector has anything to say about', () => {
    let quiet = 0;
    let loud = 0;
    fc.assert(
      fc.property(days, fc.nat({ max: 36 }), (day, tens) => {
        const until = start + (tens + 1) * 10 * minuteMs;
        const window = windowOf(activityOf(day), { until, subject: subjectOf(day), knowledge });
        const said = ofMoments.flatMap(({ detect }) => detect(window, day.known));
        if (isQuiet(window.activity, window, day.known)) {
          if (window.activity.length > 0) quiet += 1;
          expect(said).toEqual([]);
        } else if (said.length > 0) loud += 1;
      }),
      { numRuns: 2000 },
    );
    // Else it says nothing.
    expect(quiet).toBeGreaterThan(20);
    expect(loud).toBeGreaterThan(20);
  });

  it('leaves a walk as it is: whoever is asked about everything says the same', () => {
    let taken = 0;
    const walked = (day: Day, asked: typeof detectors) => {
      const scored: Scored[] = [];
      const walk = familyWalk({
        ...{ subject: subjectOf(day), knowledge, detectors: asked, baseline: day.known },
        ...{ since: start, until: start + 7 * hourMs, take: (each) => scored.push(each) },
      });
      for (const each of activityOf(day)) walk.push(each);
      return { scored, scores: walk.end() };
    };
    fc.assert(
      fc.property(days, (day) => {
        const screened = walked(day, detectors);
        taken += screened.scored.length;
        expect(screened).toEqual(walked(day, strangers));
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  it('is the ordinary morning, and none with one thing that is not so', () => {
    const window = windowOf([use(now), use(now + minuteMs, { endpoint: '/v1/b' })], { knowledge });
    const isQuietWith = (parts: Partial<Activity>, more: { known?: Baseline | null; other?: object } = {}) =>
      isQuiet(
        [...window.activity, use(now + 2 * minuteMs, parts)],
        { ...window, subject: { ...window.subject, keys: [{ ...key, ...more.other }] } },
        more.known === undefined ? baseline : more.known,
      );
    expect(isQuietWith({})).toBe(true);
    const odd: readonly Partial<Activity>[] = [
      ...[
        { ip: '203.0.113.7' },
        { agent: 'curl' },
        { endpoint: '/v1/secret' },
        { at: midnight(now) + hourMs },
      ],
      ...[{ unauthorized: 1 }, { forbidden: 1 }, { notFound: 1 }, { limited: 1 }, { failed: 1 }],
    ];
    for (const parts of odd) expect(isQuietWith(parts), JSON.stringify(parts)).toBe(false);
    expect(isQuietWith({}, { known: null })).toBe(false);
    expect(isQuietWith({}, { known: { ...baseline, lastAt: now - 31 * dayMs } })).toBe(false);
    expect(isQuietWith({}, { other: { decoy: true } })).toBe(false);
    expect(isQuietWith({}, { other: { diedAt: now - hourMs } })).toBe(false);
    const knows = (map: Baseline['ips'], value: string) => ({
      ...map,
      [value]: baseline.ips['198.51.100.10'],
    });
    const known = { ...baseline, ips: knows(baseline.ips, listed), agents: knows(baseline.agents, 'sqlmap') };
    expect(isQuietWith({ ip: listed }, { known: known as Baseline })).toBe(false);
    expect(isQuietWith({ agent: 'sqlmap' }, { known: known as Baseline })).toBe(false);
  });
});
