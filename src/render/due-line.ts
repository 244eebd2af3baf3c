import type { DueLine } from '../actions/rotation/due-line.js';
import type { RotationTarget } from '../actions/rotation/rotation-order.js';
import type { DueKey } from '../db/reads/due-keys.js';
import type { EndedKey } from '../db/reads/unfinished-rotations.js';
import { isoTime } from '../domain/stored-time.js';
import type { Json, Renderer, RowRenderer, View } from './renderer.js';
import { rotatedRecord, rotatedText } from './rotated-keys.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

const columns = [
  'outcome',
  'old_key_id',
  'key_id',
  'name',
  'version',
  'old_key_status',
  'grace_ends_at',
  'left_out',
  'error',
];

/** `rotate due`, a line for each key as it is done. */
export function dueLines(operationId: string): RowRenderer<DueLine> {
  return {
    plural: 'results',
    columns,
    page: (lines, view) => joinLines(lines.map((each) => lineText(each, view))),
    json: (each) => lineRecord(each, operationId),
    id: (each) => lineRecord(each, operationId).old_key_id as string,
    nothing: line``,
  };
}

/** Outcomes that are no failures. */
const counted = ['rotated', 'resumed', 'finalized', 'retired', 'suspended', 'aborted', 'skipped', 'exempt'];

export interface DueReport {
  readonly operationId: string;
  readonly lines: readonly DueLine[];
  readonly counts: ReadonlyMap<string, number>;
  readonly failed: number;
  /** Why it ended before nothing was due any more; null: it did not. */
  readonly stopped: string | null;
  /** How many keys are due still; null when nobody could tell. */
  readonly due: number | null;
}

/** The same as one JSON document, when all is done. */
export const dueReport: Renderer<DueReport> = {
  text: ({ lines }, view) => joinLines(lines.map((each) => lineText(each, view))),
  json: ({ operationId, lines, counts, failed, stopped, due }) => ({
    operation_id: operationId,
    results: lines.map((each) => lineRecord(each, operationId)),
    ...Object.fromEntries(counted.map((outcome) => [outcome, counts.get(outcome) ?? 0])),
    failed,
    stopped,
    due,
  }),
};

/** The outcome of a line as programs read it. */
export function lineOutcome(each: DueLine): string {
  if (each.kind === 'ended') return each.outcome;
  if (each.kind !== 'rotation') return each.kind;
  return each.resumed && each.result.outcome === 'rotated' ? 'resumed' : each.result.outcome;
}

/** Every line has the same fields, null where they mean nothing: those of a rotated key, and why it was left out. */
function lineRecord(each: DueLine, operationId: string): Record<string, Json> {
  const fields = fieldsOf(each);
  return {
    ...fields,
    outcome: lineOutcome(each),
    operation_id: fields.operation_id ?? operationId,
    left_out: each.kind === 'exempt' ? each.key.leftOut : null,
    left_out_reason: each.kind === 'exempt' ? leftOutReason(each.key) : null,
  };
}

function fieldsOf(each: DueLine): Record<string, Json> {
  switch (each.kind) {
    case 'rotation':
      return rotatedRecord(each.result);
    case 'ended':
      return endedFields(each.key);
    case 'aborted':
      return {
        ...bare(each.target),
        operation_id: each.operationId,
        rotation_id: each.rotationId,
        key_id: each.successorId,
        audit_seq: each.auditSeq,
      };
    case 'exempt':
      return bare(each.key);
  }
}

function endedFields(key: EndedKey): Record<string, Json> {
  return {
    ...bare(key),
    key_id: key.successorId,
    rotation_id: key.rotationId,
    old_fingerprint: key.fingerprint,
    old_key_status: key.status,
    grace_ends_at: isoTime(key.endedAt),
  };
}

/** The record of a key to which nothing was done. */
function bare({
  keyId,
  name,
  version,
}: Pick<RotationTarget, 'keyId' | 'name' | 'version'>): Record<string, Json> {
  const target = { keyId, name, version, prefix: '', ownerEmail: null };
  return rotatedRecord({ target, outcome: 'skipped', key: null, ended: [], probe: null, error: null });
}

function lineText(each: DueLine, view: View): Safe {
  const { sign, muted, ok, notice } = view.style;
  const word = clean(lineOutcome(each));
  switch (each.kind) {
    case 'rotation': {
      const text = rotatedText(each.result, view);
      return each.resumed && each.result.outcome === 'rotated' ? line`${text}  ${word}` : text;
    }
    case 'ended':
      return ok(line`${sign.ok} ${keyText(each.key)}  ${word}${endText(each.key)}`);
    case 'aborted':
      return muted(
        line`${sign.muted} ${keyText(each.target)}  ${clean(each.rotationId)} aborted: its run died before the delivery; the key is as it was`,
      );
    case 'exempt':
      return notice(line`${sign.muted} ${keyText(each.key)}  not rotated: ${clean(leftOutReason(each.key))}`);
  }
}

function keyText({ keyId, name }: { readonly keyId: string; readonly name: string }): Safe {
  return line`${clean(keyId)}  ${clean(name)}`;
}

function endText({ endedAt, successorId }: EndedKey): Safe {
  const since = endedAt === null ? line`` : line`: its time ended ${clean(isoTime(endedAt))}`;
  return successorId === null ? since : line`${since}, replaced by ${clean(successorId)}`;
}

/** Why a key that is due is rotated by nobody, in words. */
export function leftOutReason({ leftOut, exemptReason, retireOn }: DueKey): string {
  switch (leftOut) {
    case 'exempt':
      return `exempt: ${exemptReason ?? ''}`;
    case 'decoy':
      return 'a decoy: nobody uses it';
    case 'retirement_planned':
      return `its retirement is planned${retireOn === null ? '' : ` for ${isoTime(retireOn)}`}`;
    case 'no_secret':
      return 'it is tracked only: no secret of it is known here';
    case null:
      return '';
  }
}
