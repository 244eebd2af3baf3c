import type { Activity, Subject } from '../../../src/domain/detect/activity.js';

export const subject: Subject = {
  familyId: 'key_aaaaaaaaaaaa',
  keys: [
    {
      keyId: 'key_aaaaaaaaaaaa',
      familyId: 'key_aaaaaaaaaaaa',
      externalId: null,
      name: 'billing',
      ...{ version: 1, decoy: false, activatedAt: 0, diedAt: null, diedAs: null, replacedBy: null },
      ...{ rpm: null, rph: null, environment: null },
    },
  ],
};

const tickMs = 300_000;

/** So many accepted requests within one five minutes, alike but for what is given. */
export function activity(at: number, requests: number, more: Partial<Activity> = {}): Activity {
  const tick = at - (at % tickMs);
  return {
    ...{ at: tick, keyId: 'key_aaaaaaaaaaaa', ip: '192.0.2.10', agent: 'worker', endpoint: '/v1/runs' },
    ...{ requests, ok: requests, unauthorized: 0, forbidden: 0, notFound: 0, limited: 0, failed: 0 },
    ...{ bytes: requests * 1000, costUsd: 0, objects: 0 },
    ...{ firstAt: at, lastAt: Math.min(at + 60_000, tick + tickMs - 1), firstOkAt: at },
    ...more,
  };
}
