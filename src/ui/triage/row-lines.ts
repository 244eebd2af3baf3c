import type { TriageFinding, TriageIncident, TriageItem } from '../../domain/triage.js';
import { fit, padEnd, width } from '../../render/layout.js';
import { grouped } from '../../render/numbers.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { ageText, findingName, runningClockText, severityTone, type TriageView } from './triage-words.js';

type RowView = Omit<TriageView, 'rows'>;

interface BoardColumn {
  readonly heading: string;
  readonly width: number;
  readonly cell: (incident: TriageIncident, view: RowView) => Safe;
}

/** Cursor, sign, and the blank behind them. */
const signColumns = 3;
const keySigns = 6;
/** With less the title would be a word; the detail names the lead too. */
const leadFrom = 72;
const wideFrom = 96;
const attemptsFrom = 110;

/** The columns that there is room for; the title gets what the others leave. */
function columnsOf(columns: number): readonly BoardColumn[] {
  const wide = columns >= wideFrom;
  const fixed: readonly BoardColumn[] = [
    { heading: 'INC', width: 8, cell: ({ id }) => clean(id) },
    { heading: 'SEV', width: 8, cell: ({ severity }) => clean(severity) },
    {
      heading: 'CLOCK',
      width: wide ? 23 : 18,
      cell: (incident, view) => runningClockText(incident, view, wide),
    },
    ...(columns >= leadFrom ? [{ heading: 'LEAD', width: wide ? 16 : 7, cell: leadCell }] : []),
    { heading: 'KEYS', width: keySigns, cell: keysCell },
    ...(columns >= attemptsFrom ? [{ heading: 'TRIED', width: 12, cell: attemptsCell }] : []),
  ];
  const used = signColumns + fixed.reduce((sum, column) => sum + column.width + 1, 0);
  const what = {
    heading: 'WHAT',
    width: Math.max(8, columns - used - 1),
    cell: titleCell,
  };
  return [...fixed.slice(0, 2), what, ...fixed.slice(2)];
}

/** That it came back must not be missed in a list either. */
function titleCell({ title, reopenedAt }: TriageIncident, { style }: RowView): Safe {
  return reopenedAt === null ? clean(title) : line`${style.danger(line`REOPENED`)} ${clean(title)}`;
}

function leadCell({ lead }: TriageIncident, { style }: RowView): Safe {
  return lead === null ? style.glyph.dash : clean(lead);
}

/** A sign for each key, the usable ones first: `●✗✗`; of many, how many are usable. */
function keysCell({ keysUsable, keysDead }: TriageIncident, { style }: RowView): Safe {
  if (keysUsable + keysDead === 0) return style.muted(style.glyph.dash);
  if (keysUsable + keysDead > keySigns) {
    const share = line`${keysUsable}/${keysUsable + keysDead}`;
    return keysUsable > 0
      ? style.warning(line`${share} ${style.sign.warning}`)
      : style.dead(line`${share} ${style.sign.dead}`);
  }
  const usable = clean(style.sign.warning.repeat(keysUsable));
  const dead = clean(style.sign.dead.repeat(keysDead));
  return line`${keysUsable > 0 ? style.warning(usable) : usable}${keysDead > 0 ? style.dead(dead) : dead}`;
}

/** What was tried with dead keys: let in is what must never be. */
function attemptsCell({ refused, accepted, lastAttemptAt }: TriageIncident, { style, now }: RowView): Safe {
  if (lastAttemptAt === null) return line``;
  const last = ageText(lastAttemptAt, now);
  return accepted > 0
    ? style.danger(line`${style.sign.danger} ${grouped(accepted)} LET IN`)
    : line`${grouped(refused)} ${style.muted(line`${last} ago`)}`;
}

export function boardHeading({ columns, style }: Pick<RowView, 'columns' | 'style'>): Safe {
  const cells = columnsOf(columns).map((column) => inColumn(clean(column.heading), column.width, style));
  return style.muted(line`${clean(' '.repeat(signColumns))}${joinWith(line` `, cells)}`);
}

/** One incident, or what is none yet, on one line, never wider than `columns`. */
export function boardRow(item: TriageItem, selected: boolean, view: RowView): Safe {
  const { style } = view;
  const cursor = selected ? style.accent(style.sign.accent) : line` `;
  if (item.kind === 'finding') return findingRow(item, cursor, selected, view);
  const tone = severityTone(item.severity);
  const cells = columnsOf(view.columns).map((column) => {
    const cell = inColumn(column.cell(item, view), column.width, style);
    if (column.heading === 'SEV') return style[tone](cell);
    return selected && (column.heading === 'WHAT' || column.heading === 'INC') ? style.strong(cell) : cell;
  });
  return line`${cursor}${style[tone](style.sign[tone])} ${joinWith(line` `, cells)}`;
}

/** `● not yet an incident: sales_bob v1  risk 74  found 14 m ago  bob@example.com`. */
function findingRow(finding: TriageFinding, cursor: Safe, selected: boolean, view: RowView): Safe {
  const { style, columns, now } = view;
  const { risk, owner, since } = finding;
  const tone = risk.severity === 'critical' ? 'danger' : 'warning';
  const head = line`${cursor}${style[tone](style.sign[tone])} ${style.muted(line`not yet an incident:`)} `;
  const tail = line`  ${style[tone](line`risk ${risk.risk}`)}  found ${ageText(since, now)} ago`;
  const name = fit(
    findingName(finding),
    Math.max(8, columns - width(head) - width(tail) - 1),
    style.glyph.ellipsis,
  );
  const who = owner === null ? line`` : line`  ${style.muted(clean(owner))}`;
  return fit(
    line`${head}${selected ? style.strong(name) : name}${tail}${who}`,
    columns - 1,
    style.glyph.ellipsis,
  );
}

function inColumn(text: Safe, columns: number, style: Style): Safe {
  return padEnd(fit(text, columns, style.glyph.ellipsis), columns);
}
