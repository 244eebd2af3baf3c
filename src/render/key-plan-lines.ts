import type { KeyPlan, PlannedKey } from '../db/reads/key-plans.js';
import { formatDuration } from '../domain/duration.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { labelled } from './labelled.js';
import type { View } from './renderer.js';
import { clean, line, type Safe } from './terminal-text.js';

/** What waits for a key by date: its retirement, its next rotation and review, and what happens on its expiry. */
export function planLines(row: PlannedKey, view: View): Safe[] {
  const { key, plan } = row;
  const every = key.reviewEverySeconds;
  const fields: readonly (readonly [Safe, Safe | null])[] = [
    [line`retires`, retirementText(row, view)],
    [line`policy`, key.policy === null ? null : clean(key.policy)],
    [line`rotation`, rotationText(row, view)],
    [line`on expiry`, key.onExpiry === 'end' ? null : clean(expiryWords[key.onExpiry] ?? key.onExpiry)],
    [line`reviewed`, key.reviewedAt === null ? null : moment(key.reviewedAt, view)],
    [
      line`review`,
      plan.reviewDueAt === null
        ? null
        : line`due ${moment(plan.reviewDueAt, view)}${every === null ? line`` : line`, every ${clean(formatDuration(every))}`}`,
    ],
  ];
  return fields.flatMap(([label, value]) => (value === null ? [] : [labelled(label, value, view)]));
}

const expiryWords: Readonly<Record<string, string>> = {
  suspend: 'it is suspended, not ended',
  renew: 'it is rotated in time by rotate due',
};

/** Why a key that is due is not rotated by date. */
export const leftOutWords: Readonly<Record<NonNullable<KeyPlan['leftOut']>, string>> = {
  exempt: 'exempt',
  decoy: 'decoy',
  retirement_planned: 'retires',
  no_secret: 'no secret of ours',
};

function retirementText({ key }: PlannedKey, view: View): Safe | null {
  if (key.retireOn === null || key.retirementPhase === null) return null;
  return line`${moment(key.retireOn, view)}, ${clean(key.retirementPhase)}: ${clean(key.retireReason ?? 'no reason known')}`;
}

function rotationText({ key, plan }: PlannedKey, view: View): Safe | null {
  if (key.exemptReason !== null) return line`exempt: ${clean(key.exemptReason)}`;
  if (plan.leftOut !== null && plan.leftOut !== 'exempt')
    return line`left out: ${clean(leftOutWords[plan.leftOut])}`;
  if (plan.rotationDueAt === null) return null;
  return line`due ${moment(plan.rotationDueAt, view)} by ${clean(plan.rotationDueCause ?? 'date')}`;
}

function moment(at: string, view: View): Safe {
  const text = isoTime(at);
  return line`${clean(text)} (${clean(ago(new Date(text), view.now))})`;
}
