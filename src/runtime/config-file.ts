import { configError } from '../domain/errors.js';
import type { Environment } from './env-file.js';
import { type FilePort, readPrivateFile } from './private-file.js';

/** `$XDG_CONFIG_HOME/keyctl/config.json`; null for what it does not set. */
export interface ConfigFile {
  readonly path: string;
  readonly databaseUrl: string | null;
  readonly checkpointKey: string | null;
  readonly checkpointFiles: readonly string[] | null;
  readonly checkpointVkeys: readonly string[] | null;
  readonly networks: string | null;
  readonly ipList: string | null;
  readonly maxmind: readonly string[] | null;
}

export interface ConfigFileInput {
  readonly files: FilePort;
  readonly homeDirectory: string;
  readonly uid: number;
}

const texts = ['database_url', 'checkpoint_key', 'networks', 'ip_list'];
const lists = ['checkpoint_files', 'checkpoint_vkeys', 'maxmind'];

/**
 * Null when there is none. Checked by hand: a schema library would cost 19 ms of every start (F25).
 * @throws KeyctlError 78 when it is open to others, no JSON object, or holds anything that is not a setting
 */
export function readConfigFile(env: Environment, input: ConfigFileInput): ConfigFile | null {
  const path = `${configDirectory(env, input.homeDirectory)}/config.json`;
  const text = readPrivateFile(input.files, path, input.uid);
  if (text === null) return null;
  const refused = (problem: string) =>
    configError(
      'bad_config_file',
      `${path}${problem}`,
      `write {"database_url": "postgres://USER@HOST:5432/DATABASE"} into ${path}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused(' is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refused(' is not a JSON object');
  const settings = value as Readonly<Record<string, unknown>>;
  for (const [name, setting] of Object.entries(settings)) {
    if (!texts.includes(name) && !lists.includes(name))
      throw refused(`: there is no setting ${JSON.stringify(name)}`);
    if (texts.includes(name) && typeof setting !== 'string') throw refused(`: ${name} is not a text`);
    if (lists.includes(name) && !isTexts(setting)) throw refused(`: ${name} is not a list of texts`);
  }
  const of = <T>(name: string): T | null => (settings[name] as T | undefined) ?? null;
  return {
    path,
    databaseUrl: of('database_url'),
    checkpointKey: of('checkpoint_key'),
    checkpointFiles: of('checkpoint_files'),
    checkpointVkeys: of('checkpoint_vkeys'),
    networks: of('networks'),
    ipList: of('ip_list'),
    maxmind: of('maxmind'),
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

export function configDirectory(env: Environment, homeDirectory: string): string {
  return `${xdg(env.XDG_CONFIG_HOME, homeDirectory, '.config')}/keyctl`;
}

/** A relative path in an XDG variable is to be ignored, says the XDG Base Directory Specification. */
export function xdg(value: string | undefined, homeDirectory: string, below: string): string {
  return value?.startsWith('/') ? value : `${homeDirectory}/${below}`;
}
