import { cutTokens } from './cut-tokens.js';
import { roughDuration } from './duration.js';
import { usageError } from './errors.js';
import { parsePlainText } from './plain-text.js';

/** The register of incidents: which kinds there are, how they are named, and how their clocks run. */

export const incidentTypes = ['leak', 'abuse', 'departure', 'policy', 'budget'] as const;
export type IncidentType = (typeof incidentTypes)[number];

/** Worst first. */
export const incidentSeverities = ['critical', 'high', 'medium', 'low'] as const;
export type IncidentSeverity = (typeof incidentSeverities)[number];

/** In the order of a life; a closed incident may be open again. */
const incidentStates = ['open', 'acknowledged', 'contained', 'recovering', 'closed'] as const;
export type IncidentState = (typeof incidentStates)[number];

/** The phases that have a clock, in order. `review` has no target: it is due before a critical or high one is closed. */
const incidentPhases = ['acknowledge', 'contain', 'investigate', 'recover', 'review'] as const;
export type IncidentPhase = (typeof incidentPhases)[number];

/** What `mark_incident` can say is done. */
export const incidentMarks = ['contained', 'investigated', 'recovering', 'recovered', 'reviewed'] as const;
export type IncidentMark = (typeof incidentMarks)[number];

const numberForm = /^(?:INC-)?([1-9]\d{0,8})$/i;

/**
 * The id of an incident as it was typed: `INC-7`, `inc-7`, `7`.
 * @throws KeyctlError 2 for anything else
 */
export function parseIncidentId(flag: string, text: string): string {
  const [, number] = numberForm.exec(text.trim()) ?? [];
  if (number === undefined) throw usageError(flag, 'not the number of an incident', example(flag));
  return `INC-${number}`;
}

function example(flag: string): string {
  return flag.startsWith('--') ? `${flag} INC-7` : 'INC-7; keyctl incidents list shows them';
}

/** A phase of one incident: until when it should be done, when it was, and how that stands. */
export interface PhaseClock {
  readonly phase: IncidentPhase;
  /** Null: it has no target. */
  readonly dueAt: Date | null;
  /** Null: not yet, or not since the incident was reopened. */
  readonly doneAt: Date | null;
  /** Not asked of this incident: the review of a medium or low one. */
  readonly required: boolean;
}

export type ClockStanding = 'met' | 'late' | 'running' | 'over' | 'waiting' | 'not_asked';

/** How a phase stands at a moment: done in time or late, still running or over, or waiting without a target. */
export function standingOf(clock: PhaseClock, now: Date): ClockStanding {
  const { dueAt, doneAt, required } = clock;
  if (doneAt !== null) return dueAt !== null && doneAt > dueAt ? 'late' : 'met';
  if (dueAt !== null) return now > dueAt ? 'over' : 'running';
  return required ? 'waiting' : 'not_asked';
}

/** Seconds left until it is due, negative when it is over; null when there is no target. */
export function secondsLeft(clock: Pick<PhaseClock, 'dueAt'>, now: Date): number | null {
  return clock.dueAt === null ? null : (clock.dueAt.getTime() - now.getTime()) / 1000;
}

/**
 * Time left, or over with a minus sign, as a clock reads: `1:40`, `−04:12` (minutes and seconds below an hour), then in its
 * largest unit: `2 d`, `−3 h`. ASCII `-` where the terminal has no more.
 */
export function clockText(seconds: number, { unicode }: { readonly unicode: boolean }): string {
  const size = Math.abs(Math.trunc(seconds));
  const sign = seconds < 0 ? (unicode ? '−' : '-') : '';
  if (size >= 3600) return `${sign}${roughDuration(size)}`;
  const minutes = Math.floor(size / 60);
  return `${sign}${seconds < 0 ? String(minutes).padStart(2, '0') : minutes}:${String(size % 60).padStart(2, '0')}`;
}

const longestNote = 10_000;

/**
 * A note as it was typed or piped in: of several lines if need be, trimmed. A full token of ours in it is cut, because notes
 * stand in the audit log for ever.
 * @throws KeyctlError 2 for an empty one, one that is too long, and one with control characters
 */
export function parseNote(flag: string, raw: string): string {
  const text = cutTokens(raw.replaceAll('\r\n', '\n').trim()).text;
  const hint = 'keyctl incidents note INC-7 "the CI log was public since 02:11"';
  if (text === '') throw usageError(flag, 'is empty', hint);
  if (/[^\P{Cc}\n\t]|\p{Cs}/u.test(text))
    throw usageError(flag, 'text without control characters, please', hint);
  const length = [...text].length;
  if (length > longestNote)
    throw usageError(flag, `too long: ${length} characters, at most ${longestNote}`, hint);
  return text;
}

/** A page to link to. @throws KeyctlError 2 when it is none */
export function parsePage(flag: string, raw: string): string {
  const example = `${flag === 'URL' ? '' : `${flag} `}https://example.com/tickets/OPS-7`;
  const text = parsePlainText(flag, raw, { max: 2000, example });
  if (!/^https?:\/\/\S+$/i.test(text))
    throw usageError(flag, 'begins with https:// or http:// and has no blanks', example);
  return text;
}
