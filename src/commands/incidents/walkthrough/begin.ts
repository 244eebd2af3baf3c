import { openIncident } from '../../../actions/incidents/open-incident.js';
import { keysOfPerson } from '../../../actions/incidents/walkthrough/gather.js';
import { listIncidents } from '../../../db/reads/incidents.js';
import { type IncidentSeverity, incidentSeverities } from '../../../domain/incident.js';
import { parsePlainText } from '../../../domain/plain-text.js';
import { builtInPlaybooks, playbookFor } from '../../../domain/playbooks/built-in.js';
import type { Playbook } from '../../../domain/playbooks/playbook.js';
import { severityWord } from '../../../render/incidents/incident-words.js';
import { clean, line } from '../../../render/terminal-text.js';
import type { Runtime } from '../../../runtime/runtime.js';
import type { RunMemory } from './asked.js';
import { askPerson, personByFlags } from './gather.js';
import { askLeaked, leakedByFlags } from './leaked-keys.js';
import type { RunFlags } from './run-flags.js';

const mostOffered = 5;

/** Which incident is walked through: one that is open, or a new one about what the person brings. */
export async function beginIncident(
  rt: Runtime,
  flags: RunFlags,
  memory: RunMemory,
  chosen: Playbook | null,
): Promise<{ readonly incidentId: string; readonly playbook: Playbook | null }> {
  const start = chosen ?? (await askStart(rt));
  if (typeof start === 'string') return { incidentId: start, playbook: null };
  const shown = await whatItIsAbout(rt, flags, memory, start);
  const title = flags.title ?? (await askTitle(rt, suggestion(start, shown)));
  const severity = flags.severity ?? (await askSeverity(rt));
  const { keyIds = [] } = memory.found ?? {};
  const detectedAt = flags.detectedAt?.toISOString() ?? null;
  const incidentId = await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    const opening = { title, severity, type: start.type, detectedAt, lead: null, keyIds };
    return (await openIncident(ctx, opening)).answer.incident_id;
  });
  const { sign, ok } = rt.style('stderr');
  rt.say(ok(line`${sign.ok} ${clean(incidentId)} opened: ${clean(title)}`));
  return { incidentId, playbook: start };
}

/** A playbook for something new, or the number of what is open. */
async function askStart(rt: Runtime): Promise<Playbook | string> {
  const { rows } = await rt.withContext({}, (ctx) =>
    ctx.db.query((db) => listIncidents(db, { filter: { open: true }, limit: mostOffered, offset: 0 })),
  );
  const style = rt.style('stderr');
  return await rt.prompts.select<Playbook | string>(line`What happened?`, [
    ...builtInPlaybooks.map((playbook) => ({
      value: playbook,
      name: clean(playbook.summary),
      description: line`${clean(playbook.name)}: ${playbook.steps.length} steps`,
    })),
    ...rows.map((row) => ({
      value: row.incident_id,
      name: line`go on with ${clean(row.incident_id)}  ${severityWord(row.severity, style)}  ${clean(row.title)}`,
      description: line`${clean(row.playbook_name ?? playbookFor(row.type).name)}, ${row.steps_done} of ${row.steps} steps done`,
    })),
  ]);
}

/** Finds the keys before the incident is opened, so that it is opened with them; answers how to call one of them. */
async function whatItIsAbout(
  rt: Runtime,
  flags: RunFlags,
  memory: RunMemory,
  playbook: Playbook,
): Promise<string | null> {
  if (playbook.steps[0]?.kind === 'gather') {
    const person = personByFlags(flags) ?? (await askPerson(rt));
    const rows = await rt.withContext({}, (ctx) => keysOfPerson(ctx, person));
    const living = rows.filter(({ key }) => !['revoked', 'replaced'].includes(key.status));
    memory.found = { keyIds: living.map(({ key }) => key.id), from: 'the keys of a person' };
    return null;
  }
  const leaked = (await leakedByFlags(rt, pipedToo(rt, flags))) ?? (await askLeaked(rt));
  for (const [id, token] of leaked.tokens) memory.tokens.set(id, token);
  memory.found = { keyIds: leaked.keyIds, from: leaked.from };
  return leaked.shown;
}

/** `keyctl incidents run <leak.txt`: what is piped in is the leak, and the questions go to the terminal. */
function pipedToo(rt: Runtime, flags: RunFlags): RunFlags {
  const { key, from, fromReport } = flags;
  const named = [key, from, fromReport].some((each) => each !== undefined);
  return named || rt.machine.terminal.stdin ? flags : { ...flags, from: '-' };
}

function suggestion({ name }: Playbook, shown: string | null): string {
  if (name === 'departure') return 'somebody leaves';
  const what = shown ?? 'several keys';
  return name === 'compromise' ? `${what} leaked` : `${what}: ${name}`;
}

async function askTitle(rt: Runtime, suggested: string): Promise<string> {
  const parse = (text: string) =>
    parsePlainText('--title', text, { max: 200, example: '--title "key in public repo acme/app"' });
  const typed = await rt.prompts.text(line`What happened, in a few words (Enter: ${clean(suggested)}):`, {
    check: (text) => (text.trim() === '' || [...text].length <= 200 ? true : 'at most 200 characters'),
  });
  return parse(typed.trim() === '' ? suggested : typed);
}

async function askSeverity(rt: Runtime): Promise<IncidentSeverity> {
  const style = rt.style('stderr');
  return await rt.prompts.select(
    line`How bad is it?`,
    incidentSeverities.map((value) => ({ value, name: severityWord(value, style) })),
  );
}
