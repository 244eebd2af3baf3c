import type {
  Activity,
  AddressWindow,
  StrayActivity,
  SubjectKey,
  Window,
} from '../../../src/domain/detect/activity.js';
import { noKnowledge } from '../../../src/domain/detect/activity.js';
import type { Baseline } from '../../../src/domain/detect/baseline.js';
import { addActivity, newHistory } from '../../../src/domain/detect/history.js';
import { makeBaseline } from '../../../src/domain/detect/make-baseline.js';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** A Wednesday, 10:00 UTC. */
export const now = Date.parse('2024-10-02T10:00:00Z');

export const key: SubjectKey = {
  ...{ keyId: 'key_one', familyId: 'key_one', externalId: null, name: 'billing', version: 1, decoy: false },
  ...{
    activatedAt: 0,
    diedAt: null,
    diedAs: null,
    replacedBy: null,
    rpm: null,
    rph: null,
    environment: null,
  },
};

/** One five minutes' use: accepted, by a known host and program, unless it says otherwise. */
export function use(at: number, parts: Partial<Activity> = {}): Activity {
  const requests = parts.requests ?? 1;
  const refused =
    (parts.unauthorized ?? 0) +
    (parts.forbidden ?? 0) +
    (parts.notFound ?? 0) +
    (parts.limited ?? 0) +
    (parts.failed ?? 0);
  const ok = parts.ok ?? requests - refused;
  return {
    ...{
      at: at - (at % (5 * minuteMs)),
      keyId: key.keyId,
      ip: '198.51.100.10',
      agent: 'worker',
      endpoint: '/v1/a',
    },
    ...{
      unauthorized: 0,
      forbidden: 0,
      notFound: 0,
      limited: 0,
      failed: 0,
      bytes: 1000 * requests,
      costUsd: 0,
    },
    ...{ objects: 0, firstAt: at, lastAt: at, firstOkAt: ok > 0 ? at : null },
    ...parts,
    ...{ requests, ok },
  };
}

/** Three requests each five minutes from eight to six on working days, by one host to two endpoints. */
export function workingDays(days: number, until = now, parts: Partial<Activity> = {}): readonly Activity[] {
  const uses: Activity[] = [];
  for (let at = until - days * dayMs; at < until; at += 5 * minuteMs) {
    const date = new Date(at);
    const works = date.getUTCDay() % 6 !== 0 && date.getUTCHours() >= 8 && date.getUTCHours() < 18;
    if (!works) continue;
    uses.push(use(at, { requests: 2, ...parts }), use(at + minuteMs, { endpoint: '/v1/b', ...parts }));
  }
  return uses;
}

export function baselineOf(uses: readonly Activity[], until = midnight(now)): Baseline {
  const history = newHistory(key.familyId);
  for (const each of uses.toSorted((a, b) => a.at - b.at)) if (each.at < until) addActivity(history, each);
  return makeBaseline(history, until);
}

export function midnight(at: number): number {
  return at - (at % dayMs);
}

/** The ten minutes before `until`, or the hour. */
export function windowOf(activity: readonly Activity[], parts: Partial<Window> = {}): Window {
  const until = parts.until ?? now + 10 * minuteMs;
  const from = parts.from ?? until - 10 * minuteMs;
  return {
    ...{ subject: { familyId: key.familyId, keys: [key] }, from, until, knowledge: noKnowledge },
    activity: activity.filter(({ at }) => at >= from && at < until),
    before: activity.filter(({ at }) => at >= from - hourMs && at < from),
    ...parts,
  };
}

export function addressWindow(
  activity: readonly Activity[],
  strays: readonly StrayActivity[] = [],
  keys: readonly SubjectKey[] = [key],
): AddressWindow {
  const until = now + hourMs;
  return {
    ...{ ip: '192.0.2.1', from: now, until, strays, before: [] },
    activity: activity.filter(({ at }) => at >= now),
    keys: new Map(keys.map((each) => [each.keyId, each])),
  };
}

export function stray(at: number, presented: string, requests = 1): StrayActivity {
  return { at, ip: '192.0.2.1', presented, requests, ok: 0, firstAt: at, lastAt: at };
}
