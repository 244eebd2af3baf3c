import type { Walkthrough, WalkthroughStep } from '../../../actions/incidents/walkthrough/walkthrough.js';
import type { Playbook } from '../../../domain/playbooks/playbook.js';
import { stepKindTexts } from '../../../domain/playbooks/step-kinds.js';
import { isoTime } from '../../../domain/stored-time.js';
import { labelled } from '../../labelled.js';
import type { Json, Renderer, View } from '../../renderer.js';
import { sentence } from '../../sentence.js';
import type { Style } from '../../style.js';
import { clean, joinLines, line, type Safe } from '../../terminal-text.js';

/** A playbook as it would be walked through, or as far as an incident came with it. */
export interface PlanShown {
  readonly playbook: Playbook;
  /** Null: of no incident. */
  readonly walk: Walkthrough | null;
}

/** `incidents run --plan`. */
export const walkthroughPlan: Renderer<PlanShown> = {
  text: (plan, view) =>
    joinLines([
      ...headingLines(plan, view),
      ...stepsOf(plan).flatMap((each, at) => stepLines(each, at + 1, plan.walk !== null, view)),
    ]),
  json: ({ playbook, walk }) => ({
    incident_id: walk?.row.incident_id ?? null,
    title: walk?.row.title ?? null,
    state: walk?.row.state ?? null,
    playbook: playbook.name,
    summary: playbook.summary,
    begun: walk?.begun ?? false,
    next_step: walk?.next?.step.name ?? null,
    steps: stepsOf({ playbook, walk }).map(stepRecord),
  }),
  ids: (plan) => plan.playbook.steps.map(({ name }) => name),
};

function stepsOf({ playbook, walk }: PlanShown): readonly WalkthroughStep[] {
  return walk?.steps ?? playbook.steps.map((step) => ({ step, state: 'open', record: null }));
}

function headingLines({ playbook, walk }: PlanShown, view: View): Safe[] {
  const { style } = view;
  const what = line`${style.strong(clean(playbook.name))}  ${clean(playbook.summary)}`;
  if (walk === null) return [what];
  const { incident_id: id, title, state } = walk.row;
  return [line`${style.strong(clean(id))}  ${clean(state)}  ${clean(title)}`, what];
}

function stepLines(each: WalkthroughStep, number: number, shown: boolean, view: View): Safe[] {
  const { step } = each;
  const { style } = view;
  const standing = shown ? line`  ${stateWords(each, style)}` : line``;
  const optional = step.required ? line`` : line` (optional)`;
  return [
    line`${number}. ${style.strong(clean(step.name))}${optional}${standing}`,
    labelled(line`why`, whyOf(step), view),
    labelled(line`does`, doesOf(step), view),
    labelled(line`checks`, clean(stepKindTexts[step.kind].checks), view),
  ];
}

/** Why a step is there: as the team says it, else as its kind does. */
function whyOf({ why, kind }: WalkthroughStep['step']): Safe {
  return clean(why ?? stepKindTexts[kind].why);
}

function doesOf({ text, kind }: WalkthroughStep['step']): Safe {
  return clean(text ?? stepKindTexts[kind].does);
}

/** How a step stands, and by whom. */
function stateWords({ state, record }: WalkthroughStep, style: Style): Safe {
  const by = line`by ${clean(record?.finished_by ?? record?.taken_by ?? '')}`;
  const at = clean(
    `${isoTime(record?.finished_at ?? record?.taken_at ?? '1970-01-01T00:00:00Z').slice(0, 19)}Z`,
  );
  switch (state) {
    case 'done':
      return style.ok(line`${style.sign.ok} done ${at} ${by}`);
    case 'running':
      return style.notice(line`${style.sign.notice} under way since ${at} ${by}`);
    case 'skipped':
      return line`${style.sign.muted} skipped ${at} ${by}: ${clean(record?.reason ?? 'without a reason')}`;
    case 'again':
      return style.danger(line`${style.sign.danger} to be done again: the incident opened again after ${at}`);
    case 'open':
      return line`${style.sign.muted} open`;
  }
}

/** What stands above a step before it is done: `3/11 contain`, why it is there and what it will do. */
export function stepIntroduction(walk: Walkthrough, step: WalkthroughStep['step'], view: View): Safe {
  const { style } = view;
  const at = walk.playbook.steps.findIndex(({ name }) => name === step.name) + 1;
  return joinLines([
    line``,
    style.strong(line`${at}/${walk.playbook.steps.length} ${clean(step.name)}`),
    sentence(whyOf(step), view),
    sentence(style.muted(line`This ${doesOf(step)}.`), view),
  ]);
}

/** What was done before somebody goes on: the steps that are finished, and by whom. */
export function walkthroughSoFar(walk: Walkthrough, view: View): Safe {
  const { style } = view;
  const { incident_id: id, title, state } = walk.row;
  const touched = walk.steps.filter(({ state: of }) => of !== 'open');
  return joinLines([
    line`${style.strong(clean(id))}  ${clean(state)}  ${clean(title)}`,
    ...touched.map((each) => line`  ${clean(each.step.name.padEnd(14))}${stateWords(each, style)}`),
  ]);
}

function stepRecord({ step, state, record }: WalkthroughStep): Readonly<Record<string, Json>> {
  return {
    step: step.name,
    kind: step.kind,
    required: step.required,
    state,
    why: whyOf(step),
    does: doesOf(step),
    checks: stepKindTexts[step.kind].checks,
    by: record?.finished_by ?? record?.taken_by ?? null,
    at: record === null ? null : isoTime(record.finished_at ?? record.taken_at),
    reason: record?.reason ?? null,
  };
}
