import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, heavyPackages } from '../../build.mjs';

/** The program as users run it: launcher and bundle, in a place of its own with an empty home. */
const root = path.resolve(import.meta.dirname, '../..');
let place: string;
let chunks: Map<string, readonly string[]>;

describe('the built program', () => {
  beforeAll(async () => {
    place = await mkdtemp(path.join(tmpdir(), 'keyctl-startup-'));
    await cp(path.join(root, 'bin'), path.join(place, 'bin'), { recursive: true });
    await cp(path.join(root, 'package.json'), path.join(place, 'package.json'));
    chunks = await build({ outdir: path.join(place, 'dist') });
  });

  afterAll(() => rm(place, { recursive: true }));

  it('loads no heavy package for --help (F25)', async () => {
    const coverage = path.join(place, 'coverage');
    expect((await keyctl(['--help'], { NODE_V8_COVERAGE: coverage })).code).toBe(0);
    const loaded = await scriptsIn(coverage);
    expect(loaded).toContain('main.cjs');
    const packages = new Set(loaded.flatMap((name) => chunks.get(name) ?? []).flatMap(packageOf));
    expect(packages).toContain('commander');
    // Nor what describes all commands.
    expect(
      loaded.flatMap((name) => chunks.get(name) ?? []).filter((source) => /complet|known-words/.test(source)),
    ).toEqual([]);
    expect(
      [...packages].filter((name) => heavyPackages.some((heavy) => `${name}/`.startsWith(heavy))),
    ).toEqual([]);
  });

  it('prints its version, alone and among other arguments', async () => {
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    expect(await keyctl(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect(await keyctl(['--color', 'never', '--version'])).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it('prints its help to stdout, exit 0', async () => {
    const { code, stdout, stderr } = await keyctl(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('keyctl');
  });

  it('is quiet when the reader of --help has gone', async () => {
    const child = start(['--help']);
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each([
    ['an unknown command', ['frobnicate'], 2],
    ['an unknown flag', ['--frobnicate'], 2],
    ['an env file that is not there (F39)', ['--env-file', '/nowhere/keyctl.env', 'keys', 'list'], 78],
    ['no database configured', ['keys', 'list'], 78],
  ])('answers %s with one clean message: %j, exit %i', async (_case, args, expected) => {
    const { code, stdout, stderr } = await keyctl(args);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(/^keyctl: .+\n/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

function start(args: readonly string[], extra: NodeJS.ProcessEnv = {}) {
  const env = { PATH: process.env.PATH, HOME: place, ...extra };
  return spawn(path.join(place, 'bin/keyctl'), args, { env, cwd: place, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function keyctl(args: readonly string[], extra: NodeJS.ProcessEnv = {}) {
  const child = start(args, extra);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

/** V8's coverage names every script of ours that was loaded, CommonJS and ES modules alike. */
async function scriptsIn(coverage: string): Promise<string[]> {
  const reports = await Promise.all(
    (await readdir(coverage)).map((name) => readFile(path.join(coverage, name), 'utf8')),
  );
  return reports
    .flatMap((report) => JSON.parse(report).result as { url: string }[])
    .filter(({ url }) => url.includes('/dist/'))
    .map(({ url }) => path.posix.basename(url));
}

/** `node_modules/drizzle-orm/sql/sql.js` → `drizzle-orm`; our own sources → nothing. */
function packageOf(source: string): string[] {
  const [scope = '', name = ''] = source.split('node_modules/').at(-1)?.split('/') ?? [];
  if (!source.includes('node_modules/')) return [];
  return [scope.startsWith('@') ? `${scope}/${name}` : scope];
}
