import { cp } from 'node:fs/promises';
import path from 'node:path';
import { build } from '../../build.mjs';

const root = path.resolve(import.meta.dirname, '../..');

/** What users run, or the build that obeys KEYCTL_FAILPOINT. */
export type ProgramKind = 'release' | 'failpoints';

/** Builds into an empty place; answers the path of `bin/keyctl`. */
export async function buildProgram(place: string, kind: ProgramKind): Promise<string> {
  for (const part of ['bin', 'drizzle', 'package.json']) {
    await cp(path.join(root, part), path.join(place, part), { recursive: true });
  }
  await build({ outdir: path.join(place, 'dist'), failpoints: kind === 'failpoints' });
  return path.join(place, 'bin/keyctl');
}
