import type { Command } from 'commander';
import { usageError } from '../domain/errors.js';
import type { Runtime } from '../runtime/runtime.js';
import type { SecretPlaces } from './rotate/secret-places.js';

/** The flags of `revoke --replace`, as they are typed: what reads them is loaded only when they are. */
export interface ReplaceFlags {
  readonly replace?: boolean;
  readonly deliver?: readonly string[];
  readonly deliverDir?: string;
}

/** Adds `--replace`, `--deliver` and `--deliver-dir`. */
export function addReplaceFlags(command: Command): Command {
  return command
    .option('--replace', 'issue a successor for each, once it is revoked')
    .option(
      '--deliver <sink>',
      'where its secret goes (as in keys create); repeated',
      (text: string, earlier: readonly string[] = []) => [...earlier, text],
    )
    .option('--deliver-dir <dir>', 'for several: each secret into a file of its own there');
}

/** Where the secrets of replacements go; null without --replace. Refuses (2, 5) before anything is opened. */
export async function replacementPlaces(
  rt: Runtime,
  flags: ReplaceFlags,
  several: boolean,
): Promise<SecretPlaces | null> {
  if (flags.replace === true) {
    const { placesOfReplacement } = await import('./revoke-replacement.js');
    return await placesOfReplacement(rt, flags, several);
  }
  if (flags.deliver === undefined && flags.deliverDir === undefined) return null;
  throw usageError('--deliver', 'goes with --replace', '--replace --deliver file:/path/of/a/new/file');
}
