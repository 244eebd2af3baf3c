import { formatDuration } from '../../domain/duration.js';
import type { ReviewDetail, ReviewSubject } from '../../domain/review.js';
import { grouped } from '../../render/numbers.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { type ReviewState, selectedSubject } from './review-state.js';
import { subjectName } from './subject-words.js';

/** The queue and the selected key as sentences, for a screen reader: no columns, no charts, no signs. */
export function readerLines(state: ReviewState): Safe[] {
  const subject = selectedSubject(state);
  if (state.picture === null) return [line`Loading.`];
  if (subject === null) return [line`Nothing to review.`];
  const at = state.listed.indexOf(subject) + 1;
  const marked = state.marked.has(subject.id) ? line`, marked` : line``;
  const detail = state.detail?.id === subject.id ? state.detail : null;
  return [
    line`${at} of ${state.listed.length}${marked}: ${subjectSentence(subject, state.now)}`,
    ...subject.risk.steps.map(
      ({ finding, points }) =>
        line`Plus ${points}, ${clean(finding.family)}, ${clean(finding.severity)}: ${clean(finding.summary)}. ${clean(finding.status)}.`,
    ),
    ...(detail === null ? [] : detailSentences(detail)),
  ];
}

function subjectSentence(subject: ReviewSubject, now: number): Safe {
  const { keyId, risk, owner, status, lastUsedAt, raisedAt } = subject;
  const since = (at: number) => clean(formatDuration(Math.max(0, Math.round((now - at) / 1000))));
  const parts = [
    line`${subjectName(subject)}, risk ${risk.risk}, ${clean(risk.severity)}`,
    ...(keyId === null ? [] : [clean(keyId)]),
    ...(status === null ? [] : [clean(status)]),
    ...(owner === null ? [] : [line`owner ${clean(owner)}`]),
    lastUsedAt === null ? line`never used` : line`last used ${since(lastUsedAt)} ago`,
    line`found ${since(raisedAt)} ago`,
  ];
  return line`${joinWith(line`, `, parts)}.`;
}

function detailSentences({ hours, ips, endpoints, agents }: ReviewDetail): Safe[] {
  const last = hours.at(-1);
  const usual =
    last === undefined || last.low === null || last.high === null
      ? line`what is usual is not known`
      : line`usual are ${grouped(Math.round(last.low))} to ${grouped(Math.round(last.high))}`;
  const list = (label: Safe, values: ReviewDetail['ips']): Safe[] => {
    if (values.length === 0) return [];
    const each = values
      .slice(0, 3)
      .map(
        ({ value, requests, isNew }) =>
          line`${clean(value)} ${grouped(requests)} times${isNew === true ? line`, new` : line``}`,
      );
    return [line`${label} ${joinWith(line`; `, each)}.`];
  };
  return [
    ...(last === undefined ? [] : [line`In this hour ${grouped(last.requests)} requests, ${usual}.`]),
    ...list(line`From`, ips),
    ...list(line`To`, endpoints),
    ...list(line`By`, agents),
  ];
}
