import type { ReviewDetail } from '../../domain/review.js';
import { wrap } from '../../render/layout.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';
import type { DetailView } from './detail-view.js';

/** The queries behind the findings, one after another, each under its finding. */
export function sqlLines(
  detail: ReviewDetail | null,
  { columns, style }: Pick<DetailView, 'columns' | 'style'>,
): Safe[] {
  if (detail === null) return [style.muted(line` loading${style.glyph.ellipsis}`)];
  const asked = detail.findings.filter(({ status }) => status !== 'dismissed');
  if (asked.length === 0) return [line` no finding`];
  return asked.flatMap((finding) => [
    style.strong(line` -- ${clean(finding.detector)}: ${clean(finding.summary)}`),
    ...finding.reproduceSql
      .split('\n')
      .flatMap((text) => wrap(clean(text), columns - 2))
      .map((text) => line` ${text}`),
    line``,
  ]);
}
