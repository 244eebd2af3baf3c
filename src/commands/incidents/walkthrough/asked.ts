import type { Context } from '../../../actions/context.js';
import type { Draft } from '../../../actions/incidents/walkthrough/notify.js';
import type { StepDone } from '../../../actions/incidents/walkthrough/run-step.js';
import type { Walkthrough } from '../../../actions/incidents/walkthrough/walkthrough.js';
import { exitCodes, KeyctlError, usageError } from '../../../domain/errors.js';
import type { PlaybookStep } from '../../../domain/playbooks/playbook.js';
import type { Secret } from '../../../domain/secret.js';
import { line, type Safe } from '../../../render/terminal-text.js';
import type { Choice } from '../../../runtime/prompts.js';
import type { Runtime } from '../../../runtime/runtime.js';
import type { RunFlags } from './run-flags.js';

/** What one run keeps in mind from step to step: nothing of it is stored. */
export interface RunMemory {
  /** Tokens that were pasted, by key id: the proof that a key is dead tries them. */
  readonly tokens: Map<string, Secret>;
  /** Keys that were found before the incident was opened. */
  found: { readonly keyIds: readonly string[]; readonly from: string } | null;
  /** The log alone did not show it before: a place to try the key is asked for. */
  proofTried: boolean;
  /** The texts of `notify`, which name people and stand in no record. */
  drafts: readonly Draft[];
}

/** A step that is about to be done, for whoever asks what it needs. */
export interface StepAsked {
  readonly rt: Runtime;
  readonly walk: Walkthrough;
  readonly step: PlaybookStep;
  readonly flags: RunFlags;
  readonly memory: RunMemory;
}

/** The work of a step when everything it needs is known. */
export type StepWork = (inside: Context, walk: Walkthrough) => Promise<StepDone>;

type StepAnswer = StepWork | 'skip' | 'leave';

export type AskStep = (asked: StepAsked) => Promise<StepAnswer>;

/** Asks which of several things is done; leaving the step out and leaving the walk stand below them. */
export async function askWhich<T>(
  rt: Runtime,
  message: Safe,
  choices: readonly Choice<T>[],
): Promise<T | 'skip' | 'leave'> {
  return await rt.prompts.select<T | 'skip' | 'leave'>(message, [
    ...choices,
    { value: 'skip', name: line`skip this step`, description: line`asks why; it stands in the timeline` },
    { value: 'leave', name: line`quit for now`, description: line`everything done so far is kept` },
  ]);
}

/** Refuses (2) what is missing where nobody can be asked. */
export function missing(rt: Runtime, flag: string, problem: string, example: string): void {
  if (!rt.canAsk) throw usageError(flag, problem, example);
}

/** Refuses (5) a dangerous step where nobody can be asked and nobody said yes. */
export function requireYes({ rt, flags, walk, step }: StepAsked): void {
  if (rt.canAsk || flags.yes === true) return;
  throw new KeyctlError({
    code: 'not_confirmed',
    message: 'this asks before it acts, and there is no terminal to ask on',
    hint: `keyctl incidents run ${walk.row.incident_id} --step ${step.name} … --yes`,
    exitCode: exitCodes.confirmation,
  });
}

/** The reason that a change is made with: as it was given, else what the incident is about. */
export function reasonOf({ walk, flags }: Pick<StepAsked, 'walk' | 'flags'>): string {
  return flags.reason ?? `${walk.row.incident_id}: ${walk.row.title}`;
}
