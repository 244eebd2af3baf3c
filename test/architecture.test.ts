import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { heavyPackages } from '../build.mjs';
import { brokenRules, heavyChains, parseSource, readSources } from './support/architecture.js';

const root = path.resolve(import.meta.dirname, '..');
const sources = readSources(root, 'src');

describe('the house', () => {
  it('holds the arrows and the rules of every folder', () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(brokenRules(sources)).toEqual([]);
  });

  it('loads no heavy package before a command asks for it', () => {
    expect(heavyChains(sources, 'src/main.ts', heavyPackages)).toEqual([]);
  });

  it('mocks none of its own modules', () => {
    const mocking = readSources(root, 'test').filter(
      ({ uses }) => uses.has('vi.mock()') || uses.has('vi.doMock()'),
    );
    expect(mocking.map(({ file }) => file)).toEqual([]);
  });
});

/** A rule that cannot fail proves nothing: each is shown an offender, and a neighbour that only looks like one. */
describe('the rules themselves', () => {
  const offenders: readonly (readonly [file: string, text: string, complaint: string])[] = [
    ['src/domain/a.ts', "import { x } from '../db/schema.js';", 'domain says what is true'],
    ['src/domain/a.ts', "import { readFile } from 'node:fs/promises';", 'domain says what is true'],
    ['src/domain/a.ts', "export { x } from '../db/schema.js';", 'domain says what is true'],
    ['src/db/a.ts', "import { x } from '../actions/revoke-key.js';", 'db says what is stored'],
    ['src/actions/a.ts', "import type { x } from '../render/x.js';", 'actions say what happens'],
    ['src/actions/a.ts', "import chalk from 'chalk';", 'actions say what happens'],
    ['src/render/a.ts', "import { revokeKey } from '../actions/revoke-key.js';", 'render turns a value'],
    ['src/render/a.ts', "import { type A, b } from '../db/schema.js';", 'render turns a value'],
    ['src/ui/A.tsx', "import type { Key } from '../actions/find-keys.js';", 'ui draws on a small port'],
    ['src/runtime/a.ts', "import { connect } from '../db/connect.js';", 'it opens db lazily'],
    ['src/runtime/a.ts', "const a = () => import('../commands/revoke.js');", 'it opens db lazily'],
    ['src/commands/a.ts', "const a = () => import('drizzle-orm/pg-core');", 'no SQL, no drizzle, no ink'],
    ['src/commands/keys/a.ts', "import { render } from 'ink';", 'no SQL, no drizzle, no ink'],
    ['src/commands/a.ts', 'const q = sql`x`;', 'no SQL, no drizzle, no ink'],
    ['src/commands/a.ts', "const q = 'select id from api_keys';", 'no SQL, no drizzle, no ink'],
    ['src/commands/a.ts', 'const q = `select * from keyctl.api_keys`;', 'no SQL, no drizzle, no ink'],
    ['src/utils/a.ts', "import { x } from '../domain/x.js';", 'is no folder of the house'],
    ['src/program.ts', "import { x } from '../test/support/x.js';", 'only begin and end'],
    ['src/db/a.ts', 'const home = process.env.HOME;', 'only main.ts and runtime/system.ts name process'],
    ['src/db/a.ts', "import { env } from 'node:process';", 'only main.ts and runtime/system.ts name process'],
    ['src/db/a.ts', 'const p = globalThis.process;', 'only main.ts and runtime/system.ts name process'],
    ['src/main.ts', 'process.exit(1);', 'nobody calls process.exit'],
    ['src/main.ts', "console.error('x');", 'nobody names console'],
    ['src/db/a.ts', 'await db.transaction(async (tx) => tx);', 'every state change is one statement'],
    ['src/db/a.ts', 'await client.begin(async (tx) => tx);', 'every state change is one statement'],
    ['src/domain/a.ts', 'export default 1;', 'no default exports'],
  ];
  it.each(offenders)('%s is refused for: %s', (file, text, complaint) => {
    expect(brokenRules([parseSource(file, text)]).join('\n')).toContain(complaint);
  });

  const innocents: readonly (readonly [file: string, text: string])[] = [
    [
      'src/domain/a.ts',
      "// process.exit, console, from '../db/schema.js'\nexport const a = 'process console';",
    ],
    ['src/render/a.ts', "import type { Revocation } from '../actions/revoke-keys.js';"],
    ['src/render/a.ts', "const a = async () => (await import('csv-stringify/sync')).stringify([]);"],
    ['src/runtime/a.ts', "const a = () => import('../db/connect.js');"],
    ['src/commands/a.ts', "const a = () => import('../ui/TriageScreen.jsx');"],
    ['src/commands/a.ts', "newCommand('select').summary('select a key, then revoke it from here');"],
    ['src/db/a.ts', 'const a = { process: 1 }; export const b = a.process;'],
    ['src/main.ts', 'process.exitCode = 1;'],
    ['src/runtime/system.ts', 'export const pid = process.pid;'],
  ];
  it.each(innocents)('%s may: %s', (file, text) => {
    expect(brokenRules([parseSource(file, text)])).toEqual([]);
  });

  it('a heavy package is found at the end of a chain of eager imports, and not behind a lazy one', () => {
    const house = [
      parseSource(
        'src/main.ts',
        "import { a } from './program.js'; const b = () => import('./db/connect.js');",
      ),
      parseSource(
        'src/program.ts',
        "import { a } from './render/table.js'; import type { B } from './db/connect.js';",
      ),
      parseSource('src/render/table.ts', "import Table from 'cli-table3';"),
      parseSource('src/db/connect.ts', "import postgres from 'postgres';"),
    ];
    expect(heavyChains(house, 'src/main.ts', heavyPackages)).toEqual([
      'src/main.ts → src/program.ts → src/render/table.ts → cli-table3',
    ]);
  });

  it('a file that does not parse is an error, not an innocent', () => {
    expect(() => parseSource('src/domain/a.ts', 'export const = 1')).toThrow('src/domain/a.ts');
  });
});
