import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execSink } from '../../src/actions/delivery/exec-sink.js';
import { parseDeliveryMap } from '../../src/domain/delivery-map.js';
import { parseDestination } from '../../src/domain/destination.js';
import { hookWorld } from '../actions/delivery/hook-world.js';
import { issue } from '../actions/delivery/issue.js';
import { refusal } from '../actions/delivery/refusal.js';
import { canaries, filesBelow } from '../support/canary.js';

/** The hooks that docs/delivery.md shows, run with stand-ins for the services' own programs. */
const page = await readFile(join(import.meta.dirname, '../../docs/delivery.md'), 'utf8');
const scripts = new Map(
  [...page.matchAll(/```bash\n(#!.*\n# \/usr\/local\/bin\/(\S+)[\s\S]*?)```/g)].map(([, text, name]) => [
    name,
    text,
  ]),
);

interface Recipe {
  readonly script: string;
  readonly args: readonly string[];
  /** Of the service; `stand-ins/` holds what runs here. */
  readonly program: string;
  /** What stands in the place that the service's users read. */
  readonly used: (store: string) => Promise<string>;
}

const stored = (name: string) => (store: string) => readFile(join(store, name), 'utf8');
const recipes: readonly Recipe[] = [
  { script: 'keyctl-vault', args: ['secret/billing'], program: 'vault', used: stored('secret_billing') },
  {
    script: 'keyctl-aws',
    args: ['billing/api-key'],
    program: 'aws',
    used: async (store) => readFile(join(store, await readFile(join(store, 'AWSCURRENT'), 'utf8')), 'utf8'),
  },
  {
    script: 'keyctl-kubernetes',
    args: ['billing', 'api-key'],
    program: 'kubectl',
    used: async (store) => Buffer.from(await readFile(join(store, 'api-key'), 'utf8'), 'base64').toString(),
  },
  { script: 'keyctl-github', args: ['acme/app', 'BILLING_KEY'], program: 'gh', used: stored('BILLING_KEY') },
];

let home: string;
let store: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-recipes-'));
  store = join(home, 'store');
  await mkdir(store);
});
afterEach(() => rm(home, { recursive: true }));

/** The recipe as a sink, and its place with an old key in it. */
async function installed({ script, args, program }: Recipe) {
  const file = join(home, script);
  await writeFile(file, scripts.get(script) ?? '');
  await chmod(file, 0o755);
  await mkdir(join(home, 'bin'));
  await copyFile(join(import.meta.dirname, 'stand-ins', program), join(home, 'bin', program));
  for (const old of ['secret_billing', 'BILLING_KEY', 'old-version'])
    await writeFile(join(store, old), 'old');
  await writeFile(join(store, 'AWSCURRENT'), 'old-version');
  await writeFile(join(store, 'api-key'), Buffer.from('old').toString('base64'));
  const world = hookWorld({ env: { PATH: `${join(home, 'bin')}:/usr/bin:/bin` } });
  return () => execSink({ file, args }, world);
}

describe.each(recipes)('the hook $script of docs/delivery.md', (recipe) => {
  it('stages where nobody looks, puts the key into use at commit, and keeps it out of arguments', async () => {
    const { token, key } = issue();
    const sink = (await installed(recipe))();
    const before = await readdir(store);
    await sink.stage(token, key);
    expect(await recipe.used(store)).toBe('old');
    expect((await readdir(store)).length).toBe(before.length + 1);
    await sink.commit();
    expect(await recipe.used(store)).toBe(token.reveal());
    const arguments_ = await readFile(join(home, 'arguments'), 'utf8');
    expect(arguments_).toContain(recipe.program);
    const places = (await readdir(store)).map((name) => join(store, name));
    expect(canaries([token.reveal()], await filesBelow(home, places))).toEqual([]);
  });

  it('removes what it staged when the key is given up', async () => {
    const { token, key } = issue();
    const sink = (await installed(recipe))();
    const before = await readdir(store);
    await sink.stage(token, key);
    await sink.discard();
    expect(await recipe.used(store)).toBe('old');
    expect(await readdir(store)).toEqual(before);
  });

  it('stages twice and commits twice without harm', async () => {
    const { token, key } = issue();
    const sink = (await installed(recipe))();
    await sink.stage(token, key);
    await sink.stage(token, key);
    await sink.commit();
    await sink.commit();
    expect(await recipe.used(store)).toBe(token.reveal());
  });

  it('finishes for a process that does not have the secret, or fails and leaves the old key', async () => {
    const { token, key } = issue();
    const newSink = await installed(recipe);
    await newSink().stage(token, key);
    const later = newSink();
    await later.adopt?.(key, null);
    if (recipe.program === 'gh') {
      expect((await refusal(later.commit())).message).toContain('exit code');
      expect(await recipe.used(store)).toBe('old');
    } else {
      await later.commit();
      await later.commit();
      expect(await recipe.used(store)).toBe(token.reveal());
    }
  });

  it('stores nothing when what it staged is gone', async () => {
    const { key } = issue();
    const sink = (await installed(recipe))();
    await sink.adopt?.(key, null);
    await refusal(sink.commit());
    expect(await recipe.used(store)).toBe('old');
  });
});

describe('docs/delivery.md', () => {
  it('shows a map and sinks that are accepted', () => {
    const [, map = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
    expect(parseDeliveryMap(map.replace('age1…', recipient)).rules).toHaveLength(4);
    const shown = [...page.matchAll(/--deliver '([^']+)'/g)].map(([, text = '']) => text);
    expect(shown).toHaveLength(recipes.length);
    for (const text of shown) expect(parseDestination('--deliver', text).kind).toBe('exec');
  });
});
