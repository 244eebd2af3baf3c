import type { Changes, KeyOutcome } from '../actions/each-key.js';
import type { ResumeAnswer, SuspendAnswer } from '../db/kernel-keys.js';
import type { KeyRow } from '../db/reads/keys.js';
import type { Target } from '../db/settings.js';
import { isoTime } from '../domain/stored-time.js';
import { keyHeading } from './key-heading.js';
import { outcomeCounts, outcomeTexts, resultRecord } from './key-outcomes.js';
import { labelled } from './labelled.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `keys suspend`: what came of it, key by key. */
export const suspension: Renderer<Changes<SuspendAnswer>> = {
  text: (value, view) =>
    outcomeTexts(value, view, { what: line`suspended`, text: ({ answer }) => suspendedText(answer, view) }),
  json: (value) => ({
    operation_id: value.operationId,
    results: value.outcomes.map(suspendedRecord),
    ...outcomeCounts(value, ['suspended', 'already_suspended']),
  }),
  records: (value) =>
    value.outcomes.map((each) => ({ operation_id: value.operationId, ...suspendedRecord(each) })),
  ids: (value) => value.outcomes.map((each) => each.row.key.id),
};

/** `keys resume`. */
export const resumption: Renderer<Changes<ResumeAnswer>> = {
  text: (value, view) =>
    outcomeTexts(value, view, { what: line`resumed`, text: ({ answer }) => resumedText(answer, view) }),
  json: (value) => ({
    operation_id: value.operationId,
    results: value.outcomes.map(resumedRecord),
    ...outcomeCounts(value, ['resumed', 'not_suspended']),
  }),
  records: (value) =>
    value.outcomes.map((each) => ({ operation_id: value.operationId, ...resumedRecord(each) })),
  ids: (value) => value.outcomes.map((each) => each.row.key.id),
};

/** What is known of a suspension before it is ended. */
export function suspensionCard(row: KeyRow, target: Target, view: View): Safe {
  const { key, owner } = row;
  const since = key.suspendedAt === null ? 'not suspended' : `since ${isoTime(key.suspendedAt)}`;
  const until = key.suspendedUntil === null ? '' : ` until ${isoTime(key.suspendedUntil)}`;
  const reason = key.suspensionReason === null ? '' : `: ${key.suspensionReason}`;
  return joinLines([
    keyHeading(row, target, view),
    labelled(line`owner`, clean(owner?.email ?? 'nobody known'), view),
    labelled(line`suspended`, clean(since + until + reason), view),
  ]);
}

function suspendedText(answer: SuspendAnswer, { style }: View): Safe {
  const until =
    answer.suspended_until === null
      ? line`until it is resumed`
      : line`until ${clean(isoTime(answer.suspended_until))}`;
  if (answer.outcome === 'suspended') {
    return style.ok(
      line`${style.sign.ok} suspended ${clean(isoTime(answer.suspended_at))} ${until} · audit ${answer.audit_seq ?? 0}`,
    );
  }
  return line`${style.sign.ok} already suspended ${clean(isoTime(answer.suspended_at))} ${until}: ${clean(answer.reason)}`;
}

function resumedText(answer: ResumeAnswer, { style }: View): Safe {
  if (answer.outcome === 'resumed') {
    return style.ok(
      line`${style.sign.ok} resumed: ${clean(answer.status)} again · audit ${answer.audit_seq ?? 0}`,
    );
  }
  return line`${style.sign.ok} not suspended: it is ${clean(answer.status)}`;
}

function suspendedRecord(outcome: KeyOutcome<SuspendAnswer>): Record<string, Json> {
  const { answer } = outcome;
  return resultRecord(outcome, {
    suspended_at: isoTime(answer?.suspended_at ?? null),
    suspended_until: isoTime(answer?.suspended_until ?? null),
    reason: answer?.reason ?? null,
  });
}

function resumedRecord(outcome: KeyOutcome<ResumeAnswer>): Record<string, Json> {
  return resultRecord(outcome, { status: outcome.answer?.status ?? null });
}
