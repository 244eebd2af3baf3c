import type { ReviewSubject } from '../../domain/review.js';
import { fit, padEnd, padStart } from '../../render/layout.js';
import { sparkline } from '../../render/sparkline.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import type { SortOrder } from './review-order.js';
import { ageText, familiesText, severityTone, subjectName } from './subject-words.js';

/** What a row of the queue is drawn with. */
export interface RowView {
  readonly columns: number;
  readonly style: Style;
  readonly now: number;
  /** Requests of the last 24 hours, as far as they were read. */
  readonly days: ReadonlyMap<string, readonly number[]>;
}

export interface RowState {
  readonly selected: boolean;
  readonly marked: boolean;
}

interface QueueColumn {
  readonly heading: string;
  readonly sort?: SortOrder;
  readonly width: number;
  readonly align?: 'right';
  readonly cell: (subject: ReviewSubject, view: RowView, width: number) => Safe;
}

/** Cursor, mark, sign, and the blank behind them. */
const signColumns = 4;
const riskColumns = 4;
const ageColumns = 4;
const severityColumns = 8;
const leastWhy = 12;

/** The columns that there is room for: key and owner get what the others leave, the severity's word comes when there is plenty. */
function columnsOf(columns: number): readonly QueueColumn[] {
  const wide = columns >= 92;
  const day = columns >= 112 ? 24 : columns >= 92 ? 12 : 8;
  const gaps = wide ? 7 : 6;
  const fixed =
    signColumns + riskColumns + (wide ? severityColumns : 0) + 2 * ageColumns + day + leastWhy + gaps;
  const free = Math.max(18, columns - fixed);
  const key = Math.min(34, Math.ceil(free * 0.58));
  const owner = Math.min(32, free - key);
  const why = columns - fixed + leastWhy - key - owner;
  return [
    {
      heading: 'RISK',
      sort: 'risk',
      width: riskColumns,
      align: 'right',
      cell: ({ risk }) => line`${risk.risk}`,
    },
    ...(wide ? [severityColumn] : []),
    { heading: 'KEY', sort: 'key', width: key, cell: subjectName },
    { heading: 'OWNER', sort: 'owner', width: owner, cell: ownerText },
    {
      heading: 'USED',
      sort: 'last use',
      width: ageColumns,
      align: 'right',
      cell: ({ lastUsedAt }, view) => ageText(lastUsedAt, view),
    },
    {
      heading: 'AGE',
      sort: 'age',
      width: ageColumns,
      align: 'right',
      cell: ({ raisedAt }, view) => ageText(raisedAt, view),
    },
    {
      heading: '24 H',
      width: day,
      cell: ({ id }, view, room) => dayText(view.days.get(id), room, view.style),
    },
    { heading: 'WHY', width: Math.max(3, why), cell: whyText },
  ];
}

function ownerText({ owner }: ReviewSubject, { style }: RowView): Safe {
  return owner === null ? style.glyph.dash : clean(owner);
}

const severityColumn: QueueColumn = {
  heading: 'SEVERITY',
  width: severityColumns,
  cell: ({ risk }) => clean(risk.severity),
};

/** The headings; the one that it is sorted by stands out. */
export function queueHeading({ columns, style }: RowView, sort: SortOrder): Safe {
  const cells = columnsOf(columns).map((column) => {
    const shown = inColumn(clean(column.heading), column, style);
    return column.sort === sort ? style.strong(shown) : style.muted(shown);
  });
  return line`${clean(' '.repeat(signColumns))}${joinWith(line` `, cells)}`;
}

/** One key on one line, never wider than `columns`. */
export function queueRow(subject: ReviewSubject, { selected, marked }: RowState, view: RowView): Safe {
  const { style } = view;
  const tone = severityTone(subject.risk.severity);
  const cursor = selected ? style.accent(style.sign.accent) : line` `;
  const mark = marked ? style.marked(style.sign.marked) : line` `;
  const sign = style[tone](style.sign[tone]);
  const cells = columnsOf(view.columns).map((column) => {
    const cell = inColumn(column.cell(subject, view, column.width), column, style);
    if (column.heading === 'RISK') return style[tone](cell);
    return selected && column.heading === 'KEY' ? style.strong(cell) : cell;
  });
  return line`${cursor}${mark}${sign} ${joinWith(line` `, cells)}`;
}

function inColumn(text: Safe, { width: room, align }: QueueColumn, style: Style): Safe {
  const cut = fit(text, room, style.glyph.ellipsis);
  return align === 'right' ? padStart(cut, room) : padEnd(cut, room);
}

/** In fewer columns than hours, neighbours are added up. */
function dayText(hours: readonly number[] | undefined, columns: number, style: Style): Safe {
  if (hours === undefined) return line``;
  const each = Math.max(1, Math.ceil(hours.length / columns));
  const sums = Array.from({ length: Math.ceil(hours.length / each) }, (_, at) =>
    hours.slice(at * each, (at + 1) * each).reduce((sum, requests) => sum + requests, 0),
  );
  return sparkline(sums, style);
}

function whyText(subject: ReviewSubject, { style }: RowView): Safe {
  const families = familiesText(subject, 3);
  return subject.isOpen ? families : line`${families} ${style.muted(line`${style.sign.ok} seen`)}`;
}
