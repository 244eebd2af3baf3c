import { fit } from '../../render/layout.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { freshnessLine } from '../kit/freshness.js';
import { noticeLines } from '../kit/notice.js';
import { fieldText } from '../kit/text-field.js';
import { chosenKey, type TriageState } from './triage-state.js';

/** What has to be said at the bottom: what came of a change, whether the picture is fresh, what is listed. */
export function statusLines(state: TriageState, columns: number, style: Style): Safe[] {
  const { mode, notices, freshness, now } = state;
  if (mode.kind === 'filter')
    return [line` ${style.strong(line`/`)}${fieldText(mode.field, columns - 3, style)}`];
  if (mode.kind === 'changing')
    return [style.warning(line` ${style.sign.warning} ${clean(mode.change.kind)}${style.glyph.ellipsis}`)];
  if (notices.length > 0)
    return noticeLines(notices, columns, style).map((text) => fit(text, columns, style.glyph.ellipsis));
  const age = freshnessLine(freshness, now, style);
  return [fit(age === null ? listedText(state, style) : line` ${age}`, columns, style.glyph.ellipsis)];
}

function listedText(state: TriageState, style: Style): Safe {
  const { picture, filter } = state;
  if (picture === null) return line``;
  const chosen = chosenKey(state);
  const parts = [
    line`${picture.incidents.length} open`,
    ...(picture.findings.length === 0 ? [] : [line`${picture.findings.length} not yet an incident`]),
    ...(filter === '' ? [] : [line`filter ${style.strong(clean(filter))} (esc takes it away)`]),
    ...(chosen === null ? [] : [line`s and r mean ${clean(chosen.keyId)} alone (tab: the next one)`]),
  ];
  return line` ${style.muted(joinWith(line` ${style.glyph.dot} `, parts))}`;
}
