import type { DueStop } from '../actions/rotation/due-line.js';
import { counted } from './numbers.js';
import type { View } from './renderer.js';
import { clean, line, type Safe } from './terminal-text.js';

export interface DueSummary {
  readonly counts: ReadonlyMap<string, number>;
  readonly failed: number;
  readonly stop: DueStop | 'reader_gone' | null;
  /** How many are due still; null: nobody looked, or nobody could. */
  readonly due: number | null;
  /** The database, named. */
  readonly where: string;
}

const stops: Readonly<Record<NonNullable<DueSummary['stop']>, Safe>> = {
  interrupted: line`interrupted: nothing is under way`,
  sink_gone: line`stopped: the place of the secrets is gone, so nothing more was minted`,
  database_lost: line`stopped: the database was lost on the way`,
  max: line`stopped at --max`,
  reader_gone: line`stopped: nobody reads the output any more; nothing is under way`,
};

/** Good news first, in the same order every night. */
const order = ['rotated', 'resumed', 'finalized', 'retired', 'suspended', 'aborted', 'exempt', 'skipped'];

function byOutcome([a]: readonly [string, number], [b]: readonly [string, number]): number {
  const rank = (outcome: string) => (order.includes(outcome) ? order.indexOf(outcome) : order.length);
  return rank(a) - rank(b);
}

/** The end of `rotate due` in one line: what was done, in which database, and whether more is due. */
export function dueSummary({ counts, failed, stop, due, where }: DueSummary, view: View): Safe {
  const { sign, ok, danger, warning } = view.style;
  const told = [...counts].toSorted(byOutcome).map(([outcome, count]) => line`${count} ${clean(outcome)}`);
  const what = told.length === 0 ? line`nothing was due` : told.reduce((all, part) => line`${all} · ${part}`);
  const base = line`${what} in ${clean(where)}`;
  const rest =
    due === null
      ? line``
      : due === 0
        ? line`; nothing is due any more`
        : line`; ${counted(due, 'key')} still due`;
  const end = stop === null ? rest : line`; ${stops[stop]}${rest}`;
  if (failed > 0) return danger(line`${sign.danger} ${base}${end}`);
  if (stop !== null) return warning(line`${sign.warning} ${base}${end}`);
  return line`${ok(sign.ok)} ${base}${end}`;
}
