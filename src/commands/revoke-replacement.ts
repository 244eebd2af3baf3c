import type { Context } from '../actions/context.js';
import type { FoundKey } from '../actions/find-keys.js';
import type { Revocations } from '../actions/revoke-keys.js';
import { rotateKeys } from '../actions/rotation/rotate-keys.js';
import { parseDestination } from '../domain/destination.js';
import { usageError } from '../domain/errors.js';
import { revocationReplaced } from '../render/revocation-replaced.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ReplaceFlags } from './revoke-replace-flags.js';
import { type SecretPlaces, secretPlaces } from './rotate/secret-places.js';

/** Where the secrets of replacements go; refuses (2, 5) what has no place, before anything is revoked. */
export async function placesOfReplacement(
  rt: Runtime,
  flags: ReplaceFlags,
  several: boolean,
): Promise<SecretPlaces> {
  const { deliver, deliverDir } = flags;
  const places = await secretPlaces(
    rt,
    {
      ...(deliver === undefined
        ? {}
        : { deliver: deliver.map((text) => parseDestination('--deliver', text)) }),
      ...(deliverDir === undefined ? {} : { deliverDir }),
    },
    { several },
  );
  if (places.printsRecords && rt.flags.output !== 'table') {
    throw usageError(
      '--deliver',
      `stdout is where the result of the revocation goes (-o ${rt.flags.output})`,
      '--deliver file:/path/of/a/new/file',
    );
  }
  return places;
}

/**
 * Issues a successor for each key that is revoked; the revocation stands whatever comes of this. Answers whether all are
 * replaced, and how to print both.
 */
export async function replaceRevoked(
  rt: Runtime,
  ctx: Context,
  wanted: {
    readonly keys: readonly FoundKey[];
    readonly done: Revocations;
    readonly reason: string;
    readonly places: SecretPlaces;
  },
): Promise<{ readonly all: boolean; readonly print: () => Promise<void> }> {
  const { keys, done, reason, places } = wanted;
  const dead = done.results.filter((result) => ['revoked', 'already_revoked'].includes(result.outcome));
  const ids = dead.map((result) => result.keyId);
  const rows = keys.map((key) => key.row).filter((row) => ids.includes(row.key.id));
  const { sinksFor, after } = places;
  const order = { options: { compromised: true }, reason, sinksFor, after };
  const replacements = await rotateKeys(ctx, rows, order, null);
  const value = { done, replacements };
  return {
    all: replacements.every((each) => each.error === null),
    // Where stdout has the secret alone, a script takes it from there.
    print: async () =>
      places.printsRecords
        ? rt.say(revocationReplaced.text(value, rt.view('stderr')))
        : await rt.print(revocationReplaced, value),
  };
}
