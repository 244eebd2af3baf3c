import type { DetectorFamily, Severity } from '../../../src/domain/detect/finding.js';
import type { FindingStatus } from '../../../src/domain/detect/kept-finding.js';
import { riskOf } from '../../../src/domain/detect/risk.js';
import type {
  DetailedFinding,
  QueuedFinding,
  ReviewDetail,
  ReviewPicture,
  ReviewSubject,
} from '../../../src/domain/review.js';
import { line } from '../../../src/render/terminal-text.js';
import type { ReviewPort } from '../../../src/ui/review/review-port.js';

/** The time of all of it. */
export const now = Date.parse('2026-11-21T03:12:09Z');
const minute = 60_000;

interface FindingSeed {
  readonly family?: DetectorFamily;
  readonly detector?: string;
  readonly severity?: Severity;
  readonly weight?: number;
  readonly summary?: string;
  readonly status?: FindingStatus;
  readonly minutesAgo?: number;
}

let made = 0;

function findingOf(seed: FindingSeed): QueuedFinding {
  made += 1;
  const detectedAt = now - (seed.minutesAgo ?? 5) * minute;
  return {
    findingId: `fnd_${String(made).padStart(12, '0')}`,
    detector: seed.detector ?? 'volume_requests',
    family: seed.family ?? 'volume',
    severity: seed.severity ?? 'medium',
    cause: 'requests',
    summary: seed.summary ?? '512 requests in an hour',
    onsetAt: detectedAt - 2 * minute,
    detectedAt,
    lastSeenAt: now - minute,
    status: seed.status ?? 'open',
    incidentId: null,
    weight: seed.weight ?? 0.45,
    bits: null,
  };
}

export interface SubjectSeed extends Partial<Omit<ReviewSubject, 'risk'>> {
  readonly findings?: readonly FindingSeed[];
}

/** A key with findings as the queue has it. */
export function subjectOf({ findings = [{}], ...seed }: SubjectSeed = {}): ReviewSubject {
  const queued = findings.map(findingOf);
  made += 1;
  const id = seed.id ?? `key_${String(made).padStart(12, 'A')}`;
  return {
    ...{ id, keyId: id, familyId: id, ip: null, name: 'alice-prod', version: 3, status: 'active' },
    ...{ owner: 'alice@example.com', scopes: ['workflow:execute'], activatedAt: now - 90 * 1440 * minute },
    lastUsedAt: now - 4000,
    risk: riskOf(queued, now),
    raisedAt: Math.min(...queued.map(({ detectedAt }) => detectedAt)),
    isOpen: queued.some(({ status }) => status === 'open'),
    ...seed,
  };
}

/** Subjects as the picture has them: highest risk first. */
export function pictureOf(subjects: readonly ReviewSubject[]): ReviewPicture {
  return {
    subjects: subjects.toSorted((a, b) => b.risk.risk - a.risk.risk),
    alarms: { raised: 3, budgetPerDay: 5 },
    asOf: now,
    judgedUntil: now,
  };
}

/** What stands behind it: 96 hours of 50 requests, and the last of 512. */
export function detailOf(subject: ReviewSubject): ReviewDetail {
  const hour = 60 * minute;
  const last = Math.floor(now / hour) * hour;
  return {
    id: subject.id,
    findings: subject.risk.steps.map(
      ({ finding }): DetailedFinding => ({
        ...finding,
        ...{
          observed: 512,
          expectedLow: 40,
          expectedHigh: 80,
          statusAt: null,
          statusBy: null,
          statusReason: null,
        },
        evidence: {
          summary: finding.summary,
          factors: [{ what: 'network', value: '198.51.100.0/24', usual: '4 networks' }],
          ...{ topIps: [], topEndpoints: [], historyDays: 61 },
          suggests: 'keyctl revoke KEY --code leaked',
        },
        reproduceSql: `select count(*) as observed\nfrom keyctl.usage_events\nwhere key_id = '${subject.id}'`,
      }),
    ),
    hours: Array.from({ length: 96 }, (_, at) => ({
      at: last - (95 - at) * hour,
      requests: at === 95 ? 512 : 50,
      ...{ low: 40, high: 80 },
    })),
    countedSince: now - 7 * minute,
    ips: [
      { value: '198.51.100.17', requests: 505, isNew: true },
      { value: '203.0.113.9', requests: 7, isNew: false },
    ],
    endpoints: [{ value: '/v1/export', requests: 488, isNew: true }],
    agents: [{ value: 'curl', requests: 505, isNew: null }],
  };
}

/** A port over a picture in memory, with what was asked of it. */
export function portOf(
  picture: () => ReviewPicture,
  more: Partial<ReviewPort> = {},
): ReviewPort & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    place: line`db.prod/keys as oncall`,
    readOnly: false,
    changes: ['acknowledge', 'dismiss', 'suspend', 'revoke', 'escalate'],
    program: 'keyctl',
    now: () => now,
    load: async () => picture(),
    days: async (subjects) => new Map(subjects.map(({ id }) => [id, Array<number>(24).fill(7)])),
    detail: async (subject) => detailOf(subject),
    card: async () => [line`  in use     118 requests/min`],
    judge: async () => ({ tone: 'ok', text: line`judged: 1 new` }),
    async change(change) {
      asked.push(change);
      return { failed: false, notices: [{ tone: 'ok', text: line`done` }] };
    },
    ...more,
  };
}
