import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The files of `drizzle/`: the journal of table migrations, and the kernel's functions, views and grants. */
export interface RoutineFile {
  readonly name: string;
  readonly kind: 'function' | 'view' | 'grants';
  readonly text: string;
  readonly sha256: string;
}

/** The kernel as it lies on disk, in the order in which it is applied: functions, views on them, grants on both. */
export async function readRoutines(folder: string): Promise<RoutineFile[]> {
  const read = async (directory: string, kind: RoutineFile['kind'], files: string[]) =>
    Promise.all(
      files
        .filter((file) => file.endsWith('.sql'))
        .sort()
        .map(async (file) => {
          const text = await readFile(join(folder, directory, file), 'utf8');
          const sha256 = createHash('sha256').update(text).digest('hex');
          return { name: basename(file, '.sql'), kind, text, sha256 };
        }),
    );
  return [
    ...(await read('kernel', 'function', await readdir(join(folder, 'kernel')))),
    ...(await read('views', 'view', await readdir(join(folder, 'views')))),
    ...(await read('.', 'grants', ['grants.sql'])),
  ];
}

/** What the folder amounts to, for comparing a database with a program: 16 hex digits over all names and texts. */
export async function schemaFingerprint(folder: string): Promise<string> {
  const hash = createHash('sha256').update((await journalNames(folder)).join());
  for (const file of await readRoutines(folder)) hash.update(`${file.kind}/${file.name}/${file.sha256}`);
  return hash.digest('hex').slice(0, 16);
}

/** Names of the table migrations, oldest first. */
export async function journalNames(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'meta', '_journal.json'), 'utf8');
  const { entries } = JSON.parse(text) as { entries: { tag: string }[] };
  return entries.map((entry) => entry.tag);
}
