import type { BarPlot, Cell, Part, ReportDocument, RowPlot, TablePart } from './document.js';
import { codeMarkdown, escapeMarkdown, joinMarkdown, type MarkdownText, markdown } from './markdown-text.js';

/** The report as Markdown (CommonMark with GitHub's tables); without a line end at its end. */
export function markdownReport(report: ReportDocument): MarkdownText {
  return joinMarkdown(
    markdown`\n\n`,
    [
      markdown`# ${escapeMarkdown(report.title)}`,
      joinMarkdown(markdown`  \n`, report.about.map(escapeMarkdown)),
      ...report.sections.flatMap(({ title, parts }) => [
        markdown`## ${escapeMarkdown(title)}`,
        ...parts.map(partText),
      ]),
    ].filter((part) => part !== ''),
  );
}

function partText(part: Part): MarkdownText {
  if (part.kind === 'paragraph') return escapeMarkdown(part.text);
  if (part.kind === 'rows') return rowsText(part);
  return part.kind === 'table' ? tableMarkdown(part) : plotText(part);
}

function tableMarkdown({ columns, rows }: TablePart): MarkdownText {
  const row = (cells: readonly MarkdownText[]) => markdown`| ${joinMarkdown(markdown` | `, cells)} |`;
  return joinMarkdown(markdown`\n`, [
    row(columns.map(({ heading }) => escapeMarkdown(heading))),
    row(columns.map(({ align }) => (align === 'right' ? markdown`---:` : markdown`---`))),
    ...rows.map((cells) => row(cells.map(cellText))),
  ]);
}

function cellText(cell: Cell): MarkdownText {
  if (typeof cell === 'string') return escapeMarkdown(cell);
  if ('whole' in cell) return escapeMarkdown(cell.whole);
  return 'command' in cell ? codeMarkdown(cell.command) : escapeMarkdown(cell.text);
}

const bars = '▁▂▃▄▅▆▇█';

/** A line of eighths for each series: enough to see the day that was different. */
function plotText({ title, labels, series, marks = [] }: BarPlot): MarkdownText {
  const span = labels.length === 0 ? '' : `, ${labels[0]} to ${labels.at(-1)}`;
  const lines = series.map(({ name, values }) => {
    const most = Math.max(...values, 0);
    const drawn = values.map((value) => bars[most === 0 ? 0 : Math.round((value / most) * 7)]).join('');
    return markdown`- ${escapeMarkdown(name)}: ${escapeMarkdown(drawn)} (most ${most})`;
  });
  const moments = marks.map(
    ({ at, text }) => markdown`- ${escapeMarkdown(text)}: ${escapeMarkdown(labels[at] ?? '')}`,
  );
  return joinMarkdown(markdown`\n`, [
    markdown`${escapeMarkdown(`${title}${span}:`)}\n`,
    ...lines,
    ...moments,
  ]);
}

/** A line for each bar, with what it amounts to. */
function rowsText({ title, labels, texts }: RowPlot): MarkdownText {
  const lines = labels.map(
    (label, at) => markdown`- ${escapeMarkdown(label)}: ${escapeMarkdown(texts[at] ?? '')}`,
  );
  return joinMarkdown(markdown`\n`, [markdown`${escapeMarkdown(`${title}:`)}\n`, ...lines]);
}
