import type { Metrics } from '../../actions/report/read-metrics.js';
import type { Json, Renderer } from '../renderer.js';
import { clean, joinLines } from '../terminal-text.js';

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Left out when nothing was measured: no sample is said as no sample. */
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** `audit metrics`: the text format of Prometheus. All are gauges: counts of the last hour fall as well as rise. */
export const metricsText: Renderer<Metrics> = {
  text: (metrics) =>
    joinLines(
      metricsOf(metrics).flatMap(({ name, help, samples }) => [
        clean(`# HELP ${name} ${help}`),
        clean(`# TYPE ${name} gauge`),
        ...samples.map(({ labels, value }) => clean(`${name}${labelText(labels)} ${value}`)),
      ]),
    ),
  json: (metrics) => ({
    made_at: metrics.madeAt,
    metrics: metricsOf(metrics).map(
      ({ name, help, samples }): Json => ({
        name,
        help,
        samples: samples.map(({ labels, value }) => ({ labels, value })),
      }),
    ),
  }),
};

/** Names of keys and people are no labels: they come from outside, and each would be a series for ever. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const one = (value: number | null): readonly Sample[] =>
  value === null || !Number.isFinite(value) ? [] : [{ labels: {}, value }];
const by = (label: string, values: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(values).map(([value, count]) => ({ labels: { [label]: value }, value: count }));

function metricsOf(metrics: Metrics): readonly Metric[] {
  const all = [keyMetrics, usageMetrics, budgetMetrics, findingMetrics, incidentMetrics].flatMap((each) =>
    each(metrics),
  );
  return all.filter(({ samples }) => samples.length > 0);
}

/** Every status has its sample, so that a zero is a zero and no gap. */
const statuses = ['pending', 'active', 'retiring', 'suspended', 'replaced', 'revoked', 'expired'];

function keyMetrics({ keys }: Metrics): Metric[] {
  const states = Object.fromEntries(statuses.map((status) => [status, keys.byStatus[status] ?? 0]));
  return [
    { name: 'keyctl_keys', help: 'Keys by the status that is true now.', samples: by('status', states) },
    {
      name: 'keyctl_keys_stale',
      help: 'Usable keys that were not used for that long.',
      samples: by('for', { '7d': keys.stale7Days, '30d': keys.stale30Days }),
    },
    {
      name: 'keyctl_keys_expiring',
      help: 'Active keys that expire within 30 days.',
      samples: one(keys.expiring30Days),
    },
    {
      name: 'keyctl_rotations_due',
      help: 'Keys whose date of rotation has come.',
      samples: one(keys.rotationsDue),
    },
    {
      name: 'keyctl_rotations_overdue',
      help: 'Keys that should have been rotated more than a day ago.',
      samples: one(keys.rotationsOverdue),
    },
    {
      name: 'keyctl_reviews_overdue',
      help: 'Keys whose access review is overdue.',
      samples: one(keys.reviewsDue),
    },
    {
      name: 'keyctl_policy_violations',
      help: 'Active keys that are exempt from rotation, or proven by a bare digest only.',
      samples: by('kind', { exempt: keys.exempt, weak: keys.weak }),
    },
    {
      name: 'keyctl_oldest_active_key_age_seconds',
      help: 'Age of the oldest active key.',
      samples: one(keys.ages.oldestSeconds),
    },
  ];
}

function usageMetrics({ usage, asOf, madeAt }: Metrics): Metric[] {
  const attempts = usage.requests + usage.stray;
  const failed = usage.unauthenticated + usage.stray;
  const otherErrors =
    usage.errors - usage.unauthenticated - usage.forbidden - usage.limited - usage.serverErrors;
  return [
    {
      name: 'keyctl_requests',
      help: 'Requests of the last hour by the key they named.',
      samples: by('key', { known: usage.requests, unknown: usage.stray }),
    },
    {
      name: 'keyctl_refusals',
      help: 'Requests of the last hour that were refused, by reason.',
      samples: by('reason', {
        authentication: usage.unauthenticated,
        forbidden: usage.forbidden,
        rate_limit: usage.limited,
        unknown_key: usage.stray,
      }),
    },
    {
      name: 'keyctl_responses',
      help: 'Requests of known keys of the last hour, by what was answered.',
      samples: by('class', {
        ok: usage.requests - usage.errors,
        refused: usage.unauthenticated + usage.forbidden + usage.limited,
        client_error: otherErrors,
        server_error: usage.serverErrors,
      }),
    },
    {
      name: 'keyctl_authentication_success_ratio',
      help: 'Share of the requests of the last hour that authenticated.',
      samples: one(attempts === 0 ? null : 1 - failed / attempts),
    },
    {
      name: 'keyctl_request_latency_p95_seconds',
      help: 'Latency of the last hour, 95th percentile.',
      samples: one(usage.p95LatencyMs === null ? null : usage.p95LatencyMs / 1000),
    },
    {
      name: 'keyctl_usage_as_of_timestamp_seconds',
      help: 'How far usage has been brought in.',
      samples: one(asOf === null ? null : Date.parse(asOf) / 1000),
    },
    {
      name: 'keyctl_metrics_timestamp_seconds',
      help: 'When these figures were read.',
      samples: one(Date.parse(madeAt) / 1000),
    },
  ];
}

function findingMetrics({ findings, judgedUntil }: Metrics): Metric[] {
  return [
    {
      name: 'keyctl_findings_open',
      help: 'Findings that nobody acknowledged, dismissed or escalated, by severity.',
      samples: by('severity', findings),
    },
    {
      name: 'keyctl_detection_timestamp_seconds',
      help: 'When live detection looked last.',
      samples: one(judgedUntil === null ? null : judgedUntil / 1000),
    },
  ];
}

function incidentMetrics({ incidents }: Metrics): Metric[] {
  return [
    {
      name: 'keyctl_incidents_open',
      help: 'Incidents that are open now, by severity.',
      samples: by('severity', incidents.open),
    },
    {
      name: 'keyctl_incidents_overdue',
      help: 'Open incidents whose clock is over.',
      samples: one(incidents.overdue),
    },
    {
      name: 'keyctl_incidents_reopened',
      help: 'Incidents that were reopened in the last hour because a dead key was let in.',
      samples: one(incidents.reopened),
    },
    {
      name: 'keyctl_follow_ups_overdue',
      help: 'Follow-ups of incidents whose day has passed.',
      samples: one(incidents.followUpsOverdue),
    },
  ];
}

function budgetMetrics({ budgets }: Metrics): Metric[] {
  const shares = budgets.map(({ share }) => share);
  const count = (from: number) => shares.filter((share) => share >= from).length;
  return [
    {
      name: 'keyctl_budget_use_max_ratio',
      help: 'Highest share of a monthly budget that is spent.',
      samples: one(shares.length === 0 ? null : Math.max(...shares)),
    },
    {
      name: 'keyctl_budgets_reached',
      help: 'Keys that spent at least that percentage of their monthly budget.',
      samples: by('percent', { '50': count(0.5), '90': count(0.9), '100': count(1) }),
    },
  ];
}
