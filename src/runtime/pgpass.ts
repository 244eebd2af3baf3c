import type { Settings } from './libpq.js';
import { type FilePort, missingFile, readPrivateFile } from './private-file.js';

export interface PgpassInput {
  readonly settings: Settings;
  readonly files: FilePort;
  readonly homeDirectory: string;
  readonly uid: number;
}

export interface PgpassKey {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * The password for a connection from PGPASSFILE or `~/.pgpass` (PostgreSQL documentation, 32.16), or null: the first line
 * `host:port:database:user:password` that fits, with `*` for anything and `\` before a colon or a backslash.
 * @throws KeyctlError 78 when others can read the file; libpq would silently go on without it.
 */
export function pgpassPassword(key: PgpassKey, input: PgpassInput): string | null {
  const named = input.settings.get('passfile');
  const path = named?.value ?? `${input.homeDirectory}/.pgpass`;
  const text = readPrivateFile(input.files, path, input.uid);
  if (text === null) {
    if (named !== undefined) throw missingFile(named.from, path);
    return null;
  }
  const wanted = [key.host, String(key.port), key.database, key.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const [, ...fields] =
      /^((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):(.*)$/.exec(line) ?? [];
    const password = fields.pop();
    const fits = wanted.every((value, at) => fields[at] === '*' || unescaped(fields[at] ?? '') === value);
    if (password !== undefined && fits) return unescaped(password);
  }
  return null;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
