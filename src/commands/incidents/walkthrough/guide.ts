import type { StepReport } from '../../../actions/incidents/walkthrough/run-step.js';
import {
  beginWalkthrough,
  type Walkthrough,
  type WalkthroughStep,
  walkthroughOf,
} from '../../../actions/incidents/walkthrough/walkthrough.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import type { Playbook } from '../../../domain/playbooks/playbook.js';
import { parseReason } from '../../../domain/reason.js';
import { stepIntroduction, walkthroughSoFar } from '../../../render/incidents/walkthrough/plan.js';
import { stepReport } from '../../../render/incidents/walkthrough/step-report.js';
import { programName } from '../../../render/program-name.js';
import { clean, line } from '../../../render/terminal-text.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { askValue } from '../../ask-value.js';
import { askStep } from './ask-step.js';
import { askWhich, type RunMemory, type StepAsked } from './asked.js';
import { doStep, skipStep } from './do-step.js';
import type { RunFlags } from './run-flags.js';

/** Walks through an incident step by step, until it is closed or the person leaves; answers how it stands then. */
export async function guide(
  rt: Runtime,
  input: {
    readonly incidentId: string;
    readonly playbook: Playbook | null;
    readonly flags: RunFlags;
    readonly memory: RunMemory;
  },
): Promise<Walkthrough> {
  const { incidentId, flags, memory } = input;
  let walk = await rt.withContext({}, (ctx) => beginWalkthrough(ctx, incidentId, input.playbook));
  if (walk.detail.steps.length > 0) rt.warn(walkthroughSoFar(walk, rt.view('stderr')));
  for (;;) {
    const { next } = walk;
    if (next === null) return ended(rt, walk);
    rt.warn(stepIntroduction(walk, next.step, rt.view('stderr')));
    const asked: StepAsked = { rt, walk, step: next.step, flags: withoutOperation(flags), memory };
    if ((await oneStep(asked, next)) === 'leave') return left(rt, walk);
    walk = await rt.withContext({}, (ctx) => walkthroughOf(ctx, incidentId, null));
  }
}

/** One operation id is one change: it belongs to no step of a whole walk. */
function withoutOperation({ operationId, ...flags }: RunFlags): RunFlags {
  return operationId === undefined ? flags : { ...flags };
}

/** Asks, does and tells one step; what did not come off can be tried again, left out or left. */
async function oneStep(asked: StepAsked, next: WalkthroughStep): Promise<'on' | 'leave'> {
  const { rt } = asked;
  try {
    const answer = await askStep(asked);
    if (answer === 'leave') return 'leave';
    if (answer === 'skip') return await skipped(asked);
    const report = await held(asked, (takeOver) =>
      doStep(asked, answer, { takeOver, again: next.state === 'again' }),
    );
    if (report === 'leave') return 'leave';
    tell(asked, report);
    return report.outcome === 'not_done' ? await failed(asked) : 'on';
  } catch (error) {
    if (!(error instanceof KeyctlError) || !mendable.includes(error.exitCode)) throw error;
    const { sign, warning } = rt.style('stderr');
    rt.warn(warning(line`${sign.warning} ${clean(error.message)}`));
    return await failed(asked);
  }
}

/** What a person can do something about; a lost database ends the walk, which goes on later. */
const mendable: readonly number[] = [
  ...[exitCodes.usage, exitCodes.notFound, exitCodes.state, exitCodes.confirmation, exitCodes.partial],
  ...[exitCodes.check, exitCodes.undelivered, exitCodes.config],
];

function tell({ rt, walk, step }: StepAsked, report: StepReport): void {
  rt.warn(stepReport.text({ report, kind: step.kind, walk, drafts: [] }, rt.view('stderr')));
}

async function failed(asked: StepAsked): Promise<'on' | 'leave'> {
  const which = await askWhich(asked.rt, line`And now?`, [
    {
      value: 'again' as const,
      name: line`try it again`,
      description: line`what was done already is not done twice`,
    },
  ]);
  if (which === 'again') return 'on';
  return which === 'skip' ? await skipped(asked) : which;
}

async function skipped(asked: StepAsked): Promise<'on'> {
  const reason = await askValue(asked.rt, undefined, {
    flag: '--skip',
    example: '"the key was never used, nothing to preserve"',
    question: line`Why is it left out:`,
    parse: (text) => parseReason('--skip', text),
  });
  tell(asked, await skipStep(asked, reason));
  return 'on';
}

/** Somebody else has the step: it can be taken over when they are gone. */
async function held<T>(asked: StepAsked, work: (takeOver: boolean) => Promise<T>): Promise<T | 'leave'> {
  try {
    return await work(asked.flags.takeOver === true);
  } catch (error) {
    if (!(error instanceof KeyctlError) || error.code !== 'step_held') throw error;
    asked.rt.warn(clean(error.message));
    const which = await asked.rt.prompts.select(line`Take it over?`, [
      { value: 'leave' as const, name: line`no, leave it to them` },
      {
        value: 'take' as const,
        name: line`take it over`,
        description: line`what they did already is not done twice`,
      },
    ]);
    return which === 'take' ? await work(true) : which;
  }
}

function ended(rt: Runtime, walk: Walkthrough): Walkthrough {
  const { sign, ok } = rt.style('stderr');
  const { incident_id: id, state } = walk.row;
  const keyctl = programName(rt.flags.demo);
  rt.say(ok(line`${sign.ok} ${clean(id)} is ${clean(state)}`));
  rt.say(
    rt
      .style('stderr')
      .muted(line`  next  ${keyctl} incidents report ${clean(id)}   what happened, for others`),
  );
  return walk;
}

function left(rt: Runtime, walk: Walkthrough): Walkthrough {
  const { incident_id: id } = walk.row;
  rt.say(
    line`Left at ${clean(walk.next?.step.name ?? '')}. Anybody can go on:  ${programName(rt.flags.demo)} incidents run ${clean(id)}`,
  );
  return walk;
}
