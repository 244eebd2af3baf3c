import { formatDuration } from '../../domain/duration.js';
import { isoTime } from '../../domain/stored-time.js';
import { grouped } from '../numbers.js';

/** How figures are written in a report; what was not measured is said so, never as a zero. */

export function number(value: number): string {
  return grouped(value);
}

/** `12.4 %`; shares below a thousandth keep telling that they are not nothing. */
export function percent(ratio: number | null): string {
  if (ratio === null) return 'not measured';
  if (ratio > 0 && ratio < 0.001) return 'under 0.1 %';
  return `${Math.round(ratio * 1000) / 10} %`;
}

export function span(seconds: number | null): string {
  return seconds === null
    ? 'not recorded'
    : formatDuration(seconds < 10 ? Math.max(0, seconds) : Math.round(seconds));
}

export function usd(amount: number | null): string {
  return amount === null ? 'not recorded' : `${amount.toFixed(2)} USD`;
}

/** `+4` beside what it was in the window before. */
export function change(now: number, before: number): string {
  const difference = now - before;
  const sign = difference > 0 ? '+' : difference < 0 ? '−' : '±';
  return `${number(now)} (${sign}${number(Math.abs(difference))})`;
}

/** `2026-08-20 03:12Z`. */
export function minute(stored: string): string {
  const iso = /Z$/.test(stored) ? stored : isoTime(stored);
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
}

/** The mean of what is known, in seconds; null when nothing is. */
export function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
