import type { FollowUp } from '../../db/reads/incident-detail.js';
import type { Renderer } from '../renderer.js';
import { type Column, tableText } from '../table.js';
import { clean, line } from '../terminal-text.js';
import { followUpFields, followUpRecord } from './incident-record.js';

/** `incidents list --follow-ups`. */
export const followUpList: Renderer<{ readonly followUps: readonly FollowUp[]; readonly where: string }> = {
  text: ({ followUps, where }, view) =>
    followUps.length === 0
      ? line`no follow-up is open in ${clean(where)}`
      : tableText(columns, followUps, view),
  json: ({ followUps }) => ({ follow_ups: followUps.map(followUpRecord), next_cursor: null }),
  records: ({ followUps }) => followUps.map(followUpRecord),
  columns: followUpFields,
  ids: ({ followUps }) => followUps.map((each) => each.follow_up_id),
};

const columns: readonly Column<FollowUp>[] = [
  { heading: line`FOLLOW-UP`, cell: (each) => clean(each.follow_up_id) },
  { heading: line`INC`, cell: (each) => clean(each.incident_id) },
  {
    heading: line`DUE`,
    cell: (each, { style }) => {
      if (each.done_at !== null) return style.ok(line`${style.sign.ok} done`);
      const due = clean(each.due_on);
      return each.overdue ? style.danger(line`${style.sign.danger} ${due}`) : due;
    },
  },
  { heading: line`OWNER`, cell: (each) => clean(each.owner), shrinks: true },
  { heading: line`WHAT`, cell: (each) => clean(each.title), shrinks: true },
];
