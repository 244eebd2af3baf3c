import { clean } from '../terminal-text.js';
import { legend } from './bar-plot.js';
import type { RowPlot } from './document.js';
import { escapeHtml, type HtmlText, html, joinHtml } from './html-text.js';

const size = { width: 460, row: 22, character: 6.2, gap: 6, top: 16 };
const longestLabel = 25;

/** Lying bars as inline SVG, for labels that are too long to stand below a column. */
export function rowPlot({ title, labels, texts, series, limit }: RowPlot): HtmlText {
  const totals = labels.map((_label, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const most = Math.max(...totals, limit?.value ?? 0, 1);
  const begin = roomFor(labels.map(shortened));
  const room = size.width - begin - roomFor(texts);
  const scale = (value: number) => fixed((room * value) / most);
  const head = limit === null ? 0 : size.top;
  const height = head + size.row * labels.length;
  const rows = labels.map((label, at) => {
    const y = head + size.row * at;
    let x = begin;
    const bars = series.map(({ name, tone, values }) => {
      const value = values[at] ?? 0;
      const width = scale(value);
      const bar =
        value === 0
          ? html``
          : html`<rect class="${escapeHtml(tone)}" x="${fixed(x)}" y="${y + 4}" width="${Math.max(1, width)}" height="${size.row - 8}"><title>${escapeHtml(label)}: ${escapeHtml(name)} ${fixed(value)}</title></rect>`;
      x += width;
      return bar;
    });
    return html`<text class="end" x="${fixed(begin - size.gap)}" y="${y + 15}">${escapeHtml(shortened(label))}</text>${joinHtml(bars)}<text x="${fixed(limit === null ? x + size.gap : begin + room + size.gap)}" y="${y + 15}">${escapeHtml(texts[at] ?? '')}</text>`;
  });
  const line = limit === null ? html`` : limitLine(fixed(begin + scale(limit.value)), height, limit.text);
  const described = escapeHtml(labels.map((label, at) => `${label}: ${texts[at] ?? ''}`).join('; '));
  return html`<figure><figcaption>${escapeHtml(title)}${legend(series)}</figcaption><svg viewBox="0 0 ${size.width} ${height}" role="img" aria-label="${described}">${joinHtml(rows)}${line}</svg></figure>`;
}

function limitLine(x: number, height: number, text: string): HtmlText {
  return html`<line x1="${x}" x2="${x}" y1="${size.top - 4}" y2="${height}" stroke="#1d2330" stroke-dasharray="3 3"/><text class="mid" x="${x}" y="${size.top - 6}">${escapeHtml(text)}</text>`;
}

/** Of the longest of them, as wide as its characters are on average. */
function roomFor(texts: readonly string[]): number {
  return Math.min(
    190,
    Math.max(...texts.map((text) => [...clean(text)].length), 1) * size.character + 2 * size.gap,
  );
}

/** By what is seen of it: an escape counts as long as it is. */
function shortened(label: string): string {
  const shown = [...clean(label)];
  return shown.length <= longestLabel ? label : `${shown.slice(0, longestLabel - 1).join('')}…`;
}

const fixed = (value: number): number => Math.round(value * 10) / 10;
