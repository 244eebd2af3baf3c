import type { TriageFinding } from '../../domain/triage.js';
import { fit, padEnd, padStart, width } from '../../render/layout.js';
import { statusWord } from '../../render/status-word.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { fittingParts } from '../kit/fitting-parts.js';
import { findingName, type TriageView, timeText } from './triage-words.js';

/** Why something should be an incident: the findings, what each adds to the risk, and when it was raised. */
export function findingLines(finding: TriageFinding, view: TriageView): Safe[] {
  const { columns, style, rows, now } = view;
  const { risk } = finding;
  const steps = risk.steps.map(({ finding: each, points }) => {
    const head = line` ${padStart(line`+${points}`, 3)} ${padEnd(clean(each.family), 9)} ${style.muted(timeText(each.detectedAt, now))} `;
    return line`${head}${clean(each.summary)}`;
  });
  const tone = risk.severity === 'critical' ? 'danger' : 'warning';
  const sum = line` ${style[tone](line`${style.sign[tone]} risk ${risk.risk} ${clean(risk.severity)}`)}, part of no incident`;
  const next = line` ${style.strong(line`next`)}   make it an incident (i); the review has the details: keyctl audit review`;
  const parts = [
    { rank: 9, lines: [headingLine(finding, view)] },
    { rank: 8, lines: [sum] },
    { rank: 6, lines: steps },
    { rank: 7, lines: [next] },
  ];
  return fittingParts(parts, rows).map((text) => fit(text, columns, style.glyph.ellipsis));
}

function headingLine(finding: TriageFinding, { columns, style }: TriageView): Safe {
  const { keyId, status, owner } = finding;
  const facts = [
    keyId === null
      ? line`${findingName(finding)}  no key of ours`
      : line`${style.strong(clean(keyId))}  ${findingName(finding)}`,
    ...(status === null ? [] : [statusWord(status, style)]),
    ...(owner === null ? [] : [clean(owner)]),
  ];
  const head = fit(
    line`${style.glyph.rule} ${joinWith(line` ${style.glyph.dot} `, facts)} `,
    columns,
    style.glyph.ellipsis,
  );
  return line`${head}${style.muted(clean(style.glyph.rule.repeat(Math.max(0, columns - width(head)))))}`;
}
