import { roughDuration } from '../../domain/duration.js';
import {
  clockText,
  type IncidentPhase,
  type IncidentSeverity,
  type PhaseClock,
  secondsLeft,
  standingOf,
} from '../../domain/incident.js';
import type { TriageFinding, TriageIncident } from '../../domain/triage.js';
import type { Style, Tone } from '../../render/style.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';

/** What the board's texts are drawn with. */
export interface TriageView {
  readonly columns: number;
  /** Rows there are; what matters less is left out first. Infinite where the text can be scrolled. */
  readonly rows: number;
  readonly style: Style;
  /** By the clock of the database, milliseconds since 1970. */
  readonly now: number;
}

const tones: Readonly<Record<IncidentSeverity, Tone>> = {
  critical: 'danger',
  high: 'warning',
  medium: 'notice',
  low: 'muted',
};

/** The tone of a severity: its sign says it too. */
export function severityTone(severity: IncidentSeverity): Tone {
  return tones[severity];
}

/** `03:07` of today, `11-20 03:07` of another day, in UTC. */
export function timeText(at: number, now: number): Safe {
  const iso = new Date(at).toISOString();
  const clock = iso.slice(11, 16);
  return clean(
    iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10) ? clock : `${iso.slice(5, 10)} ${clock}`,
  );
}

/** `4 s`, `2 d`. */
export function ageText(at: number, now: number): Safe {
  return clean(roughDuration(Math.max(0, (now - at) / 1000)));
}

const shortPhases: Readonly<Record<IncidentPhase, string>> = {
  acknowledge: 'ack',
  contain: 'contain',
  investigate: 'investigate',
  recover: 'recover',
  review: 'review',
};

/** The clock that runs: `contain −04:12`, red when it is over; with `words` also `over`. */
export function runningClockText(
  { phase, dueAt }: TriageIncident,
  { style, now }: Pick<TriageView, 'style' | 'now'>,
  words: boolean,
): Safe {
  if (phase === null) return style.ok(line`all done`);
  const name = clean(shortPhases[phase]);
  if (dueAt === null) return name;
  const seconds = (dueAt - now) / 1000;
  const text = line`${name} ${leftText(seconds, style)}`;
  return seconds < 0 ? style.danger(words ? line`${text} over` : text) : text;
}

function leftText(seconds: number, style: Style): Safe {
  return clean(clockText(seconds, { unicode: style.glyph.dash !== '-' }));
}

const donePhases: Readonly<Record<IncidentPhase, string>> = {
  acknowledge: 'acknowledged',
  contain: 'contained',
  investigate: 'investigated',
  recover: 'recovered',
  review: 'reviewed',
};

/** `✓ acknowledged 02:43`, `▲ contained: 04:12 over (target 03:11)`, `· reviewed`; empty when it is not asked. */
export function phaseText(
  clock: PhaseClock,
  { style, now }: Pick<TriageView, 'style' | 'now'>,
  isNext: boolean,
): Safe | null {
  const name = clean(donePhases[clock.phase]);
  const done = clock.doneAt === null ? line`` : timeText(clock.doneAt.getTime(), now);
  const target = clock.dueAt === null ? line`` : line`target ${timeText(clock.dueAt.getTime(), now)}`;
  const left = secondsLeft(clock, new Date(now)) ?? 0;
  switch (standingOf(clock, new Date(now))) {
    case 'met':
      return style.ok(line`${style.sign.ok} ${name} ${done}`);
    case 'late':
      return style.warning(line`${style.sign.ok} ${name} ${done}, late`);
    case 'over':
      return style.danger(line`${style.sign.danger} ${name}: ${leftText(-left, style)} over (${target})`);
    case 'running':
      return isNext
        ? line`${style.sign.notice} ${name}: ${leftText(left, style)} left (${target})`
        : style.muted(line`${style.sign.muted} ${name}`);
    case 'waiting':
      return style.muted(line`${style.sign.muted} ${name}`);
    case 'not_asked':
      return null;
  }
}

/** `alice-prod v3`, or the address that concerns no key. */
export function findingName({ id, name, version }: TriageFinding): Safe {
  if (name === null) return clean(id);
  return version === null ? clean(name) : line`${clean(name)} v${version}`;
}
