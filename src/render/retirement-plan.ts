import type { KeyRow } from '../db/reads/keys.js';
import type { Target } from '../db/settings.js';
import { ago, formatInstant } from '../domain/instant.js';
import { phaseStarts } from '../domain/retirement.js';
import { isoTime } from '../domain/stored-time.js';
import { keyHeading } from './key-heading.js';
import { labelled } from './labelled.js';
import type { Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** Which keys would retire when; `on` null: their plans would be taken back. */
export interface RetirementPlan {
  readonly target: Target;
  readonly rows: readonly KeyRow[];
  readonly on: Date | null;
}

const dayMs = 86_400_000;

/** `keys retire --dry-run`, and above the question. */
export const retirementPlan: Renderer<RetirementPlan> = {
  text: (plan, view) =>
    joinLines([...plan.rows.map((row) => cardOf(row, plan, view)), ...phaseLines(plan.on, view)]),
  json: ({ rows, on }) => ({
    dry_run: true,
    count: rows.length,
    retire_on: on === null ? null : formatInstant(on),
    phases: on === null ? [] : startsOf(on).map(({ phase, at }) => ({ phase, at: formatInstant(at) })),
    keys: rows.map(({ key }) => ({
      key_id: key.id,
      name: key.name,
      status: key.status,
      retire_on_before: isoTime(key.retireOn),
      expires_at: isoTime(key.expiresAt),
      last_used_at: isoTime(key.lastUsedAt),
    })),
  }),
  ids: ({ rows }) => rows.map((row) => row.key.id),
};

function cardOf(row: KeyRow, { target }: RetirementPlan, view: View): Safe {
  const { key, owner } = row;
  const when = (at: string) => line`${clean(isoTime(at))} (${clean(ago(new Date(isoTime(at)), view.now))})`;
  const planned = key.replacedBy === null ? key.retireOn : null;
  return joinLines([
    keyHeading(row, target, view),
    labelled(line`owner`, clean(owner?.email ?? 'nobody known'), view),
    labelled(line`last use`, key.lastUsedAt === null ? line`never` : when(key.lastUsedAt), view),
    ...(planned === null
      ? []
      : [labelled(line`planned`, line`${when(planned)}: ${clean(key.retireReason ?? '')}`, view)]),
    ...(key.expiresAt === null ? [] : [labelled(line`expires`, when(key.expiresAt), view)]),
  ]);
}

function startsOf(on: Date) {
  return phaseStarts.map(({ phase, daysBefore }) => ({
    phase,
    at: new Date(on.getTime() - daysBefore * dayMs),
  }));
}

const phaseWords: Readonly<Record<string, string>> = {
  notice: 'shown in keys list',
  migration: 'shown in keys list',
  deprecation: 'its limits step down to 75, 50, 25 and 10 %',
  retired: 'refused from then on, for good',
};

function phaseLines(on: Date | null, view: View): Safe[] {
  if (on === null) return [];
  return startsOf(on).map(({ phase, at }) => {
    const passed = at.getTime() < view.now.getTime() && phase !== 'retired' ? line` (passed)` : line``;
    return labelled(
      clean(phase),
      line`${clean(formatInstant(at))}${passed}  ${clean(phaseWords[phase] ?? '')}`,
      view,
    );
  });
}
