import type { RotationResult } from '../actions/rotation/rotation-order.js';
import { issuedKey, oldKeyText } from './issued-key.js';
import { counted } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface RotatedKeys {
  readonly operationId: string;
  readonly results: readonly RotationResult[];
}

/** What came of the rotation of several keys. */
export const rotatedKeys: Renderer<RotatedKeys> = {
  text: ({ results }, view) =>
    joinLines([...results.map((result) => rotatedText(result, view)), summary(results, view)]),
  json: ({ operationId, results }) => ({
    operation_id: operationId,
    results: results.map(rotatedRecord),
    ...counts(results),
  }),
  records: ({ results }) => results.map(rotatedRecord),
  columns: ['outcome', 'old_key_id', 'key_id', 'name', 'version', 'old_key_status', 'grace_ends_at', 'error'],
  ids: ({ results }) => results.flatMap(({ key }) => (key === null ? [] : [key.keyId])),
};

/** The record of one key: `outcome` and `error`, and the fields of an issued key, null as far as there is none. */
export function rotatedRecord({
  target,
  outcome,
  key,
  ended,
  probe,
  error,
}: RotationResult): Record<string, Json> {
  const issued =
    key === null ? withoutKey : (issuedKey.json({ key, secret: null, status: '' }) as Record<string, Json>);
  return {
    outcome,
    ...issued,
    name: key?.name ?? target.name,
    old_key_id: target.keyId,
    ended_key_ids: ended,
    probe_status: probe?.status ?? null,
    error: error?.message ?? null,
  };
}

const withoutKey: Readonly<Record<string, Json>> = Object.fromEntries(
  `operation_id key_id key fingerprint name version scopes created_at expires_at delivered_to audit_seq rotation_id
  old_key_id old_fingerprint old_key_status grace_ends_at`
    .split(/\s+/)
    .map((name) => [name, null]),
);

/** A line for each key: what became of it, or why not. */
export function rotatedText(result: RotationResult, view: View): Safe {
  const { style } = view;
  const { key, target, outcome, error } = result;
  if (error !== null || key === null) {
    const sign = outcome === 'skipped' ? style.sign.muted : style.sign.danger;
    const paint = outcome === 'skipped' ? style.muted : style.danger;
    return paint(
      line`${sign} ${clean(target.keyId)}  ${clean(target.name)}  ${clean(outcome)}: ${clean(error?.message ?? '')}`,
    );
  }
  const old = key.rotation === undefined ? line`` : line`  ${oldKeyText(key.rotation, view.now)}`;
  return line`${style.ok(style.sign.ok)} ${clean(key.keyId)}  ${clean(key.name)}  v${key.version}${old}`;
}

function counts(results: readonly RotationResult[]): Record<'rotated' | 'skipped' | 'failed', number> {
  const of = (outcomes: readonly string[]) =>
    results.filter((each) => outcomes.includes(each.outcome)).length;
  const rotated = of(['rotated', 'repeated']);
  const skipped = of(['skipped']);
  return { rotated, skipped, failed: results.length - rotated - skipped };
}

function summary(results: readonly RotationResult[], view: View): Safe {
  const { rotated, skipped, failed } = counts(results);
  const parts = [line`${counted(rotated, 'key')} rotated`];
  if (skipped > 0) parts.push(line`${skipped} left to another run`);
  if (failed > 0) parts.push(view.style.danger(line`${failed} not`));
  return parts.reduce((all, part) => line`${all} · ${part}`);
}
