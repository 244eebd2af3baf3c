/** What is usual in a series, told by its middle and not by its mean: one night of theft must not make itself normal. */
export interface Usual {
  readonly median: number;
  /** Median absolute deviation from the median. */
  readonly mad: number;
  /** How many values it was taken from. */
  readonly hours: number;
}

/** Fewer hours than this say nothing about what is usual. */
const fewestHours = 24;
/** Of a normal distribution 1.4826 MAD are one standard deviation (Iglewicz and Hoaglin, 1993). */
const deviationOfMad = 1.4826;
/** Beyond this many of them a value is far above. */
const farAbove = 6;

/** Null when there are too few values to speak of. */
export function usual(values: readonly number[]): Usual | null {
  if (values.length < fewestHours) return null;
  const median = medianOf(values);
  return { median, mad: medianOf(values.map((value) => Math.abs(value - median))), hours: values.length };
}

/**
 * From which value on one is far above what is usual. A series that hardly ever moves has next to no MAD: a tenth of its
 * median stands in, so that it takes more than a byte.
 */
export function farAboveFrom({ median, mad }: Usual): number {
  return median + farAbove * Math.max(mad * deviationOfMad, median / 10, 1);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] =
    sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1, middle + 1);
  return (low + high) / 2;
}
