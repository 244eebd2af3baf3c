import { describe, expect, it } from 'vitest';
import type { Activity, Knowledge } from '../../../src/domain/detect/activity.js';
import { newAgent } from '../../../src/domain/detect/origin-agent.js';
import { concurrentOrigins } from '../../../src/domain/detect/origin-concurrent.js';
import { originIp } from '../../../src/domain/detect/origin-ip.js';
import { listedIp } from '../../../src/domain/detect/origin-listed-ip.js';
import { originNetwork } from '../../../src/domain/detect/origin-network.js';
import { outOfHome } from '../../../src/domain/detect/origin-out-of-home.js';
import { originPlace } from '../../../src/domain/detect/origin-place.js';
import { travel } from '../../../src/domain/detect/origin-travel.js';
import { baselineOf, dayMs, minuteMs, now, use, windowOf, workingDays } from './ordinary-use.js';

const month = workingDays(30);
const usual = baselineOf(month);
const abroad = '192.0.2.7';

const places: Knowledge = {
  listed: (ip) => (ip === abroad ? 'tor-exits' : null),
  place: (ip) =>
    ip === abroad
      ? { asn: 64501, country: 'NZ', lat: -36.8, lon: 174.8 }
      : ip.startsWith('203.0.113.')
        ? { asn: 64500, country: 'DE', lat: 52.6, lon: 13.3 }
        : { asn: 64500, country: 'DE', lat: 52.5, lon: 13.4 },
};

describe('a new origin', () => {
  it.each([
    ['an unknown address of a known network', originIp, { ip: '198.51.100.99' }, '198.51.100.99'],
    ['an unknown network', originNetwork, { ip: abroad }, '192.0.2.0/24'],
    ['an unknown IPv6 network', originNetwork, { ip: '2001:db8:1:2::3' }, '2001:db8:1::/48'],
    ['an unknown program', newAgent, { agent: 'curl' }, 'curl'],
    ['a text that is no address', originIp, { ip: 'AWS Internal' }, 'AWS Internal'],
  ])('is told for %s, with bits that grow with the history', (_name, detector, parts, cause) => {
    const [found, ...more] = detector.detect(windowOf([use(now, parts)]), usual);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      cause,
      familyId: 'key_one',
      keyId: 'key_one',
      severity: 'low',
      observed: 1,
    });
    expect(found?.bits).toBeGreaterThan(3);
    const [young] = detector.detect(windowOf([use(now, parts)]), baselineOf(workingDays(9)));
    expect(young?.bits).toBeLessThan(found?.bits ?? 0);
  });

  it.each([
    ['a known host', {}],
    ['refused requests: nobody got in', { ip: abroad, agent: 'curl', unauthorized: 1 }],
  ])('is not told for %s', (_name, parts: Partial<Activity>) => {
    for (const { detect } of [originIp, originNetwork, newAgent])
      expect(detect(windowOf([use(now, parts)]), usual)).toEqual([]);
  });

  it('is not told before a week of history, nor of a family that nobody knows', () => {
    for (const { detect } of [originIp, originNetwork, newAgent, outOfHome]) {
      const window = windowOf([use(now, { ip: abroad, agent: 'curl', requests: 5 })]);
      expect(detect(window, baselineOf(workingDays(5)))).toEqual([]);
      expect(detect(window, null)).toEqual([]);
    }
  });

  it('is not told of families whose hosts come and go, nor of public clients', () => {
    const moving = month.map((each, at) => ({ ...each, ip: `198.51.100.${Math.floor(at / 60)}` }));
    const public_ = month.map((each, at) => ({ ...each, ip: `203.0.${at % 40}.1` }));
    for (const history of [moving, public_])
      expect(originIp.detect(windowOf([use(now, { ip: abroad })]), baselineOf(history))).toEqual([]);
  });
});

describe('a new place', () => {
  const window = { knowledge: places };
  it('is told by country, and never without a prefix table', () => {
    const uses = [use(now, { ip: abroad })];
    expect(originPlace.detect(windowOf(uses, window), usual)).toMatchObject([
      { cause: 'NZ', severity: 'high' },
    ]);
    expect(originPlace.detect(windowOf(uses), usual)).toEqual([]);
  });

  it('is no place when an office moves within its provider', () => {
    expect(originPlace.detect(windowOf([use(now, { ip: '203.0.113.4' })], window), usual)).toEqual([]);
  });
});

describe('a key outside of its home', () => {
  it.each([
    ['a new network by a new program to a new endpoint', { agent: 'curl', endpoint: '/v1/export' }, 'high'],
    ['a new network by a new program, once', { agent: 'curl' }, 'medium'],
    ['a new network to a new endpoint, once', { endpoint: '/v1/export' }, 'medium'],
    ['the same, three times', { endpoint: '/v1/export', requests: 3 }, 'high'],
    ['the same, forbidden: the key was recognised', { endpoint: '/v1/export', forbidden: 1 }, 'medium'],
    ['a new network that finds little of what it looks for', { requests: 20, notFound: 5 }, 'high'],
  ])('is told for %s', (_name, parts: Partial<Activity>, severity) => {
    const found = outOfHome.detect(windowOf([use(now, { ip: abroad, ...parts })]), usual);
    expect(found).toMatchObject([{ severity, bits: null, observed: parts.requests ?? 1 }]);
  });

  it.each([
    ['an office that moves: its programs and endpoints move with it', { ip: abroad, requests: 50 }],
    ['a release that asks something new from home', { agent: 'worker2', endpoint: '/v2/a', requests: 50 }],
    ['a moved office with a dead link', { ip: abroad, requests: 20, notFound: 4 }],
    ['somebody without the key', { ip: abroad, agent: 'curl', endpoint: '/v1/x', unauthorized: 1 }],
  ])('is not told for %s', (_name, parts: Partial<Activity>) => {
    expect(outOfHome.detect(windowOf([use(now, parts)]), usual)).toEqual([]);
  });

  it('is told by provider alone where a prefix table knows its home', () => {
    const found = outOfHome.detect(windowOf([use(now, { ip: abroad })], { knowledge: places }), usual);
    expect(found).toMatchObject([{ severity: 'high', cause: 'provider' }]);
    const moved = windowOf([use(now, { ip: '203.0.113.4', agent: 'curl' })], { knowledge: places });
    expect(outOfHome.detect(moved, usual)).toEqual([]);
    // An address that the table does not have is judged by its network.
    const holes: Knowledge = { ...places, place: (ip) => (ip === abroad ? null : places.place(ip)) };
    const unlisted = (parts: Partial<Activity>) =>
      outOfHome.detect(windowOf([use(now, { ip: abroad, ...parts })], { knowledge: holes }), usual);
    expect(unlisted({})).toEqual([]);
    expect(unlisted({ agent: 'curl' })).toHaveLength(1);
  });

  it('counts from the first such request, also when it was an hour ago', () => {
    const first = now - 40 * minuteMs;
    const parts = { ip: abroad, agent: 'curl' };
    const [found] = outOfHome.detect(windowOf([use(first, parts), use(now, parts)]), usual);
    expect(found).toMatchObject({ observed: 2, onsetAt: first });
  });

  it('is in use in two places at once only while it is at home too', () => {
    const thief = use(now, { ip: abroad, agent: 'curl' });
    expect(concurrentOrigins.detect(windowOf([thief]), usual)).toEqual([]);
    const both = windowOf([use(now - 20 * minuteMs), thief]);
    expect(concurrentOrigins.detect(both, usual)).toMatchObject([
      { observed: 2, expectedLow: 1, expectedHigh: 1 },
    ]);
    expect(concurrentOrigins.detect(windowOf([use(now - 35 * minuteMs), thief]), usual)).toEqual([]);
  });
});

describe('a journey', () => {
  const journey = (minutes: number, ip = abroad) =>
    travel.detect(windowOf([use(now - minutes * minuteMs), use(now, { ip })], { knowledge: places }), usual);

  it('that nobody makes is told, with its speed', () => {
    const [found] = journey(30);
    expect(found).toMatchObject({ severity: 'high', ip: abroad, expectedHigh: 900 });
    // Berlin to Auckland: 17,746 km on a sphere of 6,371 km.
    expect(found?.observed).toBeGreaterThan(35_000);
    expect(found?.observed).toBeLessThan(36_000);
  });

  it('within a town is none, nor one without an address to come from', () => {
    expect(journey(6, '203.0.113.4')).toEqual([]);
    expect(travel.detect(windowOf([use(now, { ip: abroad })], { knowledge: places }), usual)).toEqual([]);
  });

  it('is not asked of keys with homes on two continents', () => {
    const both = baselineOf([...month, use(now - 9 * dayMs, { ip: '192.0.2.8' })]);
    const far: Knowledge = {
      ...places,
      place: (ip) => places.place(ip.startsWith('192.0.2.') ? abroad : ip),
    };
    const window = windowOf([use(now - 30 * minuteMs), use(now, { ip: abroad })], { knowledge: far });
    expect(travel.detect(window, both)).toEqual([]);
  });
});

describe('a listed address', () => {
  it.each([
    ['accepted', {}, 'high'],
    ['refused', { unauthorized: 1 }, 'low'],
  ])('is told when %s, without any history', (_name, parts, severity) => {
    const uses = [use(now, { ip: abroad, ...parts })];
    expect(listedIp.detect(windowOf(uses, { knowledge: places }), null)).toMatchObject([
      { severity, ip: abroad, cause: 'tor-exits' },
    ]);
    expect(listedIp.detect(windowOf([use(now)], { knowledge: places }), null)).toEqual([]);
  });
});
