import { parseEnv } from 'node:util';
import { type FilePort, readNamedPrivateFile } from './private-file.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What names a database; more specific first. */
const urlNames = ['KEYCTL_DATABASE_URL', 'DATABASE_URL'];
const placeNames = ['PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGDATABASE'];

/** True when the environment names a database, be it by a URL or piece by piece. */
export function namesDatabase(env: Environment): boolean {
  return [...urlNames, ...placeNames].some((name) => isSet(env[name]));
}

/** An empty variable counts as not set, as in libpq. */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

/**
 * The environment with the named env file laid over it. Who names a file means the database in it: variables of the file
 * win over the same ones outside, and when the file names a database in any way, the outer ways of naming one are dropped,
 * so that a DATABASE_URL left in the shell cannot divert a revocation. A `.env` that nobody named is never read.
 */
export function withEnvFile(
  env: Environment,
  flag: string | undefined,
  files: FilePort,
  uid: number,
): Environment {
  const path = flag ?? env.KEYCTL_ENV_FILE;
  if (!isSet(path)) return env;
  const setting = flag === undefined ? 'KEYCTL_ENV_FILE' : '--env-file';
  const inside: Environment = parseEnv(readNamedPrivateFile(files, path, uid, setting));
  if (!namesDatabase(inside)) return { ...env, ...inside };
  const outer = Object.entries(env).filter(([name]) => ![...urlNames, ...placeNames].includes(name));
  return { ...Object.fromEntries(outer), ...inside };
}
