import type { TriageDetail, TriageIncident } from '../../domain/triage.js';
import { counted } from '../../render/numbers.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import { isAcknowledged } from './triage-state.js';
import type { TriageView } from './triage-words.js';

/** What should be done now, and by which key of the board: the most urgent first. */
export function nextLines(
  incident: TriageIncident,
  detail: TriageDetail,
  { style }: Pick<TriageView, 'style'>,
): Safe[] {
  const said = nextWords(incident, detail);
  return said.map((text, at) =>
    at === 0 ? line` ${style.strong(line`next`)}   ${text}` : line`        ${text}`,
  );
}

/** The same in words alone. */
export function nextWords(incident: TriageIncident, detail: TriageDetail): Safe[] {
  const usable = detail.keys.filter(({ isUsable }) => isUsable);
  const [first] = usable;
  const what =
    usable.length === 1 && first !== undefined ? clean(first.keyId) : counted(usable.length, 'usable key');
  const contain =
    first === undefined || incident.phase === null ? [] : [line`contain: revoke (r) or suspend (s) ${what}`];
  const acknowledge = !isAcknowledged(incident) ? [line`acknowledge it (a): you have taken it up`] : [];
  return [...contain, ...acknowledge, ...walkWords(detail)];
}

function walkWords({ playbook, blockers }: TriageDetail): Safe[] {
  const { steps, begun, name } = playbook;
  const at = steps.findIndex(({ state }) => state !== 'done' && state !== 'skipped');
  const step = steps[at];
  if (step !== undefined) {
    const held =
      step.state === 'running' && step.by !== null ? line`, under way by ${clean(step.by)}` : line``;
    const place = begun ? line`step ${at + 1} of ${steps.length}` : clean(name);
    return [line`${place}: ${clean(step.name)} (enter)${held}: ${clean(step.does)}`];
  }
  if (blockers.length === 0) return [line`close it (w)`];
  return [line`to close: ${joinWith(line`, `, blockers.slice(0, 3).map(clean))}`];
}
