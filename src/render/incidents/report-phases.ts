import type { IncidentReport } from '../../actions/incidents/report-incident.js';
import { type ClockStanding, standingOf } from '../../domain/incident.js';
import { isoTime } from '../../domain/stored-time.js';
import { type Cell, paragraph, type RowPlot, type Section, table } from '../report/document.js';
import { minute, span } from '../report/figures.js';
import { clocksOf } from './incident-clocks.js';

const standings: Readonly<Record<ClockStanding, Cell>> = {
  met: { verdict: 'ok', text: '✓ met' },
  late: { verdict: 'critical', text: '▲ late' },
  running: { verdict: 'muted', text: '· running' },
  over: { verdict: 'critical', text: '▲ over' },
  waiting: { verdict: 'muted', text: '· waiting' },
  not_asked: { verdict: 'muted', text: '· not asked' },
};

/** The clocks of its phases against their targets. */
export function clockSection({ row }: IncidentReport): Section {
  const now = new Date(isoTime(row.read_at));
  const from = Date.parse(isoTime(row.reopened_at ?? row.detected_at));
  const taken = (at: Date | null) => (at === null ? null : (at.getTime() - from) / 1000);
  const clocks = clocksOf(row);
  const rows = clocks.map((clock): Cell[] => {
    const target = taken(clock.dueAt);
    return [
      standings[standingOf(clock, now)],
      clock.phase,
      target === null ? '–' : span(target),
      clock.doneAt === null ? 'not recorded' : span(taken(clock.doneAt)),
      clock.doneAt === null ? '' : minute(clock.doneAt.toISOString()),
    ];
  });
  const start = row.reopened_at === null ? 'detected' : 'reopened';
  const timed = clocks.flatMap((clock) => {
    const target = taken(clock.dueAt);
    const spent = taken(clock.doneAt ?? now) ?? 0;
    return target === null ? [] : [{ clock, target, spent: Math.max(0, spent) }];
  });
  return {
    title: 'Phases',
    parts: [
      paragraph(`Times count from when it was ${start}, ${minute(row.reopened_at ?? row.detected_at)}.`),
      table(['', 'Phase', '>Target', '>Taken', 'Done'], rows),
      clockPlot(timed),
    ],
  };
}

/** No bar is longer than twice its target: how late it was stands behind it. */
function clockPlot(
  timed: readonly {
    readonly clock: ReturnType<typeof clocksOf>[number];
    readonly target: number;
    readonly spent: number;
  }[],
): RowPlot {
  const shares = timed.map(({ target, spent }) => Math.min(200, (spent / target) * 100));
  const series = (
    name: string,
    tone: 'ok' | 'warning' | 'critical',
    fits: (share: number, isDone: boolean) => boolean,
  ) => ({
    ...{ name, tone },
    values: shares.map((share, at) => (fits(share, timed[at]?.clock.doneAt !== null) ? share : 0)),
  });
  return {
    kind: 'rows',
    title: 'Time taken of each target',
    labels: timed.map(({ clock }) => clock.phase),
    texts: timed.map(
      ({ target, spent, clock }) =>
        `${span(spent)}${clock.doneAt === null ? ' so far' : ''} of ${span(target)}`,
    ),
    series: [
      series('in time', 'ok', (share, isDone) => isDone && share <= 100),
      series('over', 'critical', (share) => share > 100),
      series('running', 'warning', (share, isDone) => !isDone && share <= 100),
    ].filter(({ values }) => values.some((value) => value > 0)),
    limit: { value: 100, text: 'target' },
  };
}
