import type { IncidentPage, IncidentRow } from '../../db/reads/incidents.js';
import type { Renderer, View } from '../renderer.js';
import { type Column, tableText } from '../table.js';
import { clean, joinLines, line, type Safe } from '../terminal-text.js';
import { runningClock } from './incident-clocks.js';
import { incidentFields, incidentRecord } from './incident-record.js';
import { severityWord } from './incident-words.js';

export interface IncidentList {
  readonly page: IncidentPage;
  /** Closed ones were asked for too. */
  readonly all: boolean;
  /** Where was looked, for an empty answer. */
  readonly where: string;
}

/** `incidents list`. */
export const incidentList: Renderer<IncidentList> = {
  text({ page, all, where }, view) {
    if (page.rows.length === 0) {
      return all
        ? line`no incident in ${clean(where)} fits`
        : line`no open incident in ${clean(where)} fits (--all: closed ones too)`;
    }
    const more = page.nextOffset === null ? [] : [view.style.muted(line`more: --cursor ${page.nextOffset}`)];
    return joinLines([tableText(columns, page.rows, view), ...more]);
  },
  json: ({ page }) => ({
    incidents: page.rows.map(incidentRecord),
    next_cursor: page.nextOffset === null ? null : String(page.nextOffset),
  }),
  records: ({ page }) => page.rows.map(incidentRecord),
  columns: incidentFields,
  ids: ({ page }) => page.rows.map((row) => row.incident_id),
};

const columns: readonly Column<IncidentRow>[] = [
  { heading: line`INC`, cell: (row) => clean(row.incident_id) },
  { heading: line`SEV`, cell: (row, { style }) => severityWord(row.severity, style) },
  { heading: line`STATE`, cell: (row) => clean(row.state) },
  { heading: line`WHAT`, cell: (row) => clean(row.title), shrinks: true },
  { heading: line`CLOCK`, cell: (row, { style }) => runningClock(row, style) },
  {
    heading: line`LEAD`,
    cell: (row, { style }) => (row.lead === null ? style.glyph.dash : clean(row.lead)),
    shrinks: true,
  },
  { heading: line`KEYS`, cell: keysText },
];

/** A sign for each key, the usable ones first: `●✗✗`. */
function keysText(row: IncidentRow, { style }: View): Safe {
  if (row.keys === 0) return style.muted(style.glyph.dash);
  if (row.keys > 6) return line`${row.keys_usable} of ${row.keys} usable`;
  const usable = clean(style.sign.warning.repeat(row.keys_usable));
  const dead = clean(style.sign.dead.repeat(row.keys_dead));
  return line`${row.keys_usable > 0 ? style.warning(usable) : usable}${style.dead(dead)}`;
}
