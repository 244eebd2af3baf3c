import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { configError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';
import {
  NoteRefused,
  type NoteSigner,
  type NoteVerifier,
  parseSigner,
  parseVerifier,
} from '../domain/signed-note.js';
import { configDirectory, readConfigFile } from './config-file.js';
import { isSet, withEnvFile } from './env-file.js';
import { machineFiles } from './machine-files.js';
import { readNamedPrivateFile } from './private-file.js';
import type { Runtime } from './runtime.js';
import { stateDirectory } from './state-directory.js';

/** How this machine makes, keeps and checks checkpoints. */
export interface CheckpointSettings {
  /** Absolute; the file may not be there. */
  readonly keyPath: string;
  /** `KEYCTL_CHECKPOINT_KEY`, or null for the usual place. */
  readonly keyNamedBy: string | null;
  /** The directory of the files, one a database, that checkpoints go to first; null without a home. */
  readonly directory: string | null;
  /** Files beside that one; absolute. */
  readonly further: readonly string[];
  /** Public keys of others whose checkpoints count. */
  readonly vkeys: readonly string[];
}

/**
 * `KEYCTL_CHECKPOINT_KEY`, `KEYCTL_CHECKPOINT_FILES` and `KEYCTL_CHECKPOINT_VKEYS` (with commas), else `checkpoint_key`,
 * `checkpoint_files` and `checkpoint_vkeys` in config.json, else the usual places.
 * @throws KeyctlError 78 for a configuration file that is refused
 */
export function checkpointSettings({ machine, flags }: Runtime): CheckpointSettings {
  const { homeDirectory, user, workingDirectory } = machine;
  const env = withEnvFile(machine.env, flags.envFile ?? undefined, machineFiles, user.uid);
  const config = readConfigFile(env, { files: machineFiles, homeDirectory, uid: user.uid });
  const named = [env.KEYCTL_CHECKPOINT_KEY, config?.checkpointKey ?? undefined].find(isSet);
  const listed = (text: string | undefined, otherwise: readonly string[] | null | undefined) =>
    isSet(text) ? text.split(',').map((each) => each.trim()) : (otherwise ?? []);
  const files = listed(env.KEYCTL_CHECKPOINT_FILES, config?.checkpointFiles);
  const state = stateDirectory(machine);
  return {
    keyPath: resolve(workingDirectory, named ?? `${configDirectory(env, homeDirectory)}/checkpoint.key`),
    keyNamedBy:
      named === undefined
        ? null
        : isSet(env.KEYCTL_CHECKPOINT_KEY)
          ? 'KEYCTL_CHECKPOINT_KEY'
          : 'checkpoint_key',
    directory: state === null ? null : join(state, 'checkpoints'),
    further: files.filter((each) => each !== '').map((each) => resolve(workingDirectory, each)),
    vkeys: listed(env.KEYCTL_CHECKPOINT_VKEYS, config?.checkpointVkeys).filter((each) => each !== ''),
  };
}

/** Every file that checkpoints of this database go to, the usual one first. */
export function sinkPaths({ directory, further }: CheckpointSettings, databaseId: string): string[] {
  return [...(directory === null ? [] : [join(directory, databaseId)]), ...further];
}

/**
 * The key that signs here; null when there is none and none was named.
 * @throws KeyctlError 78 when it is missing where it was named, open to others, or no key
 */
export function readSigner({ machine }: Runtime, settings: CheckpointSettings): NoteSigner | null {
  const { keyPath, keyNamedBy } = settings;
  if (keyNamedBy === null && !existsSync(keyPath)) return null;
  const text = new Secret(
    readNamedPrivateFile(machineFiles, keyPath, machine.user.uid, keyNamedBy ?? 'the checkpoint key'),
  );
  try {
    return parseSigner(text);
  } catch (error) {
    if (!(error instanceof NoteRefused)) throw error;
    const hint = 'keyctl audit checkpoint --init with KEYCTL_CHECKPOINT_KEY=PATH of a new file';
    throw configError('bad_checkpoint_key', `${keyPath}: ${error.message}`, hint);
  }
}

/**
 * Whose checkpoints count: our own key, and those that were named.
 * @throws KeyctlError 78 for a key that cannot be read
 */
export function verifiersOf(settings: CheckpointSettings, signer: NoteSigner | null): NoteVerifier[] {
  const vkeys = [...(signer === null ? [] : [signer.vkey]), ...settings.vkeys];
  return vkeys.map((vkey) => {
    try {
      return parseVerifier(vkey);
    } catch (error) {
      if (!(error instanceof NoteRefused)) throw error;
      const example = 'KEYCTL_CHECKPOINT_VKEYS=NAME+KEYID+BASE64, as keyctl audit checkpoint prints it';
      throw configError('bad_vkey', `KEYCTL_CHECKPOINT_VKEYS: a key is ${error.message}`, example);
    }
  });
}
