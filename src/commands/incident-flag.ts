import type { Command } from 'commander';
import type { Context } from '../actions/context.js';
import type { IncidentChoice } from '../actions/incidents/enter-incident.js';
import type { RevocationCode } from '../db/kernel-keys.js';
import { parseIncidentId } from '../domain/incident.js';
import { programName } from '../render/program-name.js';
import { clean, line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';

export interface IncidentFlag {
  readonly incident?: IncidentChoice;
}

/** Adds `--incident INC-n|new` to a change that can belong to one. */
export function addIncidentFlag(command: Command): Command {
  return command.option(
    '--incident <id>',
    'the incident it belongs to: INC-7, or new to open one; the keys become linked to it',
    parseIncidentChoice,
  );
}

function parseIncidentChoice(text: string): IncidentChoice {
  return text.trim().toLowerCase() === 'new'
    ? { kind: 'new' }
    : { kind: 'id', incidentId: parseIncidentId('--incident', text) };
}

/**
 * The context in which the change names its incident, which is opened for it when that was asked for; the same context
 * without the flag.
 */
export async function inIncident(
  rt: Runtime,
  ctx: Context,
  { incident }: IncidentFlag,
  change: { readonly keyIds: readonly string[]; readonly reason: string; readonly code?: RevocationCode },
): Promise<Context> {
  if (incident === undefined) return ctx;
  const { enterIncident } = await import('../actions/incidents/enter-incident.js');
  const { keyIds, reason, code = null } = change;
  // Keys that are dead already need no reason.
  const title = reason === '' ? 'opened with keys that were dead already' : reason;
  const entered = await enterIncident(ctx, incident, { keyIds, title, code });
  if (entered.isNew) {
    const keyctl = programName(rt.flags.demo);
    rt.say(
      line`${rt.style('stderr').sign.ok} ${clean(entered.incidentId)} opened: ${clean(entered.title)} (${keyctl} incidents show ${clean(entered.incidentId)})`,
    );
  }
  return entered.ctx;
}
