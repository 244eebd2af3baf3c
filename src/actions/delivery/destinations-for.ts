import { resolve } from 'node:path';
import { type DeliveryMap, type MappedKey, mappedDestinations } from '../../domain/delivery-map.js';
import { type Destination, destinationName } from '../../domain/destination.js';
import { usageError } from '../../domain/errors.js';
import { ageSink } from './age-sink.js';
import { envSink } from './env-sink.js';
import { execSink } from './exec-sink.js';
import { fileSink } from './file-sink.js';
import type { HookWorld } from './run-hook.js';
import type { Sink } from './sink.js';

/** Where keys go: all to the same places, each into a file of its own, or each where a map says. */
export type DeliveryPlan =
  | { readonly kind: 'fixed'; readonly destinations: readonly Destination[] }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'map'; readonly map: DeliveryMap };

/** A key about to be delivered. */
export interface KeyToDeliver extends MappedKey {
  readonly oldKeyId: string | null;
}

/** What making a sink needs. */
export interface SinkWorld extends HookWorld {
  /** What relative paths begin at. */
  readonly workingDirectory: string;
  /** A new sink that prints; only commands have one. */
  readonly stdout: () => Sink;
}

/** The order in which sinks are staged: what is easily taken back first, what cannot be taken back last. */
const order: Readonly<Record<Destination['kind'], number>> = { file: 0, age: 1, env: 2, exec: 3, stdout: 4 };

/**
 * The sinks of one key, new ones for each, in the order to stage them; null when the plan has no place for it.
 * @throws KeyctlError 2 when the key's name cannot stand where a map's `{name}` does
 */
export function sinksFor(plan: DeliveryPlan, key: KeyToDeliver, world: SinkWorld): readonly Sink[] | null {
  switch (plan.kind) {
    case 'fixed':
      return sinksOf(plan.destinations, world);
    case 'directory':
      return [fileSink(resolve(world.workingDirectory, plan.path, key.keyId))];
    case 'map': {
      const destinations = mappedDestinations(plan.map, key);
      return destinations === null ? null : sinksOf(destinations, world);
    }
  }
}

/** The sinks of these destinations, in the order to stage them. */
export function sinksOf(destinations: readonly Destination[], world: SinkWorld): readonly Sink[] {
  return destinations.toSorted((a, b) => order[a.kind] - order[b.kind]).map((to) => sinkOf(to, world));
}

/** Refuses a sink that is named twice, however its path is spelled. */
export function refuseTwice(
  flag: string,
  destinations: readonly Destination[],
  workingDirectory: string,
): void {
  const names = destinations.map((to) => destinationName(placed(to, workingDirectory)));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw usageError(flag, `${twice} is named twice`, `${flag} ${twice}`);
}

function sinkOf(destination: Destination, world: SinkWorld): Sink {
  const to = placed(destination, world.workingDirectory);
  switch (to.kind) {
    case 'stdout':
      return world.stdout();
    case 'file':
      return fileSink(to.path);
    case 'env':
      return envSink(to);
    case 'age':
      return ageSink(to.recipient, to.path);
    case 'exec':
      return execSink(to.command, world);
  }
}

function placed(to: Destination, workingDirectory: string): Destination {
  return 'path' in to ? { ...to, path: resolve(workingDirectory, to.path) } : to;
}
