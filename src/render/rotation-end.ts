import type { Abortion } from '../actions/rotation/abort-rotation.js';
import type { Extension } from '../actions/rotation/extend-rotation.js';
import type { Finalization } from '../actions/rotation/finalize-rotation.js';
import type { RotationRow } from '../db/reads/rotations.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { oldKeyUseTable } from './old-key-use.js';
import type { Json, Renderer, View } from './renderer.js';
import { useRecord } from './rotation-record.js';
import { sentence } from './sentence.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';
import { unquietText } from './unquiet.js';

/** `rotate finalize`. */
export const finalization: Renderer<Finalization> = {
  text: finalizedText,
  json: ({ operationId, row, quietSeconds, answer, unquiet }) => ({
    ...ends(operationId, row, answer.outcome),
    old_key_status: answer.old_key_status,
    finalized_at: answer.outcome === 'not_quiet' ? null : isoTime(answer.finalized_at),
    when_quiet_seconds: quietSeconds,
    not_quiet_because: unquiet?.doubt ?? null,
    successor_last_used_at: unquiet === null ? null : isoTime(row.successor_last_used_at),
    old_last_used_at: unquiet === null ? null : isoTime(row.old_last_used_at),
    as_of: unquiet === null ? null : isoTime(row.as_of),
    quiet_seconds: unquiet === null ? null : row.quiet_seconds,
    grace_ends_at: unquiet === null ? null : isoTime(row.grace_ends_at),
    stragglers: unquiet?.stragglers.groups.map(useRecord) ?? [],
    audit_seq: answer.audit_seq,
  }),
  ids: ({ row }) => [row.rotation_id],
};

/** `rotate extend`. */
export const extension: Renderer<Extension> = {
  text: ({ row, answer }, view) => {
    const { style } = view;
    const end = isoTime(answer.grace_ends_at);
    const until = line`${clean(row.old_key_id)} is usable until ${clean(end)} (${clean(ago(new Date(end), view.now))})`;
    return answer.outcome === 'extended'
      ? style.ok(line`${style.sign.ok} ${until} · audit ${answer.audit_seq ?? 0}`)
      : line`${style.sign.ok} unchanged: ${until}, its own end, which a grace does not move`;
  },
  json: ({ operationId, row, answer }) => ({
    ...ends(operationId, row, answer.outcome),
    grace_ends_at: isoTime(answer.grace_ends_at),
    grace_ended_at_before: isoTime(answer.grace_ended_at_before),
    audit_seq: answer.audit_seq,
  }),
  ids: ({ row }) => [row.rotation_id],
};

/** `rotate abort`. */
export const abortion: Renderer<Abortion> = {
  text: ({ row, answer }, view) => {
    const { style } = view;
    const old = line`${clean(row.old_key_id)} is as it was`;
    const done = line`${style.sign.ok} ${clean(row.rotation_id)} aborted: ${clean(row.new_key_id)} never becomes usable, ${old} · audit ${answer.audit_seq ?? 0}`;
    return answer.outcome === 'aborted'
      ? sentence(style.ok(done), view)
      : line`${style.sign.ok} ${clean(row.rotation_id)} was aborted already; ${old}`;
  },
  json: ({ operationId, row, answer }) => ({
    ...ends(operationId, row, answer.outcome),
    aborted_at: isoTime(answer.aborted_at ?? row.aborted_at),
    audit_seq: answer.audit_seq ?? null,
  }),
  ids: ({ row }) => [row.rotation_id],
};

/** What each of them says first; as in `rotate`, `key_id` is the successor. */
function ends(operationId: string, row: RotationRow, outcome: string): Record<string, Json> {
  return {
    operation_id: operationId,
    outcome,
    rotation_id: row.rotation_id,
    key_id: row.new_key_id,
    fingerprint: row.new_fingerprint,
    old_key_id: row.old_key_id,
    old_fingerprint: row.old_fingerprint,
  };
}

function finalizedText(done: Finalization, view: View): Safe {
  const { row, answer } = done;
  const { style } = view;
  const key = clean(row.old_key_id);
  if (answer.outcome === 'not_quiet') return unquietLines(done, view);
  const end = clean(isoTime(answer.finalized_at));
  return answer.outcome === 'finalized'
    ? style.ok(
        line`${style.sign.ok} ${key} is ${clean(answer.old_key_status)} since ${end} · audit ${answer.audit_seq ?? 0}`,
      )
    : line`${style.sign.ok} already finalized: ${key} is ${clean(answer.old_key_status)} since ${end}`;
}

/** Not done, why, and who is in the way. */
function unquietLines({ row, quietSeconds, unquiet }: Finalization, view: View): Safe {
  const { style } = view;
  if (unquiet === null) return line``;
  const { doubt, stragglers } = unquiet;
  const last = stragglers.groups[0] ?? null;
  const why = unquietText(row, doubt, { wantedSeconds: quietSeconds ?? 0, last });
  const end = isoTime(row.grace_ends_at);
  const until =
    end === null
      ? line`${clean(row.old_key_id)} is kept until the next rotation`
      : line`${clean(row.old_key_id)} stays usable until ${clean(end)}`;
  return joinLines([
    sentence(style.danger(line`${style.sign.danger} NOT finalized: ${why}`), view),
    line`  ${until}`,
    ...oldKeyUseTable(stragglers, view),
  ]);
}
