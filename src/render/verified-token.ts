import type { VerifiedToken } from '../actions/verify-token.js';
import { keyFate } from './key-fate.js';
import { labelled } from './labelled.js';
import type { Renderer, View } from './renderer.js';
import { statusWord } from './status-word.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface Verified extends VerifiedToken {
  /** What was not asked about, by its flag. */
  readonly notAsked: readonly string[];
  readonly where: string;
}

/** `keys verify`. */
export const verifiedToken: Renderer<Verified> = {
  text(value, view) {
    const { style } = view;
    const valid = value.decision === 'ok';
    const first = valid
      ? style.ok(line`${style.sign.ok} valid`)
      : style.danger(line`${style.sign.dead} not valid: ${clean(value.decision)}`);
    const { row } = value;
    const lines = valid ? [first] : [first, labelled(line`why`, whyText(value), view)];
    if (row !== null) {
      const { id, name, version, status, scopes, replacedBy } = row.key;
      lines.push(
        labelled(
          line`key`,
          line`${clean(id)}  ${clean(name)}  v${version}  ${statusWord(status, style)}`,
          view,
        ),
        labelled(line`owner`, clean(row.owner?.email ?? 'nobody known'), view),
        labelled(line`scopes`, clean(scopes.length === 0 ? 'none' : scopes.join(', ')), view),
      );
      if (replacedBy !== null) lines.push(labelled(line`successor`, clean(replacedBy), view));
    }
    if (valid && value.notAsked.length > 0) lines.push(notAskedText(value, view));
    return joinLines(lines);
  },
  json: ({ decision, row }) => ({
    valid: decision === 'ok',
    decision,
    key_id: row?.key.id ?? null,
    version: row?.key.version ?? null,
    owner: row?.owner?.email ?? null,
    scopes: row?.key.scopes ?? null,
    successor_id: row?.key.replacedBy ?? null,
  }),
  ids: ({ row }) => (row === null ? [] : [row.key.id]),
};

function notAskedText({ notAsked }: Verified, view: View): Safe {
  return labelled(line`not asked`, clean(notAsked.join(' ')), view);
}

function whyText({ decision, row, where }: Verified): Safe {
  switch (decision) {
    case 'malformed':
      return line`it has not the form of a token of ours, and no imported key is proved by it`;
    case 'checksum':
      return line`it has the form of a token, but its checksum is wrong: a typing error, a cut or a fake`;
    case 'unknown':
      return line`there is no such key in ${clean(where)}`;
    default:
      return (row === null ? null : keyFate(row, decision)) ?? clean(reasons[decision] ?? '');
  }
}

/** What the status of the key does not tell. */
const reasons: Readonly<Record<string, string>> = {
  ip_blocked: 'this address is blocked for all keys',
  ip: 'the key may not be used from this address',
  workspace: 'the key has no access to this workspace',
  scope: 'the key does not have this scope',
  model: 'the key may not use this model',
  feature: 'the key may not use this feature',
  budget: 'this month’s budget is spent',
  quota: 'this month’s quota is used up',
};
