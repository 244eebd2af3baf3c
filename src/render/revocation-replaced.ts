import type { Revocations } from '../actions/revoke-keys.js';
import type { RotationResult } from '../actions/rotation/rotation-order.js';
import type { Json, Renderer, View } from './renderer.js';
import { revocation } from './revocation.js';
import { rotatedRecord } from './rotated-keys.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface ReplacedRevocations {
  readonly done: Revocations;
  readonly replacements: readonly RotationResult[];
}

/** What came of `revoke --replace`: the revocation, and the successors. */
export const revocationReplaced: Renderer<ReplacedRevocations> = {
  text: ({ done, replacements }, view) =>
    joinLines([revocation.text(done, view), ...replacements.map((each) => replacementText(each, view))]),
  json: ({ done, replacements }) => ({
    ...(revocation.json(done) as Record<string, Json>),
    replacements: replacements.map(rotatedRecord),
  }),
  records: ({ done }) => revocation.records?.(done) ?? [],
  columns: revocation.columns ?? [],
  ids: ({ done }) => revocation.ids?.(done) ?? [],
};

/** A successor that was issued with the revocation, or why there is none. */
function replacementText({ target, key, error }: RotationResult, { style }: View): Safe {
  if (error !== null || key === null) {
    const why = clean(error?.message ?? 'not issued');
    return style.danger(line`${style.sign.danger} revoked, but NOT replaced: ${clean(target.keyId)}: ${why}`);
  }
  const to = clean(key.deliveredTo.join(', '));
  return style.ok(
    line`${style.sign.ok} replaced by ${clean(key.keyId)} v${key.version} ${style.glyph.dot} secret to ${to}`,
  );
}
