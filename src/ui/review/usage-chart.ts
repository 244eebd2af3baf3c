import type { ChartedHour } from '../../domain/review.js';
import { padEnd, padStart, width } from '../../render/layout.js';
import { grouped } from '../../render/numbers.js';
import { sparkline } from '../../render/sparkline.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';

export interface ChartSize {
  readonly columns: number;
  /** Rows of bars: 1 is a sparkline, more is a chart with the expected band behind it. */
  readonly height: number;
  readonly style: Style;
}

/**
 * Requests by hour as bars, one column an hour, the newest at the right, with the band of what is usual: shaded where the
 * chart has several rows, and told by the row of signs below it (`▲` above the band) in any case.
 */
export function usageChart(hours: readonly ChartedHour[], { columns, height, style }: ChartSize): Safe[] {
  const labels = height > 1 ? width(axisText(most(hours))) + 1 : 0;
  const shown = hours.slice(-Math.max(1, columns - labels));
  if (shown.length === 0) return [style.muted(line`no requests are known`)];
  const bars =
    height > 1
      ? barRows(shown, height, labels, style)
      : [
          sparkline(
            shown.map(({ requests }) => requests),
            style,
          ),
        ];
  const odd = shown.some((hour) => isAbove(hour) || isBelow(hour));
  return odd ? [...bars, line`${clean(' '.repeat(labels))}${signs(shown, style)}`] : bars;
}

/** `expected 40–80  this hour 512  most 1,517 ▲`: the band of the last hour, and the highest bar. */
export function bandText(hours: readonly ChartedHour[], { style }: { readonly style: Style }): Safe {
  const last = hours.at(-1);
  if (last === undefined) return line``;
  const usual =
    last.low === null || last.high === null
      ? line`too little history to say what is usual`
      : line`expected ${grouped(Math.floor(last.low))}${style.glyph.dash}${grouped(Math.ceil(last.high))}`;
  const seen = told(line`this hour ${grouped(last.requests)}`, isAbove(last), style);
  const peak = hours.reduce((highest, hour) => (hour.requests > highest.requests ? hour : highest), last);
  const highest =
    peak === last ? line`` : line`  ${told(line`most ${grouped(peak.requests)}`, isAbove(peak), style)}`;
  return line`${usual}  ${seen}${highest}`;
}

function told(text: Safe, above: boolean, style: Style): Safe {
  return above ? style.danger(line`${text} ${style.sign.danger}`) : text;
}

/** Above the band as it is shown, in whole requests. */
function isAbove({ requests, high }: ChartedHour): boolean {
  return high !== null && requests > Math.ceil(high);
}

function isBelow({ requests, low }: ChartedHour): boolean {
  return low !== null && requests < Math.floor(low);
}

function signs(hours: readonly ChartedHour[], style: Style): Safe {
  const below = style.sign.notice;
  const drawn = hours.map((hour) =>
    isAbove(hour) ? style.danger(style.sign.danger) : isBelow(hour) ? style.notice(below) : line` `,
  );
  return joinWith(line``, drawn);
}

function most(hours: readonly ChartedHour[]): number {
  return Math.max(1, ...hours.map(({ requests, high }) => Math.max(requests, high ?? 0)));
}

function barRows(hours: readonly ChartedHour[], height: number, labels: number, style: Style): Safe[] {
  const top = most(hours);
  const eighths = [...style.bars];
  const shade = style.muted(style.glyph.shade);
  return Array.from({ length: height }, (_, row) => {
    const floor = height - 1 - row;
    const cells = hours.map(({ requests, low, high }) => {
      const filled = (requests / top) * height - floor;
      if (filled >= 1) return clean(eighths.at(-1) ?? '');
      if (filled > 0) return clean(eighths[Math.floor(filled * eighths.length)] ?? '');
      const middle = ((floor + 0.5) / height) * top;
      const inBand = low !== null && high !== null && middle >= low && middle <= high;
      return inBand ? shade : line` `;
    });
    const label = row === 0 ? axisText(top) : row === height - 1 ? line`0` : line``;
    return line`${style.muted(padStart(label, labels - 1))} ${joinWith(line``, cells)}`;
  });
}

function axisText(value: number): Safe {
  return grouped(Math.round(value));
}

/** When the chart begins and ends, under its left and right end. */
export function chartSpan(hours: readonly ChartedHour[], columns: number): Safe {
  const first = hours.at(-Math.min(hours.length, columns));
  const last = hours.at(-1);
  if (first === undefined || last === undefined) return line``;
  const from = clean(hourText(first.at));
  const to = clean(hourText(last.at));
  const room = Math.min(columns, hours.length);
  return room < width(from) + width(to) + 2 ? from : line`${padEnd(from, room - width(to))}${to}`;
}

function hourText(at: number): string {
  return `${new Date(at).toISOString().slice(5, 13).replace('T', ' ')}h`;
}
