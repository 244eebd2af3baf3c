import { noteIncident } from '../../../db/kernel-incidents.js';
import { timelinePage } from '../../../db/reads/incident-timeline.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import type { HookCommand } from '../../../domain/hook-command.js';
import { type Context, changeOf } from '../../context.js';
import { type HookWorld, runHook } from '../../delivery/run-hook.js';
import { SinkError } from '../../delivery/sink.js';
import { partOf, type StepDone } from './run-step.js';

/** A text for some people; made in `src/render/incidents/walkthrough/drafts.ts`. */
export interface Draft {
  readonly audience: 'owner' | 'security' | 'affected';
  readonly subject: string;
  readonly text: string;
  /** E-mail addresses; they go to the program that sends, and into no record. */
  readonly to: readonly string[];
}

export interface Notifying {
  readonly drafts: readonly Draft[];
  /** Null: they are sent by hand. */
  readonly send: { readonly command: HookCommand; readonly world: HookWorld } | null;
}

/**
 * Hands each text to the program that sends, and notes each one that it took: who was told is not told again by a run that
 * goes on. The program gets KEYCTL_OPERATION_ID, the same for the same text, should it be cut off in between.
 */
export async function notify(inside: Context, incidentId: string, input: Notifying): Promise<StepDone> {
  const told: { audience: string; recipients: number; sent: boolean; error: string | null }[] = [];
  let problem: KeyctlError | undefined;
  for (const draft of input.drafts) {
    const { audience, to } = draft;
    const about = { audience, recipients: to.length };
    if (input.send === null) {
      told.push({ ...about, sent: false, error: null });
      continue;
    }
    const part = partOf(inside, `notify ${audience}`);
    const error = await toldOnce(part, incidentId, draft, input.send);
    told.push({ ...about, sent: error === null, error });
    if (error !== null) problem = unsent(audience, error, incidentId);
  }
  const by = input.send === null ? 'hand' : 'program';
  const result = { by, texts: told };
  return problem === undefined ? { result, complete: true } : { result, complete: false, problem };
}

/** Null when it was sent, now or by an earlier run; else why not, in words. */
async function toldOnce(
  part: Context,
  incidentId: string,
  draft: Draft,
  { command, world }: NonNullable<Notifying['send']>,
): Promise<string | null> {
  if (await wasNoted(part, incidentId)) return null;
  try {
    await runHook(
      {
        command,
        variables: variablesOf(part, incidentId, draft),
        input: { text: draft.text },
        readsAll: false,
      },
      world,
    );
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return `${command.file}: ${error.message}`;
  }
  await part.reached('walkthrough.told');
  const note = `told: ${draft.audience}, ${draft.to.length} recipients, by ${command.file}`;
  await part.db.change(part.operationId, (db) => noteIncident(db, changeOf(part), { incidentId, note }));
  return null;
}

function variablesOf(part: Context, incidentId: string, draft: Draft): Record<string, string> {
  return {
    KEYCTL_PHASE: 'notify',
    KEYCTL_INCIDENT: incidentId,
    KEYCTL_AUDIENCE: draft.audience,
    KEYCTL_SUBJECT: draft.subject,
    KEYCTL_TO: draft.to.join(','),
    KEYCTL_OPERATION_ID: part.operationId,
  };
}

async function wasNoted(part: Context, incidentId: string): Promise<boolean> {
  for (let after = 0; ; ) {
    const page = await part.db.query((db) => timelinePage(db, { incidentId, after, limit: 500 }));
    if (page.some(({ operationId }) => operationId === part.operationId)) return true;
    const last = page.at(-1);
    if (last === undefined || page.length < 500) return false;
    after = last.seq;
  }
}

function unsent(audience: string, error: string, incidentId: string): KeyctlError {
  return new KeyctlError({
    code: 'not_sent',
    message: `${audience} was not told: ${error}`,
    hint: `mend it, then keyctl incidents run ${incidentId} --step notify --send '/path/of/program'`,
    exitCode: exitCodes.partial,
    outcome: 'partial',
  });
}
