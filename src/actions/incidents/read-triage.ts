import type { IncidentAttempt, IncidentKey } from '../../db/reads/incident-detail.js';
import { type TimelineEntry, timelineEnd } from '../../db/reads/incident-timeline.js';
import type { IncidentRow } from '../../db/reads/incidents.js';
import { type LooseFinding, triageRows } from '../../db/reads/triage.js';
import type { DetectorFamily, Severity } from '../../domain/detect/finding.js';
import type { FindingStatus } from '../../domain/detect/kept-finding.js';
import { riskOf } from '../../domain/detect/risk.js';
import type { PhaseClock } from '../../domain/incident.js';
import { stepKindTexts } from '../../domain/playbooks/step-kinds.js';
import type { QueuedFinding } from '../../domain/review.js';
import { isoTime } from '../../domain/stored-time.js';
import {
  incidentRisk,
  type TriageAttempt,
  type TriageDetail,
  type TriageFinding,
  type TriageIncident,
  type TriageKey,
  type TriagePicture,
} from '../../domain/triage.js';
import type { Context } from '../context.js';
import { type Walkthrough, walkthroughOf } from './walkthrough/walkthrough.js';

const eventsShown = 40;

/** The whole board, in one statement. */
export async function readTriage(ctx: Context): Promise<TriagePicture> {
  const { incidents, findings, read_at: readAt } = await ctx.db.query(triageRows);
  return {
    incidents: incidents.map(incidentOf),
    findings: findingsOf(findings, ms(readAt)),
    readAt: ms(readAt),
  };
}

function incidentOf(row: IncidentRow): TriageIncident {
  return {
    kind: 'incident',
    id: row.incident_id,
    title: row.title,
    type: row.type,
    severity: row.severity,
    state: row.state,
    lead: row.lead,
    openedAt: ms(row.opened_at),
    openedBy: row.opened_by,
    reopenedAt: msOrNull(row.reopened_at),
    clocks: clocksOf(row),
    phase: row.next_clock,
    dueAt: msOrNull(row.next_due_at),
    keysUsable: row.keys_usable,
    keysDead: row.keys_dead,
    refused: row.refused_attempts,
    accepted: row.accepted_attempts,
    lastAttemptAt: msOrNull(row.last_attempt_at),
  };
}

function clocksOf(row: IncidentRow): readonly PhaseClock[] {
  const date = (text: string | null) => (text === null ? null : new Date(ms(text)));
  const clock = (phase: PhaseClock['phase'], due: string | null, done: string | null): PhaseClock => ({
    phase,
    dueAt: date(due),
    doneAt: date(done),
    required: phase !== 'review' || row.review_required,
  });
  return [
    clock('acknowledge', row.acknowledge_due_at, row.acknowledged_at),
    clock('contain', row.contain_due_at, row.contained_at),
    clock('investigate', row.investigate_due_at, row.investigated_at),
    clock('recover', row.recover_due_at, row.recovered_at),
    clock('review', null, row.reviewed_at),
  ];
}

/** By key or address, highest risk first: what somebody should make an incident of. */
function findingsOf(rows: readonly LooseFinding[], now: number): readonly TriageFinding[] {
  const groups = new Map<string, LooseFinding[]>();
  for (const row of rows) {
    const id = row.key_id ?? row.ip ?? '';
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [row]);
    else group.push(row);
  }
  return [...groups]
    .map(([id, own]) => findingOf(id, own, now))
    .filter(({ risk }) => risk.risk >= incidentRisk)
    .toSorted((a, b) => b.risk.risk - a.risk.risk || b.since - a.since);
}

function findingOf(id: string, own: readonly LooseFinding[], now: number): TriageFinding {
  const key = own.find(({ key_name: name }) => name !== null) ?? null;
  const queued = own.map(queuedOf);
  return {
    kind: 'finding',
    id,
    keyId: own[0]?.key_id ?? null,
    name: key?.key_name ?? null,
    version: key?.key_version ?? null,
    status: key?.key_status ?? null,
    owner: key?.owner ?? null,
    risk: riskOf(queued, now),
    since: Math.min(...queued.map(({ detectedAt }) => detectedAt)),
  };
}

function queuedOf(row: LooseFinding): QueuedFinding {
  return {
    findingId: row.finding_id,
    detector: row.detector,
    family: row.detector_family as DetectorFamily,
    severity: row.severity as Severity,
    cause: row.cause,
    summary: row.summary,
    onsetAt: ms(row.onset_at),
    detectedAt: ms(row.detected_at),
    lastSeenAt: ms(row.last_seen_at),
    status: row.status as FindingStatus,
    incidentId: null,
    weight: row.weight,
    bits: row.bits,
  };
}

/** What hangs on an incident; the words of its timeline and what blocks it are whoever shows it's. */
export interface ReadDetail extends Omit<TriageDetail, 'events' | 'blockers'> {
  readonly entries: readonly TimelineEntry[];
  readonly whole: Walkthrough;
}

/** @throws KeyctlError 3 when there is no such incident */
export async function readTriageDetail(ctx: Context, incidentId: string): Promise<ReadDetail> {
  const whole = await walkthroughOf(ctx, incidentId, null);
  const entries = await ctx.db.query((db) => timelineEnd(db, { incidentId, limit: eventsShown }));
  const { detail, playbook, begun, steps } = whole;
  return {
    id: incidentId,
    keys: detail.keys.map(keyOf),
    attempts: detail.attempts.map(attemptOf),
    links: detail.links,
    playbook: {
      name: playbook.name,
      begun,
      steps: steps.map(({ step, state, record }) => ({
        name: step.name,
        state,
        by: record?.finished_by ?? record?.taken_by ?? null,
        does: step.text ?? stepKindTexts[step.kind].does,
      })),
    },
    entries,
    whole,
  };
}

function keyOf(row: IncidentKey): TriageKey {
  const { status } = row;
  const returns = status === 'suspended' && row.suspended_until !== null;
  return {
    keyId: row.key_id,
    name: row.name,
    version: row.version,
    status,
    isUsable: status === 'active' || status === 'retiring' || returns,
    deadSince: msOrNull(row.dead_since),
    suspendedUntil: msOrNull(row.suspended_until),
    successorId: row.successor_id,
    lastUsedAt: msOrNull(row.last_used_at),
    refused: row.refused,
    accepted: row.accepted,
    lastAttemptAt: msOrNull(row.last_attempt_at),
  };
}

function attemptOf(row: IncidentAttempt): TriageAttempt {
  const { key_id: keyId, ip, accepted, requests } = row;
  return { keyId, ip, accepted, requests, lastAt: ms(row.last_at) };
}

function ms(stored: string): number {
  return Date.parse(isoTime(stored));
}

function msOrNull(stored: string | null): number | null {
  return stored === null ? null : ms(stored);
}
