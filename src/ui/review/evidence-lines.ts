import type { DetailedFinding, ReviewDetail, ReviewSubject, SeenValue } from '../../domain/review.js';
import { fit, padEnd } from '../../render/layout.js';
import { grouped } from '../../render/numbers.js';
import type { Style } from '../../render/style.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import type { DetailView } from './detail-view.js';
import { severityTone } from './subject-words.js';

/** Where it came from and where it went, with counts: on one line each, or under one another where there is room. */
export function seenLines(own: ReviewDetail, view: DetailView, tall: boolean): Safe[] {
  const { style, columns } = view;
  const groups: readonly (readonly [label: string, values: readonly SeenValue[]])[] = [
    ['from', own.ips],
    ['to', own.endpoints],
    ['by', own.agents],
  ];
  const lines = groups.flatMap(([label, values]) => {
    if (values.length === 0) return [];
    const head = line` ${style.muted(padEnd(clean(label), 5))}`;
    if (!tall) {
      const each = values.slice(0, 3).map((value) => seenText(value, 30, view));
      return [line`${head}${joinWith(line`  `, each)}`];
    }
    return values
      .slice(0, Math.max(3, Math.min(8, Math.floor(view.rows / 12))))
      .map(
        (value, at) => line`${at === 0 ? head : clean(' '.repeat(6))}${seenText(value, columns - 22, view)}`,
      );
  });
  const since = style.muted(line` since ${clean(new Date(own.countedSince).toISOString().slice(0, 16))}Z`);
  return lines.length === 0 ? [] : [...(tall ? [line``, since] : []), ...lines];
}

function seenText({ value, requests, isNew }: SeenValue, longest: number, { style }: DetailView): Safe {
  const name = fit(clean(value), longest, style.glyph.ellipsis);
  const news = isNew === true ? style.warning(line` new`) : line``;
  return line`${name} ${grouped(requests)}${news}`;
}

/** What is not as usual for this key: the factors of the findings, each with what was usual. */
export function oddLines(own: ReviewDetail, { columns, style }: DetailView, most: number): Safe[] {
  const factors = own.findings
    .filter(({ status }) => status !== 'dismissed')
    .flatMap(({ evidence }) => evidence.factors);
  const once = new Map(factors.map((factor) => [`${factor.what} ${factor.value}`, factor]));
  return [...once.values()].slice(0, most).map(({ what, value, usual }) => {
    const known = usual === null ? line`` : style.muted(line` (usual: ${clean(usual)})`);
    return fit(
      line` ${style.muted(line`odd`)}  ${clean(what)} ${clean(value)}${known}`,
      columns,
      style.glyph.ellipsis,
    );
  });
}

/** All findings, dismissed ones too, by when they began, the newest first: what it was, and what became of it. */
export function timelineLines(own: ReviewDetail, { columns, style }: DetailView): Safe[] {
  return own.findings
    .toSorted((a, b) => b.onsetAt - a.onsetAt)
    .map((finding) => {
      const at = new Date(finding.onsetAt).toISOString();
      const when = style.muted(clean(`${at.slice(5, 10)} ${at.slice(11, 16)}`));
      const tone = severityTone(finding.severity);
      const head = line` ${when} ${style[tone](style.sign[tone])} ${clean(finding.detector)}`;
      return fit(line`${head}  ${fateText(finding, style)}`, columns, style.glyph.ellipsis);
    });
}

function fateText(
  { status, statusBy, statusReason, incidentId, summary }: DetailedFinding,
  style: Style,
): Safe {
  const by = statusBy === null ? line`` : line` by ${clean(statusBy)}`;
  const why = statusReason === null ? line`` : line`: ${clean(statusReason)}`;
  const where = incidentId === null ? line`` : line` in ${clean(incidentId)}`;
  return status === 'open' ? clean(summary) : style.muted(line`${clean(status)}${by}${where}${why}`);
}

export function suggestionLines(own: ReviewDetail, { keyId }: ReviewSubject, { style }: DetailView): Safe[] {
  const suggests = own.findings.find(({ evidence }) => evidence.suggests !== null)?.evidence.suggests ?? null;
  if (suggests === null) return [];
  return [style.muted(line` next  ${clean(suggests.replaceAll('KEY', keyId ?? 'KEY'))}`)];
}
