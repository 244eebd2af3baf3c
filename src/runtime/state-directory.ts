import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Machine } from './machine.js';

/**
 * Where keyctl keeps what it knows beside the database: `$XDG_STATE_HOME/keyctl` (XDG Base Directory Specification). Null for
 * a user without a home (`nobody` has /nonexistent): a home is never made.
 */
export function stateDirectory({ env, homeDirectory }: Machine): string | null {
  const named = env.XDG_STATE_HOME;
  if (named !== undefined && isAbsolute(named)) return join(named, 'keyctl');
  return existsSync(homeDirectory) ? join(homeDirectory, '.local/state/keyctl') : null;
}

/**
 * Replaces a small file, readable by its owner alone; who reads it meanwhile sees the old one or the new. Not flushed: a
 * memory that a power cut takes is as if the last command had run elsewhere.
 */
export function replaceFile(path: string, directory: string, content: string, draftPath: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(draftPath, content, { flag: 'wx', mode: 0o600 });
  renameSync(draftPath, path);
}
