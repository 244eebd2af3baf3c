import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { StepReport } from '../../actions/incidents/walkthrough/run-step.js';
import type { Walkthrough } from '../../actions/incidents/walkthrough/walkthrough.js';
import { exitCodes, usageError } from '../../domain/errors.js';
import { parseIncidentId } from '../../domain/incident.js';
import { builtInPlaybooks } from '../../domain/playbooks/built-in.js';
import type { Playbook } from '../../domain/playbooks/playbook.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, newCommand } from '../new-command.js';
import type { RunMemory, StepAsked } from './walkthrough/asked.js';
import {
  addContainFlags,
  addRecordFlags,
  addRestrictFlags,
  addWalkFlags,
  type RunFlags,
} from './walkthrough/run-flags.js';

export function runCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'run')
    .summary('walk through it: each step does its work and writes it down')
    .description(
      'Walk through an incident, guided: each step says why it is there and what it will do, does it, checks it and writes it down. ' +
        'Without an ID it begins with what leaked. It can be left at any time; anybody goes on with keyctl incidents run INC-7. ' +
        'Off a terminal --step does one step, and flags answer what it asks.',
    )
    .argument('[id]', 'INC-7, or 7; a new incident without it', (text) => parseIncidentId('ID', text));
  addWalkFlags(rt, command);
  addContainFlags(rt, command);
  addRestrictFlags(command);
  addRecordFlags(rt, command);
  addChangeFlags(command);
  return command.action(async (incidentId: string | undefined, flags: RunFlags) => {
    refuseContradictions(flags, incidentId);
    const chosen = flags.playbook === undefined ? null : await playbookNamed(rt, flags.playbook);
    if (flags.plan === true || flags.dryRun === true) return await plan(rt, incidentId ?? null, chosen);
    if (flags.step !== undefined && incidentId !== undefined)
      return await one(rt, incidentId, { flags, step: flags.step, chosen });
    await walkThrough(rt, incidentId ?? null, flags, chosen);
  });
}

function refuseContradictions(flags: RunFlags, incidentId: string | undefined): void {
  const { step, skip, again, takeOver } = flags;
  const example = 'keyctl incidents run INC-7 --step contain --how revoke --yes';
  if (step !== undefined && incidentId === undefined)
    throw usageError('ID', 'of which incident? keyctl incidents open makes one', example);
  if (step === undefined && skip !== undefined)
    throw usageError(
      '--skip',
      'goes with --step',
      'keyctl incidents run INC-7 --step notify --skip "told by phone, see OPS-7"',
    );
  if (step === undefined && (again === true || takeOver === true))
    throw usageError(again === true ? '--again' : '--take-over', 'goes with --step', example);
}

/** A built-in playbook, or a file of a team's own: whatever is no name of ours is a path. */
async function playbookNamed(rt: Runtime, name: string): Promise<Playbook> {
  const known = builtInPlaybooks.find((each) => each.name === name);
  if (known !== undefined) return known;
  const { parsePlaybook } = await import('../../domain/playbooks/parse-playbook.js');
  const file = resolve(rt.machine.workingDirectory, name);
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text !== null) return parsePlaybook('--playbook', name, text);
  const names = builtInPlaybooks.map((each) => each.name).join(', ');
  throw usageError(
    '--playbook',
    `${name} is none of ${names}, and no file that can be read`,
    '--playbook compromise',
  );
}

async function plan(rt: Runtime, incidentId: string | null, chosen: Playbook | null): Promise<void> {
  const { walkthroughPlan } = await import('../../render/incidents/walkthrough/plan.js');
  if (incidentId === null) {
    const playbook = chosen ?? builtInPlaybooks[0];
    if (playbook !== undefined) await rt.print(walkthroughPlan, { playbook, walk: null });
    return;
  }
  const { walkthroughOf } = await import('../../actions/incidents/walkthrough/walkthrough.js');
  await rt.withContext({}, async (ctx) => {
    const walk = await walkthroughOf(ctx, incidentId, chosen);
    await rt.print(walkthroughPlan, { playbook: walk.playbook, walk });
  });
}

interface OneStep {
  readonly flags: RunFlags;
  readonly step: string;
  readonly chosen: Playbook | null;
}

/** One step, for a script or a chat bot, or for whoever knows which one it is. */
async function one(rt: Runtime, incidentId: string, { flags, step, chosen }: OneStep): Promise<void> {
  const { beginWalkthrough, stepNamed, walkthroughOf } = await import(
    '../../actions/incidents/walkthrough/walkthrough.js'
  );
  const { reportOf } = await import('../../actions/incidents/walkthrough/run-step.js');
  const { stepReport } = await import('../../render/incidents/walkthrough/step-report.js');
  const walk = await rt.withContext({}, async (ctx) => {
    const seen = await walkthroughOf(ctx, incidentId, chosen);
    return seen.row.state === 'closed' ? await beginWalkthrough(ctx, incidentId, null) : seen;
  });
  const found = stepNamed(walk, step);
  const again = flags.again === true || found.state === 'again';
  const asked = { rt, walk, step: found.step, flags, memory: newMemory() };
  const report =
    found.state === 'done' && !again && found.record !== null
      ? reportOf(incidentId, found.record)
      : await done(asked, again, chosen);
  if (report === 'leave') return;
  const after = await rt.withContext({}, (ctx) => walkthroughOf(ctx, incidentId, null));
  rt.exitWith(report.outcome === 'not_done' ? (report.problem?.exitCode ?? exitCodes.check) : exitCodes.done);
  const { drafts } = asked.memory;
  await rt.print(stepReport, { report, kind: found.step.kind, walk: after, drafts });
}

/** Asks what the flags leave open, begins the walkthrough only then, and does the step or leaves it out. */
async function done(
  asked: StepAsked,
  again: boolean,
  chosen: Playbook | null,
): Promise<StepReport | 'leave'> {
  const { rt, flags, walk } = asked;
  const { beginWalkthrough } = await import('../../actions/incidents/walkthrough/walkthrough.js');
  const { askStep } = await import('./walkthrough/ask-step.js');
  const { doStep, skipStep } = await import('./walkthrough/do-step.js');
  const answer = flags.skip === undefined ? await askStep(asked) : 'skip';
  if (answer === 'leave') return answer;
  const reason = answer === 'skip' ? (flags.skip ?? (await askSkip(rt))) : '';
  await rt.withContext({}, (ctx) => beginWalkthrough(ctx, walk.row.incident_id, chosen));
  return answer === 'skip'
    ? await skipStep(asked, reason)
    : await doStep(asked, answer, { takeOver: flags.takeOver === true, again });
}

async function askSkip(rt: Runtime): Promise<string> {
  const { askReason } = await import('../ask-reason.js');
  return await askReason(rt, undefined);
}

async function walkThrough(
  rt: Runtime,
  given: string | null,
  flags: RunFlags,
  chosen: Playbook | null,
): Promise<void> {
  if (!rt.canAsk)
    throw usageError(
      '--step',
      'there is no terminal to walk through it on',
      'keyctl incidents run INC-7 --step contain --how revoke --yes; --plan shows the steps',
    );
  const { beginIncident } = await import('./walkthrough/begin.js');
  const { guide } = await import('./walkthrough/guide.js');
  const memory = newMemory();
  const begun =
    given === null ? await beginIncident(rt, flags, memory, chosen) : { incidentId: given, playbook: chosen };
  const walk: Walkthrough = await guide(rt, { ...begun, flags, memory });
  if (rt.flags.output === 'table') return;
  const { walkthroughPlan } = await import('../../render/incidents/walkthrough/plan.js');
  await rt.print(walkthroughPlan, { playbook: walk.playbook, walk });
}

function newMemory(): RunMemory {
  return { tokens: new Map(), found: null, proofTried: false, drafts: [] };
}
