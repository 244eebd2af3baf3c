import { grouped } from '../numbers.js';
import type { BarPlot } from './document.js';
import { escapeHtml, type HtmlText, html, joinHtml } from './html-text.js';

const size = { width: 460, height: 170, left: 44, right: 6, top: 10, bottom: 24 };

/** Bars as inline SVG, with its figures in words for who cannot see it. Colours come from the page's style sheet. */
export function barPlot({ title, labels, series, marks = [] }: BarPlot): HtmlText {
  const totals = labels.map((_label, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const most = Math.max(...totals, 0);
  const top = niceTop(most);
  const floor = size.height - size.bottom;
  const scale = (value: number) => ((floor - size.top) * value) / top;
  const step = (size.width - size.left - size.right) / Math.max(1, labels.length);
  const width = Math.max(1, Math.min(44, step * 0.72));
  const middle = (at: number) => size.left + step * (at + 0.5);
  const columns = labels.map((label, at) => {
    let y = floor;
    const parts = series.map(({ name, tone, values }) => {
      const value = values[at] ?? 0;
      const height = scale(value);
      y -= height;
      return value === 0
        ? html``
        : html`<rect class="${escapeHtml(tone)}" x="${fixed(middle(at) - width / 2)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}"><title>${escapeHtml(label)}: ${escapeHtml(name)} ${groupedHtml(value)}</title></rect>`;
    });
    return joinHtml(parts);
  });
  return html`<figure><figcaption>${escapeHtml(title)}${legend(series)}</figcaption><svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeHtml(`${title}: most ${grouped(most)}`)}">${gridLines(top, scale, floor)}${joinHtml(columns)}${markLines(marks, middle, floor)}${labelTexts(labels, middle, step)}</svg></figure>`;
}

function gridLines(top: number, scale: (value: number) => number, floor: number): HtmlText {
  const lines = [0, 0.5, 1].map((part) => {
    const y = fixed(floor - scale(top * part));
    return html`<line class="grid" x1="${size.left}" x2="${size.width - size.right}" y1="${y}" y2="${y}"/><text class="axis end" x="${size.left - 6}" y="${y + 4}">${shortNumber(top * part)}</text>`;
  });
  return joinHtml(lines);
}

/** Moments as dashed lines, each one's text a line lower, on the side where there is room for it. */
function markLines(
  marks: NonNullable<BarPlot['marks']>,
  middle: (at: number) => number,
  floor: number,
): HtmlText {
  const drawn = marks.map(({ at, text }, order) => {
    const x = fixed(middle(at));
    const y = size.top + 8 + 13 * order;
    const toTheLeft = x > size.width * 0.6;
    const side = toTheLeft ? html` class="end"` : html``;
    return html`<line x1="${x}" x2="${x}" y1="${size.top}" y2="${floor}" stroke="#1d2330" stroke-dasharray="3 3"/><text${side} x="${x + (toTheLeft ? -4 : 4)}" y="${y}">${escapeHtml(text)}</text>`;
  });
  return joinHtml(drawn);
}

/** As many labels as do not touch each other. */
function labelTexts(labels: readonly string[], middle: (at: number) => number, step: number): HtmlText {
  const widest = Math.max(...labels.map((label) => label.length), 1) * 6.2 + 10;
  const every = Math.max(1, Math.ceil(widest / step));
  const shown = labels.map((label, at) =>
    at % every === 0 && (at === 0 || middle(at) + widest / 2 < size.width + 8)
      ? html`<text class="axis mid" x="${fixed(middle(at))}" y="${size.height - 8}">${escapeHtml(label)}</text>`
      : html``,
  );
  return joinHtml(shown);
}

/** Which colour is what; one series needs no telling. */
export function legend(series: BarPlot['series']): HtmlText {
  if (series.length < 2) return html``;
  const entries = series.map(
    ({ name, tone }) => html` <span class="key ${escapeHtml(tone)}">${escapeHtml(name)}</span>`,
  );
  return joinHtml(entries);
}

/** The next 1, 2 or 5 times a power of ten; an empty plot still has an axis. */
function niceTop(most: number): number {
  if (most <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 5, 10].find((times) => times * power >= most) ?? 10) * power;
}

function shortNumber(value: number): HtmlText {
  const [unit, divisor] = value >= 1e6 ? ['M', 1e6] : value >= 1e3 ? ['k', 1e3] : ['', 1];
  const shown = Math.round((value / Number(divisor)) * 10) / 10;
  return escapeHtml(`${shown}${unit}`);
}

const fixed = (value: number): number => Math.round(value * 10) / 10;
const groupedHtml = (value: number): HtmlText => escapeHtml(grouped(value));
