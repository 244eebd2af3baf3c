import { barPlot } from './bar-plot.js';
import type { Cell, Part, ReportDocument, Section, TablePart } from './document.js';
import { reportStyle, styleHash } from './html-style.js';
import { escapeHtml, type HtmlText, html, joinHtml } from './html-text.js';
import { rowPlot } from './row-plot.js';

/**
 * The report as one HTML file that loads nothing: its policy forbids scripts, pictures, fonts, forms and every request, and
 * allows the one style sheet by its hash.
 */
export function htmlReport(report: ReportDocument): HtmlText {
  const policy = html`default-src 'none'; style-src '${styleHash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(report.title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<header><h1>${escapeHtml(report.title)}</h1><p>${joinHtml(report.about.map((text) => html`<span>${escapeHtml(text)}</span>`))}</p></header>
${joinHtml(report.sections.map(sectionHtml))}</body>
</html>`;
}

/** Plots and tables of two columns stand side by side: across the page their figures would be far from their words. */
function sectionHtml({ title, parts }: Section): HtmlText {
  const blocks: HtmlText[] = [];
  let halves: HtmlText[] = [];
  const flush = () => {
    if (halves.length > 0) blocks.push(html`<div class="halves">${joinHtml(halves)}</div>\n`);
    halves = [];
  };
  for (const part of parts) {
    if (isHalf(part)) {
      halves.push(partHtml(part));
    } else {
      flush();
      blocks.push(partHtml(part));
    }
  }
  flush();
  return html`<section><h2>${escapeHtml(title)}</h2>\n${joinHtml(blocks)}</section>\n`;
}

function isHalf(part: Part): boolean {
  return part.kind === 'table' ? part.columns.length <= 2 : part.kind !== 'paragraph';
}

function partHtml(part: Part): HtmlText {
  if (part.kind === 'plot') return barPlot(part);
  if (part.kind === 'rows') return rowPlot(part);
  return part.kind === 'paragraph' ? html`<p>${escapeHtml(part.text)}</p>\n` : tableHtml(part);
}

function tableHtml({ columns, rows }: TablePart): HtmlText {
  const side = (at: number) => (columns[at]?.align === 'right' ? html` class="right"` : html``);
  const heads = columns.map(
    ({ heading }, at) => html`<th scope="col"${side(at)}>${escapeHtml(heading)}</th>`,
  );
  const body = rows.map(
    (cells) =>
      html`<tr>${joinHtml(cells.map((cell, at) => html`<td${side(at)}>${cellHtml(cell)}</td>`))}</tr>\n`,
  );
  return html`<div class="table"><table><thead><tr>${joinHtml(heads)}</tr></thead><tbody>\n${joinHtml(body)}</tbody></table></div>\n`;
}

function cellHtml(cell: Cell): HtmlText {
  if (typeof cell === 'string') return escapeHtml(cell);
  if ('whole' in cell) return html`<span class="whole">${escapeHtml(cell.whole)}</span>`;
  if ('command' in cell) return html`<code>${escapeHtml(cell.command)}</code>`;
  return html`<span class="verdict ${escapeHtml(cell.verdict)}">${escapeHtml(cell.text)}</span>`;
}
