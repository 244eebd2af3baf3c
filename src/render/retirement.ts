import type { Changes, KeyOutcome } from '../actions/each-key.js';
import type { RetirementAnswer } from '../db/kernel-retirement.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { outcomeCounts, outcomeTexts, resultRecord } from './key-outcomes.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

type Retirements = Changes<RetirementAnswer>;

/** `keys retire --on`. */
export const retirement = renderer(line`retired`, ['planned', 'moved', 'already_planned']);

/** `keys retire --cancel`. */
export const retirementCancelled = renderer(line`taken back`, ['cancelled', 'not_planned']);

function renderer(what: Safe, good: readonly RetirementAnswer['outcome'][]): Renderer<Retirements> {
  return {
    text: (value, view) =>
      outcomeTexts(value, view, { what, text: ({ answer }) => retirementText(answer, view) }),
    json: (value) => ({
      operation_id: value.operationId,
      results: value.outcomes.map(retirementRecord),
      ...outcomeCounts(value, good),
    }),
    records: (value) =>
      value.outcomes.map((each) => ({ operation_id: value.operationId, ...retirementRecord(each) })),
    ids: (value) => value.outcomes.map((each) => each.row.key.id),
  };
}

function retirementText(answer: RetirementAnswer, view: View): Safe {
  const { style } = view;
  const seq = answer.audit_seq ?? 0;
  const before = answer.retire_on_before === null ? line`` : clean(isoTime(answer.retire_on_before));
  switch (answer.outcome) {
    case 'planned':
    case 'moved': {
      const from = answer.outcome === 'moved' ? line`, instead of ${before}` : line``;
      return joinLines([
        style.ok(line`${style.sign.ok} retires ${momentOf(answer, view)}${from} · audit ${seq}`),
        ...expiresFirst(answer, view),
      ]);
    }
    case 'already_planned':
      return line`${style.sign.ok} planned already: it retires ${momentOf(answer, view)}`;
    case 'cancelled':
      return style.ok(line`${style.sign.ok} taken back: it does not retire on ${before} · audit ${seq}`);
    case 'not_planned':
      return line`${style.sign.ok} no retirement is planned`;
  }
}

function momentOf({ retire_on: on, phase }: RetirementAnswer, view: View): Safe {
  if (on === null) return line`never`;
  const text = isoTime(on);
  return line`${clean(text)} (${clean(ago(new Date(text), view.now))}, ${clean(phase ?? '')})`;
}

/** The plan is kept, because an expiry can be moved; but who reads it should not wait for its day. */
function expiresFirst({ expires_at: expires, retire_on: on }: RetirementAnswer, { style }: View): Safe[] {
  if (expires === null || on === null || Date.parse(isoTime(expires)) > Date.parse(isoTime(on))) return [];
  return [style.warning(line`  ${style.sign.warning} it expires before that: ${clean(isoTime(expires))}`)];
}

function retirementRecord(outcome: KeyOutcome<RetirementAnswer>): Record<string, Json> {
  const { answer } = outcome;
  return resultRecord(outcome, {
    retire_on: isoTime(answer?.retire_on ?? null),
    phase: answer?.phase ?? null,
    retire_on_before: isoTime(answer?.retire_on_before ?? null),
    expires_at: isoTime(answer?.expires_at ?? null),
  });
}
