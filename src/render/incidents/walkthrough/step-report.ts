import type { Draft } from '../../../actions/incidents/walkthrough/notify.js';
import type { StepReport } from '../../../actions/incidents/walkthrough/run-step.js';
import type { Walkthrough } from '../../../actions/incidents/walkthrough/walkthrough.js';
import type { StepKind } from '../../../domain/playbooks/step-kinds.js';
import type { Json, Renderer } from '../../renderer.js';
import { clean, joinLines, line, type Safe } from '../../terminal-text.js';
import { resultLines } from './result-lines.js';

/** A step that was done, and how the incident stands after it. */
export interface StepShown {
  readonly report: StepReport;
  readonly kind: StepKind;
  readonly walk: Walkthrough;
  /** What people are to be told, of the step that drafts it. */
  readonly drafts: readonly Draft[];
}

/** `incidents run --step`, and what the guided walk says after each step. */
export const stepReport: Renderer<StepShown> = {
  text({ report, kind }, view) {
    const { style } = view;
    const { incidentId, step, outcome, by, problem } = report;
    const name = line`${clean(incidentId)} ${clean(step)}`;
    const lines = resultLines(kind, report.result, view).map((each) => line`  ${each}`);
    const head = (): Safe => {
      switch (outcome) {
        case 'done':
          return style.ok(line`${style.sign.ok} ${name} done`);
        case 'already_done':
          return line`${style.sign.ok} ${name} was done already${by === null ? line`` : line` by ${clean(by)}`}`;
        case 'skipped':
          return line`${style.sign.muted} ${name} skipped: ${clean(String(report.result.reason ?? ''))}`;
        case 'not_done':
          return style.warning(
            line`${style.sign.warning} ${name} is not done: ${clean(problem?.message ?? 'something is missing')}`,
          );
      }
    };
    const hint = problem?.hint ?? null;
    return joinLines([
      head(),
      ...(outcome === 'skipped' ? [] : lines),
      ...(hint === null ? [] : [line`  try: ${clean(hint)}`]),
    ]);
  },
  json: ({ report, kind, walk, drafts }) => ({
    operation_id: report.operationId,
    incident_id: report.incidentId,
    step: report.step,
    kind,
    outcome: report.outcome,
    by: report.by,
    at: report.at,
    result: report.result as Record<string, Json>,
    problem: report.problem?.message ?? null,
    drafts: drafts.map(({ audience, subject, to, text }): Json => ({ audience, subject, to, text })),
    state: walk.row.state,
    next_step: walk.next?.step.name ?? null,
  }),
  ids: ({ report }) => [report.incidentId],
};
