import { describe, expect, it } from 'vitest';
import type { Activity } from '../../../src/domain/detect/activity.js';
import { enumeration } from '../../../src/domain/detect/content-enumeration.js';
import { errorRate } from '../../../src/domain/detect/content-error-rate.js';
import { exfil } from '../../../src/domain/detect/content-exfil.js';
import { mixShift } from '../../../src/domain/detect/content-mix-shift.js';
import { newEndpoints } from '../../../src/domain/detect/content-new-endpoints.js';
import { scannerAgent } from '../../../src/domain/detect/content-scanner-agent.js';
import { programOf } from '../../../src/domain/detect/scanner-names.js';
import { baselineOf, dayMs, hourMs, now, use, windowOf, workingDays } from './ordinary-use.js';

const month = workingDays(30);
const usual = baselineOf(month);
const abroad = '192.0.2.7';

describe('new endpoints', () => {
  it.each([
    ['known hosts', {}, 'low', 'endpoint', null],
    [
      'a new address of a known network',
      { ip: '198.51.100.99' },
      'low',
      'endpoint + address',
      '198.51.100.99',
    ],
    ['a new program at home', { agent: 'curl' }, 'medium', 'endpoint + program', null],
    ['a new network', { ip: abroad }, 'medium', 'endpoint + network', abroad],
    [
      'a new program of a new network',
      { ip: abroad, agent: 'curl' },
      'high',
      'endpoint + network + program',
      abroad,
    ],
  ])('by %s weigh as much as is new', (_name, novel, severity, cause, ip) => {
    const [found, ...more] = newEndpoints.detect(
      windowOf([use(now, { ...novel, endpoint: '/v1/export' })]),
      usual,
    );
    expect(more).toEqual([]);
    expect(found).toMatchObject({ severity, cause, ip, observed: 1, expectedHigh: 0 });
    // What is new is added up: log10 of 6,000 requests for each.
    const parts = cause.split(' + ').length;
    expect(found?.bits).toBeGreaterThan(3.5 * parts);
    expect(found?.bits).toBeLessThan(4 * parts);
  });

  it.each([
    ['known endpoints', { ip: abroad, agent: 'curl' }],
    ['a refused try from home', { endpoint: '/v1/x', forbidden: 1 }],
    ['tries without the key', { ip: abroad, endpoint: '/v1/x', unauthorized: 1 }],
  ])('are none: %s', (_name, parts: Partial<Activity>) => {
    expect(newEndpoints.detect(windowOf([use(now, parts)]), usual)).toEqual([]);
  });

  it('are not told where every day brings some', () => {
    const ids = month.map((each, at) => ({ ...each, endpoint: `/v1/orders/${at}` }));
    expect(newEndpoints.detect(windowOf([use(now, { endpoint: '/v1/orders/x' })]), baselineOf(ids))).toEqual(
      [],
    );
  });
});

describe('enumeration', () => {
  const scan = (endpoints: number, notFound: number, requests = 20, ip = abroad) =>
    Array.from({ length: requests }, (_none, n) =>
      use(now + n * 1000, { ip, endpoint: `/x/${n % endpoints}`, notFound: n < notFound ? 1 : 0 }),
    );

  it.each([
    ['3 of 20 not there', scan(8, 3)],
    ['20 new ones, whatever the answers', scan(20, 0)],
  ])('is told for 8 new endpoints, %s', (_name, uses) => {
    expect(enumeration.detect(windowOf(uses), usual)).toMatchObject([
      { severity: 'high', ip: abroad, onsetAt: now, detectableAt: now + 19_000, expectedHigh: 5 },
    ]);
  });

  it.each([
    ['19 requests', scan(8, 3, 19)],
    ['7 endpoints', scan(7, 3)],
    ['2 of 20 not there', scan(8, 2)],
  ])('is not told for %s', (_name, uses) => {
    expect(enumeration.detect(windowOf(uses), usual)).toEqual([]);
  });

  it('needs no history, but then refusals', () => {
    expect(enumeration.detect(windowOf(scan(8, 3)), null)).toMatchObject([{ observed: 8 }]);
    expect(enumeration.detect(windowOf(scan(20, 0, 40)), null)).toEqual([]);
  });

  it('is not every visitor of a public client who finds dead links', () => {
    const public_ = baselineOf(month.map((each, at) => ({ ...each, ip: `203.0.${at % 40}.1` })));
    expect(enumeration.detect(windowOf(scan(15, 14, 25)), public_)).toEqual([]);
    expect(enumeration.detect(windowOf(scan(30, 40, 80)), public_)).toHaveLength(1);
  });
});

/** The hour before now, of so many requests like the last one; `use` fills in the rest. */
function hourOf(uses: readonly Activity[]) {
  return windowOf(uses, { from: now, until: now + hourMs });
}

describe('a shift of the mix', () => {
  it('is told when another endpoint takes over, with more bits for more requests', () => {
    const [some] = mixShift.detect(hourOf([use(now, { endpoint: '/v1/b', requests: 60 })]), usual);
    const [more] = mixShift.detect(hourOf([use(now, { endpoint: '/v1/b', requests: 180 })]), usual);
    expect(some).toMatchObject({ cause: 'endpoints', expectedLow: 0 });
    expect(more?.bits).toBeGreaterThan(some?.bits ?? 0);
  });

  it.each([
    ['the usual shares', [use(now, { requests: 40 }), use(now, { endpoint: '/v1/b', requests: 20 })]],
    ['49 requests', [use(now, { endpoint: '/v1/b', requests: 49 })]],
  ])('is not told for %s', (_name, uses) => {
    expect(mixShift.detect(hourOf(uses), usual)).toEqual([]);
  });
});

describe('exfiltration', () => {
  const carried = (parts: Partial<Activity>) => exfil.detect(hourOf([use(now, parts)]), usual);

  it('is told for large pieces and for many objects', () => {
    expect(carried({ requests: 20, bytes: 20_000_000 })).toMatchObject([
      { severity: 'high', observed: 20_000_000 },
    ]);
    expect(carried({ requests: 40_000, bytes: 20_000_000, objects: 900 })).toHaveLength(1);
  });

  it.each([
    ['a deploy burst: more of the same', { requests: 20_000, bytes: 20_000_000 }],
    ['less than 10 MB', { requests: 20, bytes: 9_999_999 }],
  ])('is not told for %s', (_name, parts) => {
    expect(carried(parts)).toEqual([]);
  });
});

describe('the rate of errors', () => {
  const failed = (requests: number, errors: number) =>
    errorRate.detect(hourOf([use(now, { requests, failed: errors })]), usual);

  it('is told from 20 errors of 50 requests on, with the number to be expected', () => {
    expect(failed(50, 20)).toMatchObject([{ severity: 'low', observed: 20, expectedHigh: 1 }]);
    expect(failed(50, 50)[0]?.bits).toBeGreaterThan(failed(50, 20)[0]?.bits ?? 0);
  });

  it.each([
    ['19 errors', 50, 19],
    ['49 requests', 49, 49],
    ['a share below a tenth', 300, 29],
  ])('is not told for %s', (_name, requests, errors) => {
    expect(failed(requests, errors)).toEqual([]);
  });

  it('is measured by what fails anyway', () => {
    const shaky = baselineOf([...month, ...month.map((each) => use(each.at, { notFound: 1 }))]);
    const window = hourOf([use(now, { requests: 100, failed: 60 })]);
    expect(errorRate.detect(window, shaky)).toEqual([]);
  });
});

describe('a scanner', () => {
  it.each([
    ['sqlmap/1.8.2#stable (https://sqlmap.org)', 'sqlmap'],
    ['Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)', 'nikto'],
    ['Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; w3af.sf.net)', 'w3af'],
    ['aws-cli/2.7 Python/3.9 Linux/5.10.0-kali9-amd64', 'kali'],
    ['Zapier', 'Zapier'],
    ['Mozilla/5.0 (Windows NT 6.3)', 'Mozilla'],
  ])('is known by its name wherever it stands: %s', (userAgent, program) => {
    expect(programOf(userAgent)).toBe(program);
  });

  it('is told without any history', () => {
    expect(scannerAgent.detect(windowOf([use(now, { agent: 'nikto' })]), null)).toMatchObject([
      { severity: 'medium', cause: 'nikto', ip: '198.51.100.10' },
    ]);
    expect(scannerAgent.detect(windowOf([use(now, { agent: 'Mozilla' })]), null)).toEqual([]);
  });
});

it('finds nothing in an ordinary day', () => {
  const days = workingDays(31, now + dayMs);
  for (const { detect, span } of [newEndpoints, enumeration, mixShift, exfil, errorRate, scannerAgent]) {
    const window = span === 'hour' ? { from: now, until: now + hourMs } : {};
    expect(detect(windowOf(days, window), usual)).toEqual([]);
  }
});
