import type { Report } from '../../actions/report/make-report.js';
import { isoTime } from '../../domain/stored-time.js';
import type { Json } from '../renderer.js';
import { evidenceOf } from './evidence.js';
import { mean } from './figures.js';
import { incidentsJson } from './incident-section.js';

/** `audit report --json`. */
export function reportJson(report: Report): Json {
  const { kind, where, madeAt, window, asOf, keys, usage, changes, rotations } = report;
  const overdue = (each: Report['overdueRotations']) =>
    each.map(({ keyId, name, owner, dueAt }) => ({ key_id: keyId, name, owner, due_at: isoTime(dueAt) }));
  return {
    ...{ kind, database: where, made_at: madeAt, since: window.since, until: window.until, as_of: asOf },
    checks: report.checks.map(({ code, verdict, value, threshold, unit }) => ({
      ...{ code, verdict, value, threshold, unit },
    })),
    keys: keysJson(keys),
    usage: usageJson(usage),
    budgets: report.budgets.map(({ keyId, name, budgetUsd, spentUsd, share }) => ({
      ...{ key_id: keyId, name, budget_usd: budgetUsd, spent_usd: spentUsd, share },
    })),
    rotations: {
      activated: rotations.activated,
      on_time: rotations.onTime,
      late: rotations.late,
      overdue: rotations.overdue,
      on_time_share: report.onTimeShare,
      days: rotations.byDay.map(({ day, onTime, late }) => ({ day, on_time: onTime, late })),
    },
    overdue_rotations: overdue(report.overdueRotations),
    overdue_reviews: overdue(report.overdueReviews),
    revocations: report.revocations.map(revocationJson),
    mean_seconds_from_detection: mean(report.revocations.map((each) => each.fromDetectionSeconds)),
    incidents: incidentsJson(report.incidents),
    changes: {
      by_action: changes.byAction,
      with_reason: changes.withReason,
      without_ticket: changes.withoutTicket,
      actors: changes.actors,
    },
    evidence: kind === 'compliance' ? evidenceOf(report).map((each) => ({ ...each })) : [],
  };
}

function keysJson(keys: Report['keys']): Json {
  return {
    by_status: keys.byStatus,
    created: keys.created,
    created_before: keys.createdBefore,
    ended: keys.ended,
    ended_before: keys.endedBefore,
    stale_7_days: keys.stale7Days,
    stale_30_days: keys.stale30Days,
    never_used: keys.neverUsed,
    expiring_30_days: keys.expiring30Days,
    without_owner: keys.withoutOwner,
    exempt: keys.exempt,
    weak: keys.weak,
    rotations_due: keys.rotationsDue,
    rotations_overdue: keys.rotationsOverdue,
    reviews_due: keys.reviewsDue,
    median_age_seconds: keys.ages.medianSeconds,
    oldest_age_seconds: keys.ages.oldestSeconds,
    ages: keys.ages.buckets.map(({ fromDays, keys: count }) => ({ from_days: fromDays, keys: count })),
  };
}

function usageJson(usage: Report['usage']): Json {
  return {
    requests: usage.requests,
    errors: usage.errors,
    unauthenticated: usage.unauthenticated,
    forbidden: usage.forbidden,
    limited: usage.limited,
    server_errors: usage.serverErrors,
    stray: usage.stray,
    cost_usd: usage.costUsd,
    p95_latency_ms: usage.p95LatencyMs,
    steps: usage.steps.map(({ at, requests, errors }) => ({ at, requests, errors })),
  };
}

function revocationJson(each: Report['revocations'][number]): Json {
  return {
    key_id: each.keyId,
    name: each.name,
    code: each.code,
    reason: each.reason,
    revoked_at: isoTime(each.revokedAt),
    seconds_from_detection: each.fromDetectionSeconds,
  };
}
