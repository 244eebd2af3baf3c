import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The launcher in a copy of its own, with a stand-in for the program: what bin/keyctl itself promises. */
const root = path.resolve(import.meta.dirname, '../..');
let copy: string;
let keyctl: string;

beforeAll(async () => {
  copy = await mkdtemp(path.join(tmpdir(), 'keyctl-launcher-'));
  await cp(path.join(root, 'bin'), path.join(copy, 'bin'), { recursive: true });
  await writeFile(path.join(copy, 'package.json'), '{ "version": "9.8.7", "type": "module" }');
  keyctl = path.join(copy, 'bin/keyctl');
});

afterAll(() => rm(copy, { recursive: true }));

async function buildStandIn(text: string): Promise<void> {
  await mkdir(path.join(copy, 'dist'), { recursive: true });
  await writeFile(path.join(copy, 'dist/main.cjs'), text);
}

function run(command: string, args: readonly string[]) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(command, [...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

describe('without dist/', () => {
  it.each(['--version', '-V'])('answers %s all the same', async (flag) => {
    expect(await run(keyctl, [flag])).toEqual({ code: 0, stdout: '9.8.7\n', stderr: '' });
  });

  it('says in one clean line what to run, exit 78', async () => {
    const hint = `cd ${copy} && npm ci`;
    expect(await run(keyctl, ['keys', 'list'])).toEqual({
      code: 78,
      stdout: '',
      stderr: `keyctl: not built, or built in part\n  try: ${hint}\n`,
    });
  });

  it.each([['--json'], ['-o', 'json'], ['--output=ndjson'], ['-ojson']])(
    'says it as JSON for %s %s',
    async (...flags) => {
      const { code, stderr } = await run(keyctl, ['keys', 'list', ...flags]);
      expect(code).toBe(78);
      expect(JSON.parse(stderr)).toMatchObject({
        error: { code: 'not_built', exit_code: 78, outcome: 'not_done' },
      });
    },
  );
});

describe('with dist/', () => {
  it('hands every argument to the program, --env-file of a missing file too (F39)', async () => {
    await buildStandIn('process.stdout.write(JSON.stringify(process.argv.slice(2))); process.exitCode = 6;');
    for (const args of [['--env-file', '/nowhere'], ['--env-file=/nowhere'], ['db', '--version']]) {
      const { code, stdout } = await run(keyctl, args);
      expect({ code, given: JSON.parse(stdout) }).toEqual({ code: 6, given: args });
    }
  });

  it('passes on an error that is not its own', async () => {
    await buildStandIn("throw new Error('a bug');");
    const { code, stderr } = await run(keyctl, []);
    expect(code).toBe(1);
    expect(stderr).toContain('a bug');
  });
});

it('is quiet when the reader of --version has gone', async () => {
  const child = spawn(keyctl, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const [code] = await once(child, 'close');
  expect({ code, errors: Buffer.concat(errors).toString() }).toEqual({ code: 0, errors: '' });
});

it('says that an old Node is too old, in words that an old Node can read', async () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '18.20.4' });`;
  const preload = path.join(copy, 'old.cjs');
  await writeFile(preload, old);
  const { code, stderr } = await run(process.execPath, ['--require', preload, '--', keyctl, 'keys', 'list']);
  expect({ code, stderr }).toEqual({
    code: 78,
    stderr: 'keyctl: Node 18.20.4 is too old, 20.19 or newer is needed\n  try: node --version\n',
  });
});
