import { usageError } from './errors.js';

const secondsOf: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 };

/** A hundred years: longer is a typing error, and PostgreSQL's timestamps and Dates stay far from their ends. */
const longestSeconds = 36_525 * 86_400;

const form = /^(?:(\d{1,10})w)?(?:(\d{1,10})d)?(?:(\d{1,10})h)?(?:(\d{1,10})m)?(?:(\d{1,10})s)?$/;

/**
 * Seconds of a duration such as `90d`, `24h`, `1h30m`, `2w`: whole numbers, each with its unit, the largest first.
 * Strict, because packages read `1M` as a minute and `10` as 10 ms (F19). Throws a usage error naming the flag,
 * also for a duration of nothing.
 */
export function parseDuration(flag: string, text: string): number {
  const seconds = parseDurationOrZero(flag, text);
  if (seconds === 0) throw usageError(flag, 'a duration of nothing makes no sense here', `${flag} 24h`);
  return seconds;
}

/** The same for flags where nothing is a choice (`--grace 0`): accepts `0`, with or without a unit. */
export function parseDurationOrZero(flag: string, text: string): number {
  if (text === '0') return 0;
  const parts = form.exec(text);
  if (text === '' || parts === null)
    throw usageError(flag, complaint(text), `${flag} 90d, or 24h, 1h30m, 15m, 30s, 2w`);
  const [weeks, days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  const total =
    (weeks ?? 0) * 604_800 +
    (days ?? 0) * 86_400 +
    (hours ?? 0) * 3600 +
    (minutes ?? 0) * 60 +
    (seconds ?? 0);
  if (total > longestSeconds) throw usageError(flag, 'longer than a hundred years', `${flag} 365d`);
  return total;
}

/** Short text for people, its two largest units: `4 s`, `1.9 s` below ten seconds, `1 h 30 m`, `90 d`, `2 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const parts = unitsOf(seconds);
  const [largest, next] = parts;
  if (largest === undefined) return '0 s';
  // `2 d 30 m` claims a precision that nobody asked for: the second unit is the one right below.
  const neighbour = next !== undefined && 'dhms'.indexOf(next.unit) === 'dhms'.indexOf(largest.unit) + 1;
  return [largest, ...(neighbour ? [next] : [])].map(({ count, unit }) => `${count} ${unit}`).join(' ');
}

/** The duration's largest unit alone, rounded down, for columns and ages: `4 s`, `11 m`, `2 d`. */
export function roughDuration(seconds: number): string {
  const largest = unitsOf(seconds)[0];
  return largest === undefined ? '0 s' : `${largest.count} ${largest.unit}`;
}

/** The duration as `parseDuration` reads it, for commands that are shown to be typed: `1h30m`, `90d`. */
export function spellDuration(seconds: number): string {
  return (
    unitsOf(seconds)
      .map(({ count, unit }) => `${count}${unit}`)
      .join('') || '0'
  );
}

/** Days, hours, minutes and whole seconds, those that are there, largest first. People think of `90 d`, not of 12 weeks. */
function unitsOf(seconds: number): { count: number; unit: string }[] {
  const parts: { count: number; unit: string }[] = [];
  let rest = Math.floor(seconds);
  for (const unit of 'dhms') {
    const size = secondsOf[unit] ?? 1;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push({ count, unit });
  }
  return parts;
}

function complaint(text: string): string {
  if (/^\d+$/.test(text)) return `"${text}" has no unit`;
  if (/[.,]/.test(text)) return 'only whole numbers: 1h30m instead of 1.5h';
  if (/M|mo|y/.test(text)) return 'months and years differ in length: write days (m is minutes)';
  return 'not a duration: whole numbers, each with w, d, h, m or s, the largest first';
}
