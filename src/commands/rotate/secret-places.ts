import type { Command } from 'commander';
import type { DeliveryPlan } from '../../actions/delivery/destinations-for.js';
import type { RotationOrder } from '../../actions/rotation/rotation-order.js';
import { destinationName } from '../../domain/destination.js';
import { usageError } from '../../domain/errors.js';
import { type HookCommand, parseHookCommand } from '../../domain/hook-command.js';
import type { Runtime } from '../../runtime/runtime.js';
import {
  addPlaceFlags,
  deliveryPlan,
  type PlaceFlags,
  requireSink,
  sinkWorld,
  terminalSink,
} from '../delivery.js';

export interface SecretFlags extends PlaceFlags {
  readonly after?: HookCommand;
}

/** Where the secrets of a rotation go. */
export interface SecretPlaces extends Pick<RotationOrder, 'sinksFor' | 'after'> {
  /** As a plan names them. */
  readonly names: readonly string[];
  /** stdout gets each key's record when it is staged, so that it is not printed again. */
  readonly printsRecords: boolean;
  /** Nothing was asked for: the terminal shows the secret. */
  readonly showsOnTerminal: boolean;
}

/** Adds `--deliver`, `--deliver-dir`, `--deliver-map` and `--after`. */
export function addSecretFlags(command: Command): Command {
  return addPlaceFlags(command).option(
    '--after <command>',
    'a program to run when the new secrets are in place: reload a service',
    (text: string) => parseHookCommand('--after', text, ''),
  );
}

/** Refuses (5, 2) secrets that would have no place, or one place for several, before anything is minted or opened. */
export async function secretPlaces(
  rt: Runtime,
  flags: SecretFlags,
  { several }: { readonly several: boolean },
): Promise<SecretPlaces> {
  requireSink(rt, flags);
  const plan = await deliveryPlan(rt, flags);
  if (several) refuseShared(rt, plan);
  return await placesOf(rt, flags, plan);
}

/** The same of a plan that is known. */
export async function placesOf(
  rt: Runtime,
  { after }: Pick<SecretFlags, 'after'>,
  plan: DeliveryPlan | null,
): Promise<SecretPlaces> {
  const { sinksFor } = await import('../../actions/delivery/destinations-for.js');
  const world = await sinkWorld(rt);
  return {
    sinksFor: async (key) => (plan === null ? [terminalSink(rt)] : sinksFor(plan, key, world)),
    after:
      after === undefined
        ? undefined
        : async (keys) => {
            const { runAfter } = await import('../../actions/delivery/after-command.js');
            const [only, second] = keys;
            return await runAfter(after, second === undefined ? (only ?? null) : null, world);
          },
    names: namesOf(plan),
    printsRecords: plan?.kind === 'fixed' && plan.destinations.some((to) => to.kind === 'stdout'),
    showsOnTerminal: plan === null,
  };
}

function namesOf(plan: DeliveryPlan | null): readonly string[] {
  if (plan === null) return ['terminal'];
  if (plan.kind === 'directory') return [`file:${plan.path}/KEY_ID`];
  return plan.kind === 'map' ? ['as the map says'] : plan.destinations.map(destinationName);
}

/** A file holds one key, and a JSON document one record. */
function refuseShared(rt: Runtime, plan: DeliveryPlan | null): void {
  if (plan?.kind !== 'fixed') return;
  const single = plan.destinations.find((to) => to.kind !== 'stdout' && to.kind !== 'exec');
  if (single !== undefined) {
    throw usageError('--deliver', `${single.kind}: holds one key`, '--deliver-dir /run/keys for several');
  }
  const prints = plan.destinations.some((to) => to.kind === 'stdout');
  if (prints && (rt.flags.output === 'json' || rt.flags.output === 'csv')) {
    throw usageError('--output', 'each key is printed when it is staged: a record a line', '-o ndjson');
  }
}
