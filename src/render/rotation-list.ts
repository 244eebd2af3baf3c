import type { RotationPage, RotationRow } from '../db/reads/rotations.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { grouped } from './numbers.js';
import type { Renderer, View } from './renderer.js';
import { rotationFields, rotationRecord } from './rotation-record.js';
import { rotationState } from './rotation-state.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

export interface RotationList {
  readonly page: RotationPage;
  readonly all: boolean;
  /** Where was looked, for an empty answer. */
  readonly where: string;
}

/** `rotate status`. */
export const rotationList: Renderer<RotationList> = {
  text({ page, all, where }, view) {
    const { muted } = view.style;
    if (page.rows.length === 0) {
      return all
        ? line`no rotation was ever begun in ${clean(where)}`
        : line`no rotation is pending or open in ${clean(where)} (--all: those that are over)`;
    }
    const more = page.nextOffset === null ? [] : [muted(line`more: --cursor ${page.nextOffset}`)];
    const newest = page.rows[0]?.as_of ?? null;
    const reach =
      newest === null ? line`no usage was ever brought in` : line`log as of ${clean(isoTime(newest))}`;
    return joinLines([tableText(columns, page.rows, view), ...more, muted(reach)]);
  },
  json: ({ page }) => ({
    rotations: page.rows.map(rotationRecord),
    next_cursor: page.nextOffset === null ? null : String(page.nextOffset),
  }),
  records: ({ page }) => page.rows.map(rotationRecord),
  columns: rotationFields,
  ids: ({ page }) => page.rows.map((row) => row.rotation_id),
};

const columns: readonly Column<RotationRow>[] = [
  { heading: line`ROTATION`, cell: (row) => clean(row.rotation_id) },
  // The version first: it stays when a long name is cut.
  { heading: line`KEY`, cell: (row) => line`v${row.old_version} ${clean(row.old_name)}`, shrinks: true },
  { heading: line`STATE`, cell: (row, view) => rotationState(row, view) },
  { heading: line`NEW USED`, cell: (row, view) => used(row.successor_last_used_at, view) },
  { heading: line`OLD USED`, cell: (row, view) => used(row.old_last_used_at, view) },
  { heading: line`STRAGGLERS`, cell: whoStill, align: 'right' },
];

function used(at: string | null, view: View): Safe {
  return at === null ? line`never` : clean(ago(new Date(isoTime(at)), view.now));
}

/** Of an open one who is to be moved yet; of one that is over how often the dead key was presented. */
function whoStill(row: RotationRow, { style }: View): Safe {
  if (row.state === 'open' && row.straggler_count > 0) return style.warning(grouped(row.straggler_count));
  if (row.refused_requests > 0) return style.notice(line`${grouped(row.refused_requests)} refused`);
  return row.state === 'open' ? line`0` : line``;
}
