import { formatDuration } from '../../domain/duration.js';
import type { ReviewSubject } from '../../domain/review.js';
import { fit, padEnd, padStart, width } from '../../render/layout.js';
import { statusWord } from '../../render/status-word.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import type { DetailView } from './detail-view.js';
import { ageText, severityTone, subjectName } from './subject-words.js';

/** The rule above the detail, with which key it is. */
export function headingLine(subject: ReviewSubject, { columns, style }: DetailView): Safe {
  const { keyId, status, activatedAt, scopes, owner } = subject;
  const dot = line` ${style.glyph.dot} `;
  const facts = [
    ...(keyId === null
      ? [line`no key of ours`]
      : [line`${style.strong(clean(keyId))}  ${subjectName(subject)}`]),
    ...(status === null ? [] : [statusWord(status, style)]),
    ...(activatedAt === null ? [] : [line`since ${clean(new Date(activatedAt).toISOString().slice(0, 10))}`]),
    ...(owner === null ? [] : [clean(owner)]),
    ...(scopes.length === 0 ? [] : [line`scopes ${clean(scopes.join(', '))}`]),
  ];
  const text = keyId === null ? joinWith(dot, [subjectName(subject), ...facts]) : joinWith(dot, facts);
  const head = fit(line`${style.glyph.rule} ${text} `, columns, style.glyph.ellipsis);
  return line`${head}${style.muted(clean(style.glyph.rule.repeat(Math.max(0, columns - width(head)))))}`;
}

/** `96 critical = 100 × (1 − .05 × .75)`: how the families' strengths make the risk (DETECTORS 3.8), and when it began. */
export function sumLines({ risk, raisedAt }: ReviewSubject, view: DetailView): Safe[] {
  const { columns, style } = view;
  const strengths = Object.values(risk.strengths).toSorted((a, b) => b - a);
  const factors = strengths.map((strength) => (1 - strength).toFixed(2).replace(/^0/, ''));
  const halved =
    risk.halvings === 0 ? '' : `, halved ${risk.halvings === 1 ? 'once' : `${risk.halvings} times`}`;
  const unicode = style.glyph.dash !== '-';
  const [times, minus] = unicode ? ['×', '−'] : ['x', '-'];
  const formula = clean(`= 100 ${times} (1 ${minus} ${factors.join(` ${times} `)})${halved}`);
  const tone = severityTone(risk.severity);
  const sum = line` ${style[tone](line`${style.sign[tone]} ${risk.risk} ${clean(risk.severity)}`)} ${style.muted(formula)}`;
  const onset = Math.min(...risk.steps.map(({ finding }) => finding.onsetAt));
  const late = Number.isFinite(onset)
    ? line`, after ${clean(formatDuration(Math.max(0, (raisedAt - onset) / 1000)))}`
    : line``;
  const raised = line`found ${ageText(raisedAt, view)} ago${late}`;
  const gap = columns - 1 - width(sum) - width(raised);
  if (gap < 2) return [sum, line` ${style.muted(raised)}`];
  return [line`${sum}${clean(' '.repeat(gap))}${style.muted(raised)}`];
}

/** `+95  auth    147 refusals from 198.51.100.17, then accepted`: the points, which add up to the risk. */
export function findingLines({ risk }: ReviewSubject, { columns, style }: DetailView, most: number): Safe[] {
  const lines = risk.steps.slice(0, most).map(({ finding, points }) => {
    const tone = severityTone(finding.severity);
    const open = finding.status === 'open' ? style[tone](style.sign[tone]) : style.muted(style.sign.ok);
    const head = line` ${padStart(line`+${points}`, 3)} ${open} ${padEnd(clean(finding.family), 9)} `;
    return line`${head}${fit(clean(finding.summary), Math.max(8, columns - width(head) - 1), style.glyph.ellipsis)}`;
  });
  const rest = risk.steps.slice(most);
  if (rest.length === 0) return lines;
  const points = rest.reduce((sum, step) => sum + step.points, 0);
  return [
    ...lines,
    line` ${padStart(line`+${points}`, 3)} ${style.muted(line`${style.sign.muted} in ${rest.length} more findings (enter shows them)`)}`,
  ];
}
