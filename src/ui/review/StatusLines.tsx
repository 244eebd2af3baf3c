import { fit } from '../../render/layout.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { freshnessLine } from '../kit/freshness.js';
import { Lines } from '../kit/Lines.jsx';
import { noticeLines } from '../kit/notice.js';
import { useScreenView } from '../kit/screen-view.js';
import { fieldText } from '../kit/text-field.js';
import type { ReviewState } from './review-state.js';

/** What has to be said at the bottom: what came of a change, whether the picture is fresh, which keys are listed. */
export function statusLines(state: ReviewState, columns: number, style: Style): Safe[] {
  const { mode, notices, freshness, now, judging } = state;
  if (mode.kind === 'filter')
    return [line` ${style.strong(line`/`)}${fieldText(mode.field, columns - 3, style)}`];
  if (mode.kind === 'changing')
    return [style.warning(line` ${style.sign.warning} ${clean(mode.change.kind)}${style.glyph.ellipsis}`)];
  if (notices.length > 0) return noticeLines(notices, columns, style);
  if (judging) return [style.muted(line` counting and judging anew${style.glyph.ellipsis}`)];
  const age = freshnessLine(freshness, now, style);
  return [fit(age === null ? listedText(state, style) : line` ${age}`, columns, style.glyph.ellipsis)];
}

function listedText({ picture, listed, marked, filter, all }: ReviewState, style: Style): Safe {
  if (picture === null) return line``;
  const parts = [
    line`${listed.length} of ${picture.subjects.length}`,
    ...(all ? [line`also what was looked at`] : []),
    ...(filter === '' ? [] : [line`filter ${style.strong(clean(filter))} (esc takes it away)`]),
    ...(marked.size === 0
      ? []
      : [style.marked(line`${style.sign.marked} ${marked.size} marked: actions mean them`)]),
  ];
  return line` ${style.muted(joinWith(line` ${style.glyph.dot} `, parts))}`;
}

export function StatusLines({ lines }: { readonly lines: readonly Safe[] }) {
  const { columns, style } = useScreenView();
  return <Lines lines={lines.map((text) => fit(text, columns, style.glyph.ellipsis))} />;
}
