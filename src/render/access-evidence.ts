import type { AccessEvidence } from '../actions/review-keys.js';
import type { UsageGroups } from '../db/reads/usage-groups.js';
import { formatDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { keyHeading } from './key-heading.js';
import { labelled } from './labelled.js';
import { counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `keys review KEY`: what each key may do and what it used, for whoever decides about it. */
export const accessEvidence: Renderer<readonly AccessEvidence[]> = {
  text: (value, view) => joinLines(value.map((evidence) => evidenceText(evidence, view))),
  json: (value) => ({ keys: value.map(evidenceRecord), next_cursor: null }),
  records: (value) => value.map(evidenceRecord),
  ids: (value) => value.map(({ row }) => row.key.id),
};

function evidenceText(evidence: AccessEvidence, view: View): Safe {
  const { row, target, endpoints, ips } = evidence;
  const { key, owner } = row;
  const when = (at: string | null) =>
    at === null ? line`never` : line`${clean(isoTime(at))} (${clean(ago(new Date(isoTime(at)), view.now))})`;
  const list = (values: readonly string[], nothing: Safe) =>
    values.length === 0 ? nothing : clean(values.join(', '));
  const unused = unusedModels(evidence);
  return joinLines([
    keyHeading(row, target, view),
    labelled(line`owner`, clean(owner?.email ?? 'nobody known'), view),
    labelled(line`reviewed`, line`${when(key.reviewedAt)}${dueText(evidence, view)}`, view),
    labelled(line`scopes`, list(key.scopes, line`none`), view),
    labelled(line`only from`, list(key.allowedIps, line`everywhere`), view),
    ...(key.models.length === 0 ? [] : [labelled(line`models`, list(key.models, line``), view)]),
    ...(unused.length === 0
      ? []
      : [labelled(line`not used`, view.style.warning(line`models ${clean(unused.join(', '))}`), view)]),
    labelled(line`last use`, when(key.lastUsedAt), view),
    labelled(line`in 90 d`, totalText(evidence), view),
    ...groupLines(line`endpoints`, endpoints, view),
    ...groupLines(line`addresses`, ips, view),
  ]);
}

function dueText({ row }: AccessEvidence, view: View): Safe {
  const { reviewDueAt } = row.plan;
  const every = row.key.reviewEverySeconds;
  const own = every === null ? line`` : line`, every ${clean(formatDuration(every))}`;
  if (reviewDueAt === null) return own;
  return line`; due ${clean(ago(new Date(isoTime(reviewDueAt)), view.now))}${own}`;
}

/** Gateways report no scopes, so what a scope was used for is told by the endpoints. */
function totalText({ endpoints, asOf }: AccessEvidence): Safe {
  const { requests, errors } = endpoints.total;
  const until = asOf === null ? line`no usage was ever brought in` : line`log as of ${clean(asOf)}`;
  if (requests === 0) return line`not used (${until})`;
  return line`${counted(requests, 'request')} by its family, ${counted(errors, 'error')} (${until})`;
}

function groupLines(label: Safe, { groups, groupCount }: UsageGroups, view: View): Safe[] {
  const lines = groups.map(({ value, requests, errors }, at) => {
    const failed = errors === 0 ? line`` : line`, ${counted(errors, 'error')}`;
    const text = line`${clean(value === null ? '(none)' : String(value))}  ${grouped(requests)}${failed}`;
    return labelled(at === 0 ? label : line``, text, view);
  });
  const more = groupCount - groups.length;
  return more > 0 ? [...lines, labelled(line``, line`and ${counted(more, 'other')}`, view)] : lines;
}

function unusedModels({ row, models }: AccessEvidence): readonly string[] {
  const used = new Set(models.groups.map(({ value }) => value));
  return row.key.models.filter((model) => !used.has(model));
}

function evidenceRecord(evidence: AccessEvidence): Record<string, Json> {
  const { row, since, asOf, endpoints, ips, models } = evidence;
  const { key, owner, plan } = row;
  const groups = (name: string, { groups: found }: UsageGroups) =>
    found.map(({ value, requests, errors }) => ({ [name]: value, requests, errors }));
  return {
    key_id: key.id,
    name: key.name,
    version: key.version,
    status: key.status,
    owner: owner?.email ?? null,
    scopes: key.scopes,
    allowed_ips: key.allowedIps,
    models: key.models,
    models_not_used: unusedModels(evidence),
    reviewed_at: isoTime(key.reviewedAt),
    review_due_at: isoTime(plan.reviewDueAt),
    last_used_at: isoTime(key.lastUsedAt),
    used: {
      since,
      as_of: asOf,
      requests: endpoints.total.requests,
      errors: endpoints.total.errors,
      endpoints: groups('endpoint', endpoints),
      endpoint_count: endpoints.groupCount,
      ips: groups('ip', ips),
      ip_count: ips.groupCount,
      models: groups('model', models),
    },
  };
}
