import type { ShownKey } from '../actions/show-key.js';
import type { KeyUsage } from '../db/reads/key-usage.js';
import type { KeyRow } from '../db/reads/keys.js';
import { formatDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { severityWord } from './incidents/incident-words.js';
import { keyFate } from './key-fate.js';
import { keyHeading } from './key-heading.js';
import { planLines } from './key-plan-lines.js';
import { plannedKeyRecord } from './key-record.js';
import { labelled } from './labelled.js';
import { limitLines } from './limit-lines.js';
import { livingRotationLines, livingRotationRecord } from './living-rotation.js';
import { byteSize, counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** `keys show`: one key with what is known around it. */
export const keyCard: Renderer<ShownKey> = {
  text: (shown, view) => {
    const { row, target } = shown;
    const heading = keyHeading(row, target, view);
    const name = clean(row.key.name);
    return joinLines([
      heading,
      // A card shows all of a name that is too long for its heading.
      ...(heading.includes(name) ? [] : [labelled(line`name`, name, view)]),
      ...lifeLines(row, view),
      ...planLines(row, view),
      ...settingLines(row, view),
      ...limitLines(row, { ...shown, month: shown.usage.until.slice(0, 7) }, view),
      labelled(line`family`, familyText(shown), view),
      ...livingRotationLines(shown.rotations, view),
      ...incidentLines(shown, view),
      ...usageLines(shown, view),
    ]);
  },
  json: (shown) => ({
    ...plannedKeyRecord(shown.row),
    effective_limits: {
      percent: shown.limits.percent,
      rpm: shown.limits.rpm,
      rph: shown.limits.rph,
      burst: shown.limits.burst,
      concurrency: shown.limits.concurrency,
    },
    used: {
      last_minute: shown.rate.lastMinute,
      last_hour: shown.rate.lastHour,
      month_requests: shown.spent?.requests ?? null,
      month_tokens: shown.spent?.tokens ?? null,
      month_cost_usd: shown.spent === null ? null : Number(shown.spent.costUsd),
    },
    usage: usageRecord(shown),
    family: shown.family.map(({ key }) => ({ key_id: key.id, version: key.version, status: key.status })),
    rotations: shown.rotations.map(livingRotationRecord),
    incidents: shown.incidents.map(({ incident_id, title, severity, state }) => ({
      incident_id,
      title,
      severity,
      state,
    })),
  }),
  ids: ({ row }) => [row.key.id],
};

function lifeLines(row: KeyRow, view: View): Safe[] {
  const { key, owner } = row;
  const fate = keyFate(row, key.status);
  const person = [owner?.email ?? 'nobody known', owner?.name ?? '', owner?.userId ?? ''];
  const delivered = key.deliveredTo.length === 0 ? '' : `, delivered to ${key.deliveredTo.join(', ')}`;
  const when = (at: string | null) => {
    const text = isoTime(at);
    return text === null ? line`never` : line`${clean(text)} (${clean(ago(new Date(text), view.now))})`;
  };
  const origin = key.origin === 'issued' ? line`created` : clean(key.origin);
  return [
    ...(fate === null ? [] : [labelled(line`status`, fate, view)]),
    ...(key.decoy ? [labelled(line`decoy`, line`nobody should ever use it`, view)] : []),
    ...(key.verifiable
      ? []
      : [labelled(line`verifier`, line`none: tracked and revocable by name only`, view)]),
    ...(key.weak ? [labelled(line`verifier`, line`weak: a bare digest; rotate it`, view)] : []),
    labelled(line`owner`, clean(person.filter((part) => part !== '').join(' · ')), view),
    labelled(origin, line`${when(key.createdAt)} by ${clean(key.createdBy)}${clean(delivered)}`, view),
    labelled(line`expires`, when(key.expiresAt), view),
    labelled(line`last use`, when(key.lastUsedAt), view),
  ];
}

/** What is set; what is not takes no line, but scopes, whose absence means that no scope is allowed. */
function settingLines({ key }: KeyRow, view: View): Safe[] {
  const works = [key.workspaceId ?? '', ...key.workspaceAccess].filter((part) => part !== '').join(', ');
  const fields: readonly (readonly [Safe, string | null])[] = [
    [line`fingerprint`, key.fingerprint],
    [line`external id`, key.externalId],
    [line`scopes`, key.scopes.length === 0 ? 'none' : key.scopes.join(', ')],
    [line`workspaces`, works],
    [line`level`, key.level],
    [line`environment`, key.environment],
    [line`models`, key.models.join(', ')],
    [line`features`, key.features.join(', ')],
    [line`only from`, key.allowedIps.join(', ')],
    [line`used by`, key.usedBy.join(', ')],
    [line`purpose`, key.description],
    [line`justified`, key.justification],
    [line`billing`, key.billingContact],
  ];
  return fields.flatMap(([label, value]) =>
    value === null || value === '' ? [] : [labelled(label, clean(value), view)],
  );
}

function familyText({ row, family }: ShownKey): Safe {
  const others = family.filter(({ key }) => key.id !== row.key.id);
  if (others.length === 0) return line`no other key`;
  const each = others.map(({ key }) => line`v${key.version} ${clean(key.id)} ${clean(key.status)}`);
  return joinWith(line` · `, each);
}

/** Those that are open first of all to the eye; a closed one is a word of history. */
function incidentLines({ incidents }: ShownKey, view: View): Safe[] {
  return incidents.map(({ incident_id: id, title, severity, state }) => {
    const closed = state === 'closed';
    const how = closed
      ? view.style.muted(line`closed`)
      : line`${severityWord(severity, view.style)}  ${clean(state)}`;
    return labelled(line`incident`, line`${clean(id)}  ${how}  ${clean(title)}`, view);
  });
}

function usageLines({ usage, rate }: ShownKey, view: View): Safe[] {
  const span = formatDuration((Date.parse(usage.until) - Date.parse(usage.since)) / 1000);
  const asOf =
    rate.eventsAsOf === null ? line`no usage was ever brought in` : line`log as of ${clean(rate.eventsAsOf)}`;
  const errors = usage.errors === 0 ? line`no error` : line`${counted(usage.errors, 'error')}`;
  const total =
    usage.requests === 0
      ? line`none (${asOf})`
      : line`${counted(usage.requests, 'request')}, ${errors}, ${counted(usage.uniqueIps, 'address')}, ${byteSize(usage.bytes)} (${asOf})`;
  return [labelled(clean(`in ${span}`), total, view), ...endpointLines(usage, view)];
}

function endpointLines({ endpoints, distinctEndpoints }: KeyUsage, view: View): Safe[] {
  const lines = endpoints.map(({ endpoint, requests, errors }, at) => {
    const failed = errors === 0 ? line`` : line`, ${counted(errors, 'error')}`;
    const label = at === 0 ? line`endpoints` : line``;
    return labelled(label, line`${clean(endpoint ?? '(none)')}  ${grouped(requests)}${failed}`, view);
  });
  const more = distinctEndpoints - endpoints.length;
  return more > 0 ? [...lines, labelled(line``, line`and ${counted(more, 'other')}`, view)] : lines;
}

function usageRecord({ usage, rate }: ShownKey): Json {
  return {
    since: usage.since,
    until: usage.until,
    as_of: rate.eventsAsOf,
    requests: usage.requests,
    errors: usage.errors,
    unique_ips: usage.uniqueIps,
    bytes: usage.bytes,
    endpoints: usage.endpoints.map(({ endpoint, requests, errors }) => ({ endpoint, requests, errors })),
  };
}
