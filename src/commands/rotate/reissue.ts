import type { Command } from 'commander';
import type { RotationFactsRow } from '../../db/reads/rotation-facts.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askConsent, requireConsent } from '../consent.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { addSecretFlags, type SecretFlags, secretPlaces } from './secret-places.js';
import { tellOne } from './tell-rotation.js';

interface ReissueFlags extends ChangeFlags, SecretFlags {}

/** `keyctl rotate reissue ID`: a new secret for a successor whose own was lost before anybody used it. */
export function reissueCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'reissue')
    .summary('a new secret for a successor whose own was lost')
    .description(
      'Issue a new secret for a successor whose own was lost before its first use. The lost one is dead at once; the grace ' +
        'of the old key goes on as it was.',
    )
    .argument('<id>', 'rotation, start of its id, or a KEY of its family');
  addSecretFlags(command);
  addChangeFlags(command);
  return command.action(async (id: string, flags: ReissueFlags) => {
    requireConsent(rt, flags);
    const places = await secretPlaces(rt, flags, { several: false });
    const facts = await rt.withContext({}, async (ctx) => {
      const { findRotation } = await import('../../actions/rotation/find-rotation.js');
      const { factsOf } = await import('../../actions/rotation/resume-rotation.js');
      const found = await findRotation(ctx, id, { interactive: rt.canAsk, states: ['open', 'finalized'] });
      return await factsOf(ctx, found.rotation_id);
    });
    if (flags.dryRun === true) {
      const { deliveryPlanned } = await import('../../render/rotation-plan.js');
      const { rotation_id: rotationId, new_key_id: newKeyId } = facts;
      const plan = { verb: line`reissue`, rotationId, newKeyId, deliverTo: places.names };
      return await rt.print(deliveryPlanned, plan);
    }
    if (flags.yes !== true) await ask(rt, facts);
    await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
      const { newKeyOf } = await import('../../actions/rotation/resume-rotation.js');
      const { rotateBatch } = await import('../../actions/rotation/rotate-batch.js');
      // It has the reason of the rotation that it belongs to.
      const { sinksFor, after } = places;
      const order = { options: { kind: 'reissue' as const }, reason: facts.reason, sinksFor, after };
      const [result] = await rotateBatch(ctx, [newKeyOf(facts)], order);
      if (result !== undefined) await tellOne(rt, result, places);
    });
  });
}

async function ask(rt: Runtime, facts: RotationFactsRow): Promise<void> {
  const about = line`${clean(facts.new_key_id)}  ${clean(facts.name)}  v${facts.version}, in the place of ${clean(facts.key_id)} (${clean(facts.old_key_status)})`;
  const warning = line`Its secret, wherever it may be, is dead at once.`;
  await askConsent(rt, { about, warning, verb: line`reissue`, keyIds: [facts.new_key_id] });
}
