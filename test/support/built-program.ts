import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';
import { build } from '../../build.mjs';

const root = path.resolve(import.meta.dirname, '../..');

/**
 * The program as users run it, built once for the run: answers the path of `bin/keyctl`. Test files that ask at once each
 * build; the first to finish wins.
 */
export async function builtProgram(): Promise<string> {
  const place = path.join(inject('scratch'), 'program');
  if (!existsSync(place)) {
    const draft = `${place}-${randomUUID()}`;
    for (const part of ['bin', 'drizzle', 'package.json']) {
      await cp(path.join(root, part), path.join(draft, part), { recursive: true });
    }
    await build({ outdir: path.join(draft, 'dist') });
    await rename(draft, place).catch(() => rm(draft, { recursive: true }));
  }
  return path.join(place, 'bin/keyctl');
}
