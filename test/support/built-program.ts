import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';
import { buildProgram, type ProgramKind } from './build-program.js';

/**
 * The program as users run it, built once for the run: answers the path of `bin/keyctl`. Test files that ask at once each
 * build; the first to finish wins. `failpoints`: the one that obeys KEYCTL_FAILPOINT.
 */
export async function builtProgram(kind: ProgramKind = 'release'): Promise<string> {
  const place = path.join(inject('scratch'), kind === 'release' ? 'program' : 'program-failpoints');
  if (!existsSync(place)) {
    const draft = `${place}-${randomUUID()}`;
    await buildProgram(draft, kind);
    await rename(draft, place).catch(() => rm(draft, { recursive: true }));
  }
  return path.join(place, 'bin/keyctl');
}
