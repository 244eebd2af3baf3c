import type { DuePreview } from '../actions/rotation/plan-due.js';
import type { DueKey } from '../db/reads/due-keys.js';
import { isoTime } from '../domain/stored-time.js';
import { leftOutReason } from './due-line.js';
import type { Json, RowRenderer } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

const causes: Readonly<Record<DueKey['dueCause'], Safe>> = {
  weak: line`only a digest proves it`,
  policy: line`by its policy`,
  expiry: line`it renews itself before its expiry`,
  age: line`by its age`,
};

/** `rotate due --dry-run`: what is due, since when, and where the new secrets would go; nothing was minted. */
export function duePlan(count: number): RowRenderer<DuePreview> {
  return {
    plural: 'keys',
    about: { dry_run: true, count },
    columns: [
      'key_id',
      'name',
      'version',
      'due_at',
      'due_cause',
      'left_out',
      'left_out_reason',
      'deliver_to',
      'problem',
    ],
    page: (plans) => joinLines(plans.map(planText)),
    json: planRecord,
    id: ({ key }) => key.keyId,
    nothing: line``,
  };
}

function planRecord({ key, deliverTo, problem }: DuePreview): Record<string, Json> {
  return {
    key_id: key.keyId,
    name: key.name,
    version: key.version,
    due_at: isoTime(key.dueAt),
    due_cause: key.dueCause,
    left_out: key.leftOut,
    left_out_reason: key.leftOut === null ? null : leftOutReason(key),
    deliver_to: deliverTo,
    problem,
  };
}

function planText({ key, deliverTo, problem }: DuePreview): Safe {
  const what = line`${clean(key.keyId)}  ${clean(key.name)}  v${key.version}`;
  if (key.leftOut !== null) return line`${what}  not rotated: ${clean(leftOutReason(key))}`;
  const since = line`due since ${clean(isoTime(key.dueAt))}, ${causes[key.dueCause]}`;
  if (problem !== null) return line`${what}  ${since} · cannot be delivered: ${clean(problem)}`;
  return line`${what}  ${since} · secret to ${clean(deliverTo.join(', '))}`;
}
