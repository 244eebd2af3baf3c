import { describe, expect, it } from 'vitest';
import type { Activity, SubjectKey } from '../../../src/domain/detect/activity.js';
import { noKnowledge } from '../../../src/domain/detect/activity.js';
import type { Candidate } from '../../../src/domain/detect/finding.js';
import { detectors } from '../../../src/domain/detect/registry.js';
import { familyWalk } from '../../../src/domain/detect/walk.js';
import { dayMs, hourMs, key, midnight, minuteMs, now, use, workingDays } from './ordinary-use.js';

const began = midnight(now) + 9 * hourMs;
const until = midnight(now) + 2 * dayMs;
const month = workingDays(35, until);

/** What every detector says of the two days in which it happens, before any threshold. */
function candidates(uses: readonly Activity[], keys: readonly SubjectKey[] = [key]): readonly Candidate[] {
  const found: Candidate[] = [];
  const walk = familyWalk({
    ...{ subject: { familyId: key.familyId, keys }, since: midnight(now), until, detectors },
    knowledge: noKnowledge,
    take: ({ candidate }) => found.push(candidate),
  });
  for (const each of uses.toSorted((a, b) => a.at - b.at)) walk.push(each);
  walk.end();
  return found;
}

const namesOf = (found: readonly Candidate[]) =>
  [...new Set(found.map(({ detector }) => detector))].toSorted();
const since = (change: (each: Activity) => Activity) =>
  month.map((each) => (each.at >= began ? change(each) : each));

describe('nobody is alarmed', () => {
  it('by an ordinary month', () => {
    expect(candidates(month)).toEqual([]);
  });

  it('by an office that moves: the new network is told in a low voice, if at all', () => {
    const found = candidates(since((each) => ({ ...each, ip: '203.0.113.77' })));
    expect(namesOf(found)).toEqual(['origin_ip', 'origin_network']);
    expect(new Set(found.map(({ severity }) => severity))).toEqual(new Set(['low']));
  });

  it('by a client of another version that asks something new', () => {
    const release = since((each) => (each.at % hourMs === 0 ? { ...each, endpoint: '/v2/batch' } : each));
    const found = candidates(release);
    expect(namesOf(found)).toEqual(['new_endpoints']);
    expect(found).toMatchObject([{ severity: 'low', ip: null }]);
  });

  it('by a deployment that asks eight times as much for a quarter of an hour', () => {
    const burst = Array.from({ length: 90 }, (_none, n) =>
      use(began + n * 10_000, { requests: 3, endpoint: n % 3 === 0 ? '/v1/b' : '/v1/a' }),
    );
    const found = candidates([...month, ...burst]);
    // The fleet decides how unusual that is.
    expect(found.filter(({ family, bits }) => family !== 'volume' || bits === null)).toEqual([]);
  });

  it('by a rotation with a straggler: the host is named, and nothing else said', () => {
    const old = { ...key, diedAt: began, diedAs: 'replaced' as const, replacedBy: 'key_next' };
    const next = { ...key, keyId: 'key_next', version: 2, activatedAt: began - dayMs };
    const late = Array.from({ length: 20 }, (_none, n) =>
      use(began + (n + 2) * 10 * minuteMs, { requests: 2, unauthorized: 2 }),
    );
    const found = candidates([...since((each) => ({ ...each, keyId: 'key_next' })), ...late], [old, next]);
    // Its refusals come on top of a month without any variance; how unusual that is, the fleet decides.
    const rules = found.filter(({ family }) => family !== 'volume');
    expect(namesOf(rules)).toEqual(['not_migrated']);
    expect(rules).toMatchObject([{ severity: 'medium', ip: '198.51.100.10', keyId: key.keyId }]);
  });

  it('by a holiday', () => {
    expect(candidates(month.filter(({ at }) => at < began))).toEqual([]);
  });
});
