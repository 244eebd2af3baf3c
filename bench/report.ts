import { median, quantile } from './measure.js';

/** One thing that was measured, several times. */
export interface Series {
  readonly name: string;
  readonly unit: 'ms' | 'rows/s' | 'MB';
  readonly samples: readonly number[];
}

/** What the number must not pass, and what would be better still. */
export interface Target {
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly aim?: number;
}

/** The median of one series, and the bar it is held to: as a ratio to another one of the same run, or as it is. */
export interface Comparison {
  readonly subject: Series;
  readonly against: Series | null;
  readonly target: Target;
}

const indent = '  ';

/** `keyctl --help   80.1 ms  78.9-82.0 (25 runs)`: the median, and between which values half of the runs lie. */
export function seriesLine({ name, unit, samples }: Series): string {
  const spread = `${figure(quantile(samples, 0.25), unit)}-${figure(quantile(samples, 0.75), unit)}`;
  const runs = `${samples.length} ${samples.length === 1 ? 'run' : 'runs'}`;
  return `${indent}${name.padEnd(34)} ${figure(median(samples), unit).padStart(8)} ${unit}  ${spread} (${runs})`;
}

/** `= 1.33x node -e 0 (+19.7 ms); at most 1.22x: MISSED`. */
export function verdictLine({ subject, against, target }: Comparison): string {
  const value = median(subject.samples);
  if (against === null) {
    return `${indent}= ${figure(value, subject.unit)} ${subject.unit}; ${judged(value, target, ` ${subject.unit}`)}`;
  }
  const base = median(against.samples);
  const ratio = value / base;
  // The ratio depends on how fast the other one is on this machine; the difference does less.
  const difference = subject.unit === 'ms' ? ` (${signed(value - base)} ms)` : '';
  return `${indent}= ${ratio.toFixed(3)}x ${against.name}${difference}; ${judged(ratio, target, 'x')}`;
}

/** A ratio that is held to nothing. */
export function comparisonLine(subject: Series, to: Series): string {
  return `${indent}  for comparison: ${(median(subject.samples) / median(to.samples)).toFixed(3)}x ${to.name}`;
}

/** For what could not be measured: what is missing, and why. */
export function missingLine(what: string, why: string): string {
  return `${indent}not measured: ${what}: ${why}`;
}

function judged(value: number, { atMost, atLeast, aim }: Target, unit: string): string {
  const met = value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
  const bar = atMost === undefined ? `at least ${atLeast}${unit}` : `at most ${atMost}${unit}`;
  const better = aim === undefined ? '' : ` (aim ${aim}${unit})`;
  return `${bar}${better}: ${met ? 'met' : 'MISSED'}`;
}

function figure(value: number, unit: Series['unit']): string {
  if (unit === 'rows/s') return `${Math.round(value / 1000)}k`;
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(1)}`;
}
