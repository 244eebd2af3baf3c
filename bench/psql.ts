import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The machine's psql, or null. The program itself: Debian's /usr/bin/psql is a Perl script that looks for it and doubles its
 * time (F26).
 */
export async function findPsql(searchPath: string): Promise<string | null> {
  const packaged = await Promise.all([
    versionsIn('/usr/lib/postgresql', /^\d+$/),
    versionsIn('/usr', /^pgsql-\d+$/),
    versionsIn('/opt/homebrew/opt', /^(postgresql|libpq)(@\d+)?$/),
    versionsIn('/usr/local/opt', /^(postgresql|libpq)(@\d+)?$/),
  ]);
  for (const directory of [...packaged.flat(), ...searchPath.split(':').filter(Boolean)]) {
    const file = join(directory, 'psql');
    if (await isProgram(file)) return file;
  }
  return null;
}

/** `bin` directories of the versions that lie below `directory`, newest first. */
async function versionsIn(directory: string, name: RegExp): Promise<string[]> {
  const names = (await readdir(directory).catch(() => [])).filter((entry) => name.test(entry));
  const number = (entry: string) => Number(/\d+$/.exec(entry)?.[0] ?? 0);
  return names.sort((a, b) => number(b) - number(a)).map((entry) => join(directory, entry, 'bin'));
}

async function isProgram(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return false;
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(2), position: 0 });
    return bytesRead === 2 && buffer.toString('latin1') !== '#!';
  } finally {
    await handle.close();
  }
}
