import type { Unquiet } from '../actions/rotation/finalize-rotation.js';
import type { RotationRow } from '../db/reads/rotations.js';
import { formatDuration } from '../domain/duration.js';
import { oldKeyUseTable } from './old-key-use.js';
import type { Json, Renderer, View } from './renderer.js';
import { rotationRecord, useRecord } from './rotation-record.js';
import { rotationState } from './rotation-state.js';
import { sentence } from './sentence.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';
import { unquietText } from './unquiet.js';

/** `rotate finalize --dry-run`. */
export const finalizationPlan: Renderer<{
  readonly row: RotationRow;
  readonly quietSeconds: number | null;
  readonly unquiet: Unquiet | null;
}> = {
  text: ({ row, quietSeconds, unquiet }, view) => {
    if (row.state !== 'open') return nothingToDo(row, line`end`, view);
    const last = unquiet?.stragglers.groups[0] ?? null;
    return joinLines([
      heading(row, view),
      unquiet === null
        ? line`would end ${clean(row.old_key_id)} now; nothing was changed`
        : sentence(
            line`would not end ${clean(row.old_key_id)}: ${unquietText(row, unquiet.doubt, { wantedSeconds: quietSeconds ?? 0, last })}`,
            view,
          ),
      ...(unquiet === null ? [] : oldKeyUseTable(unquiet.stragglers, view)),
    ]);
  },
  json: ({ row, quietSeconds, unquiet }) => ({
    ...plan(row, row.state === 'open' && unquiet === null),
    when_quiet_seconds: quietSeconds,
    not_quiet_because: unquiet?.doubt ?? null,
    stragglers: unquiet?.stragglers.groups.map(useRecord) ?? [],
  }),
  ids: ({ row }) => [row.rotation_id],
};

/** `rotate extend --dry-run`. */
export const extensionPlan: Renderer<{ readonly row: RotationRow; readonly graceSeconds: number }> = {
  text: ({ row, graceSeconds }, view) =>
    row.state === 'open'
      ? joinLines([
          heading(row, view),
          sentence(
            line`would keep ${clean(row.old_key_id)} usable for ${clean(formatDuration(graceSeconds))} from now, to its own end at most; nothing was changed`,
            view,
          ),
        ])
      : nothingToDo(row, line`keep`, view),
  json: ({ row, graceSeconds }) => ({ ...plan(row, row.state === 'open'), grace_seconds: graceSeconds }),
  ids: ({ row }) => [row.rotation_id],
};

/** `rotate abort --dry-run`. */
export const abortionPlan: Renderer<{ readonly row: RotationRow }> = {
  text: ({ row }, view) =>
    row.state === 'pending'
      ? joinLines([
          heading(row, view),
          sentence(
            line`would give up ${clean(row.new_key_id)}; ${clean(row.old_key_id)} stays as it is; nothing was changed`,
            view,
          ),
        ])
      : nothingToDo(row, line`abort`, view),
  json: ({ row }) => plan(row, row.state === 'pending'),
  ids: ({ row }) => [row.rotation_id],
};

function plan(row: RotationRow, would: boolean): Record<string, Json> {
  return { dry_run: true, count: would ? 1 : 0, rotations: [rotationRecord(row)] };
}

function heading(row: RotationRow, view: View): Safe {
  return line`${clean(row.rotation_id)}  ${clean(row.old_name)}  ${rotationState(row, view)}`;
}

function nothingToDo(row: RotationRow, verb: Safe, view: View): Safe {
  return joinLines([heading(row, view), line`nothing to ${verb}: it is ${clean(row.state)}`]);
}
