import type { KeyPair } from '../actions/rotation/replace-key.js';
import type { KeyRow } from '../db/reads/keys.js';
import type { Target } from '../db/settings.js';
import { formatDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { keyHeading, labelColumns } from './key-heading.js';
import { labelled } from './labelled.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface ReplacementPlan extends KeyPair {
  readonly target: Target;
  readonly graceSeconds: number;
  /** Why the old key cannot be replaced now; null when nothing is known to be in the way. */
  readonly obstacle: string | null;
}

/** `rotate replace --dry-run`. */
export const replacementPlan: Renderer<ReplacementPlan> = {
  text: (plan, view) => joinLines([replacementQuestion(plan, view), line`nothing was changed`]),
  json: ({ oldKey, newKey, graceSeconds, obstacle }) => ({
    dry_run: true,
    count: obstacle === null ? 1 : 0,
    old_key: keyFacts(oldKey),
    new_key: keyFacts(newKey),
    grace_seconds: graceSeconds,
    obstacle,
  }),
  ids: ({ newKey }) => [newKey.key.id],
};

/** Both keys, what the new one lacks, and how long the old one goes on. */
export function replacementQuestion(plan: ReplacementPlan, view: View): Safe {
  const { oldKey, newKey, target, graceSeconds, obstacle } = plan;
  const { warning } = view.style;
  const lacking = oldKey.key.scopes.filter((scope) => !newKey.key.scopes.includes(scope));
  return joinLines([
    line`OLD`,
    ...keyLines(oldKey, target, view),
    line`NEW`,
    ...keyLines(newKey, target, view),
    ...(lacking.length === 0
      ? []
      : [
          labelled(
            line`lacks`,
            warning(line`scopes of the old key: ${clean(lacking.join(', '))}`),
            view,
            labelColumns,
          ),
        ]),
    labelled(line`grace`, graceText(graceSeconds), view, labelColumns),
    ...(obstacle === null ? [] : [labelled(line`obstacle`, warning(clean(obstacle)), view, labelColumns)]),
  ]);
}

function keyLines(row: KeyRow, target: Target, view: View): Safe[] {
  const { key, owner } = row;
  const used =
    key.lastUsedAt === null ? line`never` : clean(ago(new Date(isoTime(key.lastUsedAt)), view.now));
  return [
    keyHeading(row, target, view),
    labelled(line`owner`, clean(owner?.email ?? 'nobody known'), view, labelColumns),
    labelled(
      line`scopes`,
      clean(key.scopes.length === 0 ? 'none' : key.scopes.join(', ')),
      view,
      labelColumns,
    ),
    labelled(line`last use`, used, view, labelColumns),
  ];
}

function graceText(seconds: number): Safe {
  return seconds === 0
    ? line`none: the old key is dead at once`
    : line`the old key stays usable for ${clean(formatDuration(seconds))}, then it is dead`;
}

function keyFacts({ key, owner }: KeyRow): Json {
  return {
    key_id: key.id,
    name: key.name,
    version: key.version,
    status: key.status,
    owner: owner?.email ?? null,
    scopes: key.scopes,
    last_used_at: isoTime(key.lastUsedAt),
  };
}
