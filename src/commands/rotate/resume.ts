import type { Command } from 'commander';
import type { Context } from '../../actions/context.js';
import type { RotationFactsRow } from '../../db/reads/rotation-facts.js';
import { type Destination, parseDestination } from '../../domain/destination.js';
import { usageError } from '../../domain/errors.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askConsent, requireConsent } from '../consent.js';
import { deliveryPlan } from '../delivery.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { addSecretFlags, placesOf, type SecretFlags, type SecretPlaces } from './secret-places.js';
import { tellOne } from './tell-rotation.js';

interface ResumeFlags extends ChangeFlags, SecretFlags {}

/** `keyctl rotate resume ID`: finishes a rotation that was cut off. */
export function resumeCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'resume')
    .summary('finish a rotation that was cut off')
    .description(
      'Finish a rotation that was cut off: the places that it was going to still hold the secret. Files and env files are ' +
        'looked up where they were; commands are not taken from the database, so exec: is given again with --deliver.',
    )
    .argument('<id>', 'rotation, start of its id, or a KEY of its family');
  addSecretFlags(command);
  addChangeFlags(command);
  return command.action(async (id: string, flags: ResumeFlags) => {
    requireConsent(rt, flags);
    const facts = await rt.withContext({}, (ctx) => find(rt, ctx, id));
    const places = await placesFor(rt, facts, flags);
    if (flags.dryRun === true) {
      const { deliveryPlanned } = await import('../../render/rotation-plan.js');
      const { rotation_id: rotationId, new_key_id: newKeyId } = facts;
      const plan = { verb: line`finish`, rotationId, newKeyId, deliverTo: places.names };
      return await rt.print(deliveryPlanned, plan);
    }
    if (flags.yes !== true) await ask(rt, facts, places);
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      const { factsOf, resumeRotation } = await import('../../actions/rotation/resume-rotation.js');
      const result = await resumeRotation(ctx, await factsOf(ctx, facts.rotation_id), places);
      await tellOne(rt, result, places);
    });
  });
}

async function find(rt: Runtime, ctx: Context, id: string): Promise<RotationFactsRow> {
  const { findRotation } = await import('../../actions/rotation/find-rotation.js');
  const { factsOf } = await import('../../actions/rotation/resume-rotation.js');
  const found = await findRotation(ctx, id, { interactive: rt.canAsk, states: ['pending', 'open'] });
  return await factsOf(ctx, found.rotation_id);
}

/** The places that were given, else those that the rotation was going to, as far as a database may name them. */
async function placesFor(rt: Runtime, facts: RotationFactsRow, flags: ResumeFlags): Promise<SecretPlaces> {
  const given = await deliveryPlan(rt, flags);
  if (given !== null) return await placesOf(rt, flags, given);
  const destinations: Destination[] = [];
  for (const name of facts.deliver_to) {
    if (name.startsWith('file:') || name.startsWith('env:'))
      destinations.push(parseDestination('--deliver', name));
    if (name.startsWith('exec:')) {
      throw usageError(
        '--deliver',
        'this rotation runs a command, which is never taken from the database',
        `--deliver '${name}'`,
      );
    }
  }
  return await placesOf(rt, flags, { kind: 'fixed', destinations });
}

async function ask(rt: Runtime, facts: RotationFactsRow, places: SecretPlaces): Promise<void> {
  const about = line`${clean(facts.rotation_id)}  ${clean(facts.name)}  v${facts.version}, in the place of ${clean(facts.key_id)}: its secret is looked for in ${clean(places.names.join(', '))}`;
  const warning = line`What is pending becomes active, and goes into its places.`;
  await askConsent(rt, { about, warning, verb: line`finish`, keyIds: [facts.new_key_id] });
}
