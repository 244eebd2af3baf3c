import type { IncidentRow } from '../../db/reads/incidents.js';
import { clockText, type PhaseClock, secondsLeft, standingOf } from '../../domain/incident.js';
import { isoTime } from '../../domain/stored-time.js';
import type { Style } from '../style.js';
import { clean, line, type Safe } from '../terminal-text.js';

const date = (text: string | null): Date | null => (text === null ? null : new Date(isoTime(text)));

/** The clocks of an incident, in the order of its phases. */
export function clocksOf(row: IncidentRow): readonly PhaseClock[] {
  const clock = (phase: PhaseClock['phase'], due: string | null, done: string | null, required = true) => ({
    phase,
    dueAt: date(due),
    doneAt: date(done),
    required,
  });
  return [
    clock('acknowledge', row.acknowledge_due_at, row.acknowledged_at),
    clock('contain', row.contain_due_at, row.contained_at),
    clock('investigate', row.investigate_due_at, row.investigated_at),
    clock('recover', row.recover_due_at, row.recovered_at),
    clock('review', null, row.reviewed_at, row.review_required),
  ];
}

/** The clock that runs: `contain −04:12`, red when it is over; `closed`, or nothing left. */
export function runningClock(row: IncidentRow, style: Style): Safe {
  if (row.state === 'closed') return style.muted(line`closed`);
  if (row.next_clock === null) return style.ok(line`all done`);
  const left = secondsLeft({ dueAt: date(row.next_due_at) }, new Date(isoTime(row.read_at)));
  if (left === null) return clean(row.next_clock);
  const text = line`${clean(row.next_clock)} ${timeLeft(left, style)}`;
  return left < 0 ? style.danger(text) : text;
}

/** `1:40`, `−04:12`; the minus as the locale has it. */
function timeLeft(seconds: number, style: Style): Safe {
  return clean(clockText(seconds, { unicode: style.glyph.dash !== '-' }));
}

/** One phase for a card: `✓ contained 02:52, 8 m before its target`, `▲ contain −04:12`. */
export function phaseLine(clock: PhaseClock, now: Date, style: Style): Safe {
  const left = secondsLeft(clock, now) ?? 0;
  const phase = clean(clock.phase);
  const done = clock.doneAt === null ? line`` : clean(`${clock.doneAt.toISOString().slice(0, 19)}Z`);
  switch (standingOf(clock, now)) {
    case 'met':
      return style.ok(line`${style.sign.ok} ${phase}  ${done}`);
    case 'late': {
      const over = ((clock.doneAt?.getTime() ?? 0) - (clock.dueAt?.getTime() ?? 0)) / 1000;
      return style.warning(line`${style.sign.ok} ${phase}  ${done}  late by ${timeLeft(over, style)}`);
    }
    case 'over':
      return style.danger(line`${style.sign.danger} ${phase}  ${timeLeft(left, style)}`);
    case 'running':
      return line`${style.sign.muted} ${phase}  ${timeLeft(left, style)} left`;
    case 'waiting':
      return line`${style.sign.muted} ${phase}  before it is closed`;
    case 'not_asked':
      return style.muted(line`${style.sign.muted} ${phase}  not asked of ${clean('this severity')}`);
  }
}
