import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Machine } from './machine.js';

/** A program on PATH, and whether it is this one. */
export interface OnPath {
  readonly path: string;
  readonly ours: boolean;
}

/** What a shell runs when `name` is typed, or null when it finds nothing (F22: Debian's keyutils has a keyctl too). */
export function onPath(machine: Machine, name: string): OnPath | null {
  for (const directory of (machine.env.PATH ?? '').split(':')) {
    const path = join(directory, name);
    if (directory.startsWith('/') && isProgram(path)) return { path, ours: real(path) === own(machine) };
  }
  return null;
}

/**
 * How this program is called from here, so that a suggested line runs when it is pasted: `keyctl`, `apikeyctl`, or the
 * path of the launcher in a fresh clone.
 */
export function ownName(machine: Machine): string {
  const name = ['keyctl', 'apikeyctl'].find((each) => onPath(machine, each)?.ours === true);
  if (name !== undefined) return name;
  const launcher = join(machine.packageRoot, 'bin/keyctl');
  const near = relative(machine.workingDirectory, launcher);
  return near.startsWith('..') ? launcher : near;
}

function own(machine: Machine): string | null {
  return real(join(machine.packageRoot, 'bin/keyctl'));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function real(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
