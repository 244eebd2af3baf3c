import type { Retention, RetentionPlan } from '../actions/apply-retention.js';
import { formatDuration } from '../domain/duration.js';
import { isoTime } from '../domain/stored-time.js';
import { byteSize, counted } from './numbers.js';
import { partitionRecord, partitionTable } from './partition-list.js';
import type { Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `db retention --dry-run`, and above the question. */
export const retentionPlan: Renderer<RetentionPlan> = {
  text: planText,
  json: (plan) => ({
    dry_run: true,
    keep_seconds: plan.keepSeconds,
    partitions: plan.partitions.map(partitionRecord),
  }),
  ids: (plan) => plan.partitions.map((each) => each.name),
};

function planText({ partitions, keepSeconds, where }: RetentionPlan, view: View): Safe {
  const age = clean(formatDuration(keepSeconds));
  if (partitions.length === 0) return line`nothing in ${clean(where)} is older than ${age} as a whole`;
  return joinLines([
    line`older than ${age} in ${clean(where)}, with the rollups of those times; the audit log stays whole:`,
    partitionTable(partitions, view),
  ]);
}

/** `db retention`. */
export const retention: Renderer<Retention> = {
  text: retentionText,
  json: ({ operationId, answer }) => ({
    operation_id: operationId,
    outcome: answer.outcome,
    before: isoTime(answer.before),
    partitions: answer.partitions.map(({ name, from, until, rows, bytes }) => ({
      ...{ name, from: isoTime(from), until: isoTime(until), rows_estimate: rows, bytes },
    })),
    hours: answer.hours,
    audit_seq: answer.audit_seq,
  }),
  ids: ({ answer }) => answer.partitions.map((each) => each.name),
};

function retentionText({ answer, where }: Retention, { style }: View): Safe {
  const { outcome, partitions, hours, before, audit_seq: seq } = answer;
  if (outcome === 'nothing_to_drop')
    return style.ok(line`${style.sign.ok} nothing to drop in ${clean(where)}`);
  const bytes = partitions.reduce((sum, each) => sum + each.bytes, 0);
  const what = line`${counted(partitions.length, 'partition')} dropped, ${byteSize(bytes)}, and ${counted(hours, 'rollup')}`;
  return style.ok(
    line`${style.sign.ok} ${what}: usage before ${clean(isoTime(before).slice(0, 10))} · audit ${seq ?? 0}`,
  );
}
