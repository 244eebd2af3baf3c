import type { PrepareOptions } from '../../db/kernel-rotation.js';
import type { KeyRow } from '../../db/reads/keys.js';
import type { KeyctlError } from '../../domain/errors.js';
import type { Secret } from '../../domain/secret.js';
import { defaultPrefix } from '../../domain/token.js';
import type { IssuedKey, Sink } from '../delivery/sink.js';
import type { ProbeAnswer } from '../probe-key.js';

/** A key to be rotated, in the version that was seen. */
export interface RotationTarget {
  readonly keyId: string;
  readonly version: number;
  readonly name: string;
  /** What the successor's token begins with. */
  readonly prefix: string;
  readonly ownerEmail: string | null;
}

/** A successor that is looking for the places its secret goes to. */
interface OutgoingKey {
  readonly keyId: string;
  readonly name: string;
  readonly prefix: string;
  readonly ownerEmail: string | null;
  readonly oldKeyId: string;
}

/** How keys are rotated; the same for each of them. */
export interface RotationOrder {
  readonly options: PrepareOptions;
  readonly reason: string;
  /** Null: there is no place for that key's secret, so nothing is minted for it. */
  readonly sinksFor: (key: OutgoingKey) => Promise<readonly Sink[] | null>;
  /** Reloads what uses the keys, once their secrets are in place; answers why that failed, in words, or null. */
  readonly after?: ((keys: readonly IssuedKey[]) => Promise<string | null>) | undefined;
  /** Tries a new key where it will be used. */
  readonly probe?: ((secret: Secret) => Promise<ProbeAnswer>) | undefined;
}

export type RotationOutcome =
  /** The successor is active and everywhere it should be. */
  | 'rotated'
  /** The same, by an earlier run of this operation: its secret was delivered then. */
  | 'repeated'
  /** Active, but a sink, `--after` or the probe did not get through; both keys are usable. */
  | 'unfinished'
  | 'unproven'
  /** Nothing was activated. */
  | 'undelivered'
  | 'refused'
  | 'failed'
  /** Another run has it, or had it. */
  | 'skipped'
  | 'unknown';

export interface RotationResult {
  readonly target: RotationTarget;
  readonly outcome: RotationOutcome;
  /** The successor, as far as there is one. */
  readonly key: IssuedKey | null;
  /** Older keys of the family that ended with this. */
  readonly ended: readonly string[];
  readonly probe: ProbeAnswer | null;
  /** Why it is not `rotated` or `repeated`. */
  readonly error: KeyctlError | null;
}

/** @param prefix of the successor's token; the old key's own when null */
export function targetOf({ key, owner }: KeyRow, prefix: string | null = null): RotationTarget {
  return {
    keyId: key.id,
    version: key.version,
    name: key.name,
    prefix: prefix ?? key.prefix ?? defaultPrefix,
    ownerEmail: owner?.email ?? null,
  };
}

/** The result of a key that came no further; without a successor. */
export function settle(
  target: RotationTarget,
  outcome: RotationOutcome,
  error: KeyctlError | null,
): RotationResult {
  return { target, outcome, key: null, ended: [], probe: null, error };
}
