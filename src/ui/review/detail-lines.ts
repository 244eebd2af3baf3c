import type { ReviewDetail, ReviewSubject } from '../../domain/review.js';
import { fit } from '../../render/layout.js';
import { line, type Safe } from '../../render/terminal-text.js';
import { fittingParts, type Part } from '../kit/fitting-parts.js';
import type { DetailView } from './detail-view.js';
import { oddLines, seenLines, suggestionLines, timelineLines } from './evidence-lines.js';
import { findingLines, headingLine, sumLines } from './risk-lines.js';
import { bandText, chartSpan, usageChart } from './usage-chart.js';

/** What stands behind a subject's risk, as far as there is room for it, in the order in which it is read. */
export function detailLines(subject: ReviewSubject, detail: ReviewDetail | null, view: DetailView): Safe[] {
  const { columns, style } = view;
  const own = detail?.id === subject.id ? detail : null;
  const tall = view.rows >= 24;
  const parts: readonly Part[] = [
    { rank: 9, lines: [headingLine(subject, view)] },
    { rank: 8, lines: sumLines(subject, view) },
    { rank: 8, lines: findingLines(subject, view, tall ? 8 : 3) },
    ...(own === null
      ? [{ rank: 7, lines: [style.muted(line` loading${style.glyph.ellipsis}`)] }]
      : ownParts(own, subject, view, tall)),
  ];
  return fittingParts(parts, view.rows).map((text) => fit(text, columns, style.glyph.ellipsis));
}

function ownParts(own: ReviewDetail, subject: ReviewSubject, view: DetailView, tall: boolean): Part[] {
  const { columns, style } = view;
  const chartColumns = columns - 2;
  const chart = usageChart(own.hours, { columns: chartColumns, height: tall ? 6 : 1, style });
  const odd = oddLines(own, view, tall ? Math.max(4, Math.floor(view.rows / 10)) : 4);
  return [
    {
      rank: 6,
      lines: [
        ...(tall ? [line``] : []),
        line` ${style.strong(line`requests/h`)}  ${bandText(own.hours, view)}`,
      ],
    },
    { rank: 6, lines: chart.map((text) => line` ${text}`) },
    { rank: tall ? 3 : 0, lines: [line` ${style.muted(chartSpan(own.hours, chartColumns))}`] },
    { rank: 5, lines: seenLines(own, view, tall) },
    { rank: 4, lines: odd.length === 0 ? [] : [...(tall ? [line``] : []), ...odd] },
    { rank: 2, lines: [...(tall ? [line``] : []), ...timelineLines(own, view)] },
    { rank: 1, lines: suggestionLines(own, subject, view) },
  ];
}
