import { resolve } from 'node:path';
import type { HookWorld } from '../actions/delivery/run-hook.js';
import { type DeliveryMap, parseDeliveryMap } from '../domain/delivery-map.js';
import { parseDuration } from '../domain/duration.js';
import { configError, KeyctlError, usageError } from '../domain/errors.js';
import { machineFiles } from './machine-files.js';
import { readNamedPrivateFile } from './private-file.js';
import type { Runtime } from './runtime.js';

/**
 * Reads the file of `--deliver-map`. It is local and private because it names commands: whoever can write it runs them.
 * @throws KeyctlError 78 when it is missing or open to others, 2 when anything in it is wrong
 */
export function readDeliveryMap(rt: Runtime, path: string): DeliveryMap {
  const file = resolve(rt.machine.workingDirectory, path);
  return parseDeliveryMap(readNamedPrivateFile(machineFiles, file, rt.machine.user.uid, '--deliver-map'));
}

const kindBits = 0o170000;
const directoryBits = 0o040000;

/**
 * The absolute path of `--deliver-dir`.
 * @throws KeyctlError 2 when it is no directory, 78 when others can put files into it
 */
export function deliveryDirectory(rt: Runtime, path: string): string {
  const directory = resolve(rt.machine.workingDirectory, path);
  const found = machineFiles.stat(directory);
  if (found === null || (found.mode & kindBits) !== directoryBits) {
    throw usageError('--deliver-dir', `${path} is no directory`, `mkdir -m 700 ${path}`);
  }
  if ((found.mode & 0o022) === 0) return directory;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
  throw configError(
    'directory_not_private',
    `--deliver-dir: group or others can change ${directory} (mode ${mode})`,
    `chmod go-w ${path}, or mkdir -m 700 a new one`,
  );
}

const usualTimeoutMs = 60_000;

/** What hooks get of this machine. Throws KeyctlError 78 when one of their settings is wrong. */
export function hookWorld({ machine }: Runtime): HookWorld {
  const { env } = machine;
  return {
    env,
    passEnv: passedNames(env.KEYCTL_PASS_ENV ?? ''),
    timeoutMs: timeoutMs(env.KEYCTL_HOOK_TIMEOUT ?? ''),
    killGroup: machine.killGroup,
    onInterrupt: machine.onInterrupt,
  };
}

function passedNames(text: string): readonly string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  const wrong = names.find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong === undefined) return names;
  throw configError(
    'hook_settings',
    `KEYCTL_PASS_ENV: ${wrong} is no name of a variable`,
    'KEYCTL_PASS_ENV=VAULT_ADDR,VAULT_TOKEN',
  );
}

function timeoutMs(text: string): number {
  if (text === '') return usualTimeoutMs;
  try {
    return parseDuration('KEYCTL_HOOK_TIMEOUT', text) * 1000;
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    throw configError('hook_settings', error.message, 'KEYCTL_HOOK_TIMEOUT=90s');
  }
}
