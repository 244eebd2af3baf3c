import type { StepKind } from '../../../domain/playbooks/step-kinds.js';
import type { AskStep } from './asked.js';

/** What asks for each kind of step; loaded when the step comes. */
const askers: Readonly<Record<StepKind, () => Promise<AskStep>>> = {
  identify: async () => (await import('./identify.js')).askIdentify,
  gather: async () => (await import('./gather.js')).askGather,
  restrict: async () => (await import('./restrict.js')).askRestrict,
  'blast-radius': async () => (await import('./blast-radius.js')).askBlastRadius,
  contain: async () => (await import('./contain.js')).askContain,
  prove: async () => (await import('./prove.js')).askProve,
  preserve: async () => (await import('./preserve.js')).askPreserve,
  replace: async () => (await import('./replace.js')).askReplace,
  test: async () => (await import('./test-replacement.js')).askTest,
  watch: async () => (await import('./watch.js')).askWatch,
  notify: async () => (await import('./notify.js')).askNotify,
  decide: async () => (await import('./decide.js')).askDecide,
  task: async () => (await import('./task.js')).askTask,
  learn: async () => (await import('./learn.js')).askLearn,
  close: async () => (await import('./close.js')).askClose,
};

export const askStep: AskStep = async (asked) => await (await askers[asked.step.kind]())(asked);
