import { riskOf } from '../../../src/domain/detect/risk.js';
import type { PhaseClock } from '../../../src/domain/incident.js';
import type { QueuedFinding } from '../../../src/domain/review.js';
import type {
  TriageDetail,
  TriageFinding,
  TriageIncident,
  TriageKey,
  TriagePicture,
  TriageUse,
} from '../../../src/domain/triage.js';
import { line } from '../../../src/render/terminal-text.js';
import type { TriagePort } from '../../../src/ui/triage/triage-port.js';

/** The time of all of it. */
export const now = Date.parse('2026-11-21T03:12:09Z');
const minute = 60_000;
const ago = (minutes: number) => now - minutes * minute;
const date = (minutes: number | null) => (minutes === null ? null : new Date(ago(minutes)));

/** In minutes before `now`; null: not done. */
function clocksOf(done: readonly (number | null)[], due: readonly (number | null)[]): PhaseClock[] {
  const phases = ['acknowledge', 'contain', 'investigate', 'recover', 'review'] as const;
  return phases.map((phase, at) => ({
    phase,
    doneAt: date(done[at] ?? null),
    dueAt: date(due[at] ?? null),
    required: true,
  }));
}

/** Acknowledged, and four minutes and twelve seconds over its target of containment. */
export function incidentOf(seed: Partial<TriageIncident> = {}): TriageIncident {
  return {
    ...{ kind: 'incident', id: 'INC-42', title: 'key in public repo acme/app', type: 'leak' },
    ...{ severity: 'critical', state: 'acknowledged', lead: 'jdoe', openedAt: ago(31), openedBy: 'jdoe' },
    reopenedAt: null,
    clocks: clocksOf([29], [26, 4.2, -1400, -10_000, null]),
    ...{ phase: 'contain', dueAt: ago(4.2), keysUsable: 1, keysDead: 2 },
    ...{ refused: 12, accepted: 0, lastAttemptAt: ago(5) },
    ...seed,
  };
}

export const bulk = incidentOf({
  ...{ id: 'INC-41', title: 'bulk export by sales_bob', type: 'abuse', severity: 'high', state: 'open' },
  ...{
    lead: null,
    phase: 'acknowledge',
    dueAt: now + 100_000,
    keysDead: 0,
    clocks: clocksOf([], [-1.7, -30, -1400]),
  },
  ...{ refused: 0, lastAttemptAt: null },
});
export const departure = incidentOf({
  ...{ id: 'INC-38', title: 'departure of m.example', type: 'departure', severity: 'medium', lead: 'kim' },
  ...{ state: 'contained', phase: 'recover', dueAt: ago(-2880), keysUsable: 0, keysDead: 4 },
  clocks: clocksOf([2000, 1990, 1000], [1995, 1970, 560, -2880]),
  refused: 0,
  lastAttemptAt: null,
});

/** `weight` of a rule is its risk. */
export function findingOf(weight = 0.74, seed: Partial<TriageFinding> = {}): TriageFinding {
  const queued: QueuedFinding = {
    ...{ findingId: 'fnd_4k2Lm9aQx0Zb', detector: 'content_export', family: 'content', severity: 'high' },
    ...{ cause: '/v1/export', summary: '488 exports in ten minutes', onsetAt: ago(16), detectedAt: ago(14) },
    ...{ lastSeenAt: ago(1), status: 'open', incidentId: null, weight, bits: null },
  };
  return {
    ...{ kind: 'finding', id: 'key_Zx81pQr0Lk2v', keyId: 'key_Zx81pQr0Lk2v', name: 'sales_bob', version: 1 },
    ...{ status: 'active', owner: 'bob@example.com', risk: riskOf([queued], now), since: ago(14) },
    ...seed,
  };
}

export function pictureOf(
  incidents: readonly TriageIncident[] = [incidentOf(), bulk, departure],
  findings: readonly TriageFinding[] = [findingOf()],
): TriagePicture {
  return { incidents, findings, readAt: now };
}

export function keyOf(seed: Partial<TriageKey> = {}): TriageKey {
  return {
    ...{ keyId: 'key_7Q2mK9xZab3d', name: 'alice-prod', version: 3, status: 'active', isUsable: true },
    ...{ deadSince: null, suspendedUntil: null, successorId: null, lastUsedAt: now - 4000 },
    ...{ refused: 0, accepted: 0, lastAttemptAt: null },
    ...seed,
  };
}

const dead = { isUsable: false, deadSince: ago(28) };

export function detailOf(incident: TriageIncident, seed: Partial<TriageDetail> = {}): TriageDetail {
  return {
    id: incident.id,
    keys: [
      keyOf(),
      keyOf({
        keyId: 'key_0aB3kkTeM1nP',
        name: 'ci',
        status: 'revoked',
        refused: 12,
        lastAttemptAt: ago(5),
        ...dead,
      }),
      keyOf({ keyId: 'key_Zx81pQr0Lk2v', name: 'sales', status: 'replaced', ...dead }),
    ],
    attempts: [
      { keyId: 'key_0aB3kkTeM1nP', ip: '198.51.100.17', accepted: false, requests: 12, lastAt: ago(5) },
    ],
    events: [
      {
        ...{ seq: 8841, at: ago(28), by: 'jdoe', what: 'key revoked', keyId: 'key_0aB3kkTeM1nP' },
        ...{ reason: 'leaked in acme/app commit 7a3f21', isLoud: false },
      },
      { seq: 8840, at: ago(29), by: 'jdoe', what: 'acknowledged', keyId: null, reason: null, isLoud: false },
    ],
    links: [{ url: 'https://example.com/tickets/OPS-7', title: 'the ticket' }],
    playbook: {
      ...{ name: 'compromise', begun: true },
      steps: [
        { name: 'identify', state: 'done', by: 'jdoe', does: 'finds the keys' },
        { name: 'contain', state: 'open', by: null, does: 'revokes or suspends the linked keys' },
      ],
    },
    blockers: ['key_7Q2mK9xZab3d is usable', 'the review is missing'],
    ...seed,
  };
}

export function usageOf(incident: TriageIncident): TriageUse {
  return {
    id: incident.id,
    hours: Array.from({ length: 24 }, (_, at) => (at > 21 ? 900 : 40)),
    byKey: new Map([['key_7Q2mK9xZab3d', { requestsPerMinute: 118, addresses: 3, newAddresses: 1 }]]),
    asOf: now,
  };
}

/** A port over a picture in memory, with what was asked of it. */
export function portOf(
  picture: () => TriagePicture,
  more: Partial<TriagePort> = {},
): TriagePort & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    place: line`db.prod/keys as oncall (operator)`,
    readOnly: false,
    program: 'keyctl',
    me: 'jdoe',
    now: () => now,
    load: async () => picture(),
    detail: async (id) => detailOf(incidentOf({ id })),
    use: async (id) => usageOf(incidentOf({ id })),
    card: async () => [line`  in use     118 requests/min`],
    async change(change) {
      asked.push(change);
      return { failed: false, notices: [{ tone: 'ok', text: line`done` }] };
    },
    ...more,
  };
}
