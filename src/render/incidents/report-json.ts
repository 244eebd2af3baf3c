import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import type { IncidentUsage, UsageCount } from '../../db/reads/incident-usage.js';
import { isoTime } from '../../domain/stored-time.js';
import type { Json } from '../renderer.js';
import { incidentCard } from './incident-card.js';
import { gapsOf } from './report-gaps.js';

/** `incidents report --json`: what `incidents show` says, its usage and findings, and what is missing. */
export function incidentReportJson(report: IncidentReport): Json {
  const { where, row, window, asOf, steps, findings, timeline } = report;
  return {
    ...(incidentCard.json(report) as Record<string, Json>),
    ...{ database: where, made_at: isoTime(row.read_at), since: window.since, until: window.until },
    ...{ as_of: asOf, step_seconds: steps.seconds },
    usage: usageJson(report.usage),
    findings: findings.map((each) => ({
      ...{
        finding_id: each.findingId,
        detector: each.detector,
        severity: each.severity,
        status: each.status,
      },
      ...{ key_id: each.keyId, ip: each.ip, onset_at: new Date(each.onsetAt).toISOString() },
      summary: each.evidence.summary,
    })),
    timeline_rows: timeline.first.length + timeline.between + timeline.last.length,
    gaps: gapsOf(report).map(({ gap, command }) => ({ gap, command })),
  };
}

function usageJson({ total, parts, ips, endpoints, agents }: IncidentUsage): Json {
  const top = (of: IncidentUsage['ips']) => of.top.map((each) => ({ value: each.value, ...countJson(each) }));
  return {
    ...countJson(total),
    ...{
      distinct_ips: ips.distinct,
      distinct_endpoints: endpoints.distinct,
      distinct_agents: agents.distinct,
    },
    parts: parts.map(({ at, requests, errors }) => ({ at: isoTime(at), requests, errors })),
    ...{ ips: top(ips), endpoints: top(endpoints), agents: top(agents) },
  };
}

function countJson(count: UsageCount): Record<string, Json> {
  return {
    ...{ requests: count.requests, errors: count.errors, refused: count.refused },
    ...{ since_detection: count.sinceDetection, bytes: count.bytes },
    ...{ first_at: isoTime(count.firstAt), last_at: isoTime(count.lastAt) },
  };
}
