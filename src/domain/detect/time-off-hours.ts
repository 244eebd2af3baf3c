import type { Activity, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted } from './evidence.js';
import type { Candidate } from './finding.js';
import { isLearned } from './novelty.js';
import { hourMs } from './profile.js';
import { tally } from './tally.js';

const weekHours = 168;
const firstOfWeekend = 120;
/** 1970-01-05 was a Monday. */
const firstMonday = 96;
const leastHistoryDays = 14;
/** Who works in more hours of the week than this has no schedule. */
const mostActive = 110;
/** The hours next to one count as the same: people come early and stay late. */
const around = [-1, 0, 1];
const weight = 0.2;

const about = {
  name: 'off_hours',
  family: 'time',
  summary: 'used in an hour in which it never is',
  rule: 'Accepted in an hour of the week (UTC) that, with the hour before and after, on no day of the same kind was used in the history; only for keys active in at most 110 hours of the week.',
  source:
    'Panther "off-hours" (hour of week, active on 3 days of 90); bits by the rule of succession (Laplace)',
  budgeted: true,
} as const;

/** bits = -log10(0.5 / (days + 1)), days of the same kind (working day, weekend) in the history, none of which had a request then. */
export const offHours: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || baseline.historyDays < leastHistoryDays) return [];
  const active = baseline.weekHours.filter((days) => days > 0).length;
  if (active > mostActive) return [];
  const out = window.activity.filter((each) => each.ok > 0 && !isUsualTime(baseline, each.at));
  const [first] = out;
  if (first === undefined) return [];
  const { ok, firstOkAt } = tally(out);
  const weekend = isWeekend(hourOfWeek(first.at));
  const days = Math.round((baseline.historyDays * (weekend ? 2 : 5)) / 7);
  return [
    candidateOf(about, window, baseline, out, {
      ...{ severity: 'low', weight, bits: -Math.log10(0.5 / (days + 1)), cause: 'off hours' },
      ...{ observed: ok, expected: [0, 0] },
      ...(firstOkAt === null ? {} : { detectableAt: firstOkAt }),
      summary: `${counted(ok, 'request')} in an hour in which it was never used`,
      factors: [
        { what: 'hour', value: slotName(first.at), usual: `in use in ${active} of 168 hours of the week` },
      ],
      suggests: 'keyctl audit usage KEY --by hour',
      query: { hours: hoursOf(out), weekend },
    }),
  ];
}

/** The hours that they are in, as timestamps. */
function hoursOf(out: readonly Activity[]): readonly string[] {
  return [...new Set(out.map(({ at }) => new Date(at - (at % hourMs)).toISOString()))];
}

/** Whether the family was ever used at this hour of the day, or the one before or after, on a day of the same kind. */
export function isUsualTime({ weekHours: days }: Baseline, at: number): boolean {
  const slot = hourOfWeek(at);
  const [first, end] = isWeekend(slot) ? [firstOfWeekend, weekHours] : [0, firstOfWeekend];
  for (let midnight = first; midnight < end; midnight += 24)
    for (const step of around) if ((days[midnight + ((slot + step + 24) % 24)] ?? 0) > 0) return true;
  return false;
}

/** 0 to 167, from Monday 00:00 UTC. */
function hourOfWeek(at: number): number {
  return (Math.floor(at / hourMs) - firstMonday + weekHours) % weekHours;
}

function isWeekend(slot: number): boolean {
  return slot >= firstOfWeekend;
}

function slotName(at: number): string {
  const day = new Date(at).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
  return `${day} ${String(Math.floor(at / hourMs) % 24).padStart(2, '0')}:00 UTC`;
}
