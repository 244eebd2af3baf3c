import { gather, type Person } from '../../../actions/incidents/walkthrough/gather.js';
import { parseEmail } from '../../../domain/setting-values.js';
import { line } from '../../../render/terminal-text.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { askValue } from '../../ask-value.js';
import { type AskStep, missing } from './asked.js';
import type { RunFlags } from './run-flags.js';

/** Who leaves: by flags, as those whose keys are linked already, or asked. */
export const askGather: AskStep = async ({ rt, flags, walk }) => {
  const person = personByFlags(flags);
  if (person === null && walk.detail.keys.length === 0) {
    missing(rt, '--owner', 'whose keys?', '--owner bob@example.com');
    const asked = await askPerson(rt);
    return (inside) => gather(inside, { incidentId: walk.row.incident_id, person: asked });
  }
  return (inside) => gather(inside, { incidentId: walk.row.incident_id, person });
};

export function personByFlags({ owner, userId }: RunFlags): Person | null {
  if (owner !== undefined) return { kind: 'owner', email: owner };
  return userId === undefined ? null : { kind: 'user', userId };
}

export async function askPerson(rt: Runtime): Promise<Person> {
  const email = await askValue(rt, undefined, {
    flag: '--owner',
    example: 'bob@example.com',
    question: line`Who leaves? (e-mail)`,
    parse: (text) => parseEmail('--owner', text.trim()),
  });
  return { kind: 'owner', email };
}
