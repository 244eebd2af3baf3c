import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { build } from '../../build.mjs';

/** A small project with the real node_modules: what build.mjs makes of each kind of module. */
const realModules = path.resolve(import.meta.dirname, '../../node_modules');
let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'keyctl-bundle-'));
  await symlink(realModules, path.join(root, 'node_modules'));
  await mkdir(path.join(root, 'src'));
});

afterEach(() => rm(root, { recursive: true }));

async function sources(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(root, 'src', name), text);
}

async function run(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, 'dist/main.cjs')]);
  return stdout;
}

const failure = 'export class Failure extends Error {}';

it('makes CommonJS, and keeps one copy of a class across chunks that load each other late', async () => {
  await sources({
    'failure.ts': failure,
    'work.ts': "import { Failure } from './failure.js'; export function work() { throw new Failure('x'); }",
    'main.ts': `import { Failure } from './failure.js';
      import('./work.js').then((m) => m.work()).catch((e) => process.stdout.write(String(e instanceof Failure)));`,
  });
  const files = [...(await build({ root })).keys()];
  expect(files.filter((file) => file.endsWith('.mjs'))).toEqual([]);
  expect(await run()).toBe('true');
});

it('keeps a chunk with top-level await, and those that load it, as ES modules', async () => {
  await sources({
    'failure.ts': failure,
    'yoga.ts': 'export const layout = await Promise.resolve(42);',
    'screen.ts': `import { layout } from './yoga.js'; import { Failure } from './failure.js';
      export function draw() { throw new Failure('drawn ' + layout + ' ' + typeof require('node:os').arch); }`,
    'other.ts': "import { layout } from './yoga.js'; export const twice = layout * 2;",
    'main.ts': `import { Failure } from './failure.js';
      import('./other.js').then(({ twice }) => process.stdout.write(twice + ' '));
      import('./screen.js').then((m) => m.draw())
        .catch((e) => process.stdout.write(e.message + ' ' + (e instanceof Failure)));`,
  });
  const files = [...(await build({ root })).keys()];
  expect(files.filter((file) => file.endsWith('.mjs'))).toHaveLength(3);
  expect(await run()).toBe('84 drawn 42 function true');
});

it('gives CommonJS chunks their own import.meta.url, and leaves computed imports to the machine', async () => {
  await sources({
    'main.ts': `import { basename } from 'node:path';
      const name = ['node', 'os'].join(':');
      import(name).then((os) => process.stdout.write(basename(import.meta.url) + ' ' + typeof os.arch));`,
  });
  await build({ root });
  expect(await run()).toBe('startup.cjs function');
});

it('loads the modules of Node when they are first used', async () => {
  await sources({
    'main.ts': `import { createHash } from 'node:crypto';
      import { Deflate, gzipSync } from 'node:zlib';
      export { lookup } from 'node:dns';
      const loaded = () => ['crypto', 'zlib', 'dns'].filter((name) => process.moduleLoadList.includes('NativeModule ' + name)).join();
      const said = [loaded(), createHash('sha256').update('x').digest('hex').slice(0, 4), loaded()];
      class Mine extends Deflate {}
      said.push(new Deflate() instanceof Deflate, new Mine() instanceof Deflate, gzipSync('x').length > 0, loaded());
      process.stdout.write(said.join(' '));`,
  });
  await build({ root });
  expect(await run()).toBe(' 2d71 crypto true true true crypto,zlib');
});

it('says to the program that it is a release, and which', async () => {
  await sources({ 'main.ts': 'process.stdout.write(__KEYCTL_RELEASE__ + " " + __KEYCTL_VERSION__);' });
  const { version } = JSON.parse(await readFile(path.join(realModules, '../package.json'), 'utf8'));
  await build({ root });
  expect(await run()).toBe(`true ${version}`);
});

it('refuses an entry that waits, a heavy package at startup, and a late import of a builtin; writes nothing', async () => {
  const wrong = {
    'The entry main loads a module with top-level await': 'await Promise.resolve();',
    'loads cli-table3, postgres at once':
      "import postgres from 'postgres'; import Table from 'cli-table3'; postgres(new Table().toString());",
    "import('node:os')": "import('node:os').then((os) => process.stdout.write(os.arch()));",
    'Could not resolve "./nowhere.js"': "import './nowhere.js';",
  };
  for (const [complaint, text] of Object.entries(wrong)) {
    await sources({ 'main.ts': text });
    await expect(build({ root })).rejects.toThrow(complaint);
  }
  expect(await readdir(root)).not.toContain('dist');
});

it('writes the same bytes each time, sweeps what an older build left, and survives builds at the same time', async () => {
  await sources({
    'work.ts': 'export const answer = 42;',
    'main.ts': "import('./work.js').then((m) => process.stdout.write(String(m.answer)));",
  });
  const outdir = path.join(root, 'dist');
  const read = async () =>
    Object.fromEntries(
      await Promise.all(
        (await readdir(outdir)).map(async (name) => [name, await readFile(path.join(outdir, name), 'utf8')]),
      ),
    );
  const files = [...(await build({ root })).keys()];
  const first = await read();
  expect(Object.keys(first).sort()).toEqual(files.sort());

  const stale = path.join(outdir, 'work-AAAAAAAA.cjs');
  await writeFile(stale, '');
  await utimes(stale, 1, 1);
  await Promise.all([build({ root }), build({ root }), build({ root })]);
  expect(await read()).toEqual(first);
  expect(await run()).toBe('42');
});
