import type { EmbeddedDatabase, EmbeddedSettings } from '../db/settings.js';
import { resolveConfig } from './config.js';
import { machineFiles } from './machine-files.js';
import type { Runtime } from './runtime.js';

/** Where the embedded server lies, whatever database is configured: for the commands that are about that server. */
export function embeddedSettings(rt: Runtime, database: EmbeddedDatabase): EmbeddedSettings {
  const { env, homeDirectory, user } = rt.machine;
  const { envFile } = rt.flags;
  const flags = { demo: true, ...(envFile === null ? {} : { envFile }) };
  const settings = resolveConfig({ env, flags, files: machineFiles, homeDirectory, user });
  if (settings.kind !== 'embedded') throw new RangeError('--demo always means the embedded server');
  return { ...settings, database };
}
