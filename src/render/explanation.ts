import type { Explanation } from '../actions/explain-key.js';
import type { Decision } from '../domain/decision.js';
import { isoTime } from '../domain/stored-time.js';
import { keyFate } from './key-fate.js';
import { keyHeading } from './key-heading.js';
import { labelled } from './labelled.js';
import { limitLines } from './limit-lines.js';
import { dollars, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, joinWith, line, type Safe } from './terminal-text.js';

/** `keys explain`. */
export const explanation: Renderer<Explanation> = {
  text: (value, view) => {
    const { row, target, decision } = value;
    const { style } = view;
    const verdict =
      decision === 'ok'
        ? style.ok(line`${style.sign.ok} accepted`)
        : style.warning(line`${style.sign.dead} refused: ${clean(decision)}`);
    return joinLines([
      keyHeading({ ...row, key: { ...row.key, status: value.status } }, target, view),
      verdict,
      labelled(line`because`, reasonOf(value), view),
      labelled(line`asked`, askedText(value), view),
      ...changeLines(value, view),
      ...limitLines(row, { ...value, month: value.at.slice(0, 7) }, view),
      labelled(line`peaks`, peaksText(value.peaks), view),
      labelled(line`log`, clean(asOfText(value.rate.eventsAsOf)), view),
      ...openQuestions(value, view),
      style.muted(line`Limits and blocks act where the gateway asks; keyctl stands in no request path.`),
    ]);
  },
  json: (value) => {
    const { request, rate, peaks, spent } = value;
    return {
      key_id: value.row.key.id,
      version: value.row.key.version,
      status: value.status,
      decision: value.decision,
      accepted: value.decision === 'ok',
      reason: String(reasonOf(value)),
      at: isoTime(value.at),
      ip: request.ip ?? null,
      scope: request.scope ?? null,
      workspace: request.workspace ?? null,
      model: request.model ?? null,
      feature: request.feature ?? null,
      changes: value.changes.map(({ at, status, decision }) => ({ at: isoTime(at), status, decision })),
      retirement_phase: value.limits.retirementPhase,
      limits: limitRecord(value),
      used: {
        last_minute: rate.lastMinute,
        last_hour: rate.lastHour,
        peak_minute: peaks?.minute ?? null,
        peak_minute_at: peaks?.minuteAt ?? null,
        peak_hour: peaks?.hour ?? null,
        peak_hour_at: peaks?.hourAt ?? null,
        month_requests: spent?.requests ?? null,
        month_tokens: spent?.tokens ?? null,
        month_cost_usd: spent === null ? null : Number(spent.costUsd),
        events_as_of: rate.eventsAsOf,
      },
    };
  },
  ids: ({ row }) => [row.key.id],
};

/** Every answer of the kernel in words, with the values behind it. */
function reasonOf(value: Explanation): Safe {
  const { row, request, spent, status } = value;
  const { key } = row;
  const among = (list: readonly string[]) => clean(list.length === 0 ? 'none' : list.join(', '));
  const reasons: Readonly<Record<Exclude<Decision, 'ok'>, () => Safe>> = {
    pending: () => keyFate(row, 'pending') ?? line``,
    revoked: () => keyFate(row, 'revoked') ?? line``,
    replaced: () => keyFate(row, 'replaced') ?? line``,
    suspended: () => keyFate(row, 'suspended') ?? line``,
    expired: () => keyFate(row, 'expired') ?? line``,
    ip_blocked: () => blockedText(value),
    ip: () =>
      line`${clean(request.ip ?? '')} is not among the networks it works from: ${among(key.allowedIps)}`,
    workspace: () =>
      line`it does not work in ${clean(request.workspace ?? '')}; its workspaces: ${among([...(key.workspaceId === null ? [] : [key.workspaceId]), ...key.workspaceAccess])}`,
    scope: () => line`${clean(request.scope ?? '')} is not covered by its scopes: ${among(key.scopes)}`,
    model: () => line`${clean(request.model ?? '')} is not among its models: ${among(key.models)}`,
    feature: () => line`${clean(request.feature ?? '')} is not among its features: ${among(key.features)}`,
    budget: () =>
      line`${dollars(Number(spent?.costUsd ?? 0))} of ${dollars(Number(key.budgetUsd ?? 0))} spent this month by its family`,
    quota: () => quotaText(value),
  };
  if (value.decision !== 'ok') return reasons[value.decision]();
  const fate = status === 'active' ? null : keyFate(row, status);
  return fate ?? line`nothing speaks against it`;
}

function blockedText({ blocks, request }: Explanation): Safe {
  const [block] = blocks;
  if (block === undefined) return line`${clean(request.ip ?? '')} is blocked`;
  const until = block.blockedUntil === null ? line`` : line` until ${clean(isoTime(block.blockedUntil))}`;
  return line`${clean(block.cidr)} is blocked since ${clean(isoTime(block.blockedAt))}${until}: ${clean(block.reason)}`;
}

function quotaText({ row, spent }: Explanation): Safe {
  const { quotaRequests, quotaTokens } = row.key;
  const over: Safe[] = [];
  if (spent !== null && quotaRequests !== null && spent.requests >= quotaRequests)
    over.push(line`${grouped(spent.requests)} of ${grouped(quotaRequests)} requests`);
  if (spent !== null && quotaTokens !== null && spent.tokens >= quotaTokens)
    over.push(line`${grouped(spent.tokens)} of ${grouped(quotaTokens)} tokens`);
  return line`${joinWith(line` and `, over)} used this month by its family`;
}

function askedText({ at, request }: Explanation): Safe {
  const parts: readonly (readonly [Safe, string | null | undefined])[] = [
    [line`from`, request.ip],
    [line`scope`, request.scope],
    [line`workspace`, request.workspace],
    [line`model`, request.model],
    [line`feature`, request.feature],
  ];
  const given = parts.flatMap(([label, value]) =>
    value === null || value === undefined ? [] : [line`, ${label} ${clean(value)}`],
  );
  return joinWith(line``, [line`at ${clean(isoTime(at))}`, ...given]);
}

function changeLines({ changes }: Explanation, view: View): Safe[] {
  if (changes.length === 0) return [labelled(line`later`, line`does not change by itself`, view)];
  return changes.map(({ at, decision }, index) =>
    labelled(
      index === 0 ? line`later` : line``,
      line`${clean(isoTime(at))}  ${clean(decision === 'ok' ? 'accepted' : `refused (${decision})`)}`,
      view,
    ),
  );
}

/** A key that would be accepted may still be bound to something that was not asked about. */
function openQuestions({ decision, request, row }: Explanation, view: View): Safe[] {
  if (decision !== 'ok') return [];
  const { key } = row;
  const bound: readonly (readonly [boolean, string])[] = [
    [request.ip == null && key.allowedIps.length > 0, '--ip'],
    [request.scope == null, '--scope'],
    [
      request.workspace == null && (key.workspaceId !== null || key.workspaceAccess.length > 0),
      '--workspace',
    ],
    [request.model == null && key.models.length > 0, '--model'],
    [request.feature == null && key.features.length > 0, '--feature'],
  ];
  const flags = bound.flatMap(([open, flag]) => (open ? [flag] : []));
  return flags.length === 0 ? [] : [labelled(line`not asked`, clean(flags.join(', ')), view)];
}

/** What a month allows, beside the kernel's limits of the moment; a dead key has 0 of everything (DESIGN 4). */
function limitRecord({ row, limits }: Explanation): Record<string, Json> {
  const { key } = row;
  const { percent, rpm, rph, burst, concurrency } = limits;
  const monthly = (value: number | null) => (percent === 0 ? 0 : value);
  return {
    ...{ percent, rpm, rph, burst, concurrency },
    quota_requests: monthly(key.quotaRequests),
    quota_tokens: monthly(key.quotaTokens),
    budget_usd: monthly(key.budgetUsd === null ? null : Number(key.budgetUsd)),
  };
}

function peaksText(peaks: Explanation['peaks']): Safe {
  if (peaks === null) return line`not known in time`;
  if (peaks.minute === null || peaks.hour === null) return line`no use in 7 d`;
  return line`${grouped(peaks.minute)} a minute (${toMinute(peaks.minuteAt)}), ${grouped(peaks.hour)} an hour (${toMinute(peaks.hourAt)}) in 7 d`;
}

function toMinute(at: string | null): Safe {
  return clean(at === null ? '' : `${at.slice(0, 16)}Z`);
}

function asOfText(eventsAsOf: string | null): string {
  return eventsAsOf === null ? 'no usage was ever brought in' : `usage as of ${eventsAsOf}`;
}
