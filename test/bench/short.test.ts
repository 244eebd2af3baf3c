import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

let place: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'keyctl-'));
});

afterAll(() => rm(place, { recursive: true }));

/** That the programs run, nothing about time: how fast they are is for `npm run bench` to say, on a quiet machine. */
describe('npm run bench -- --short', () => {
  it('compares each thing with its opposite and leaves nothing behind', async () => {
    const { status, stdout, stderr } = await bench(['--short']);
    expect({ status, missing: stdout.match(/not measured: (?!.*psql).*/g), stderr }).toMatchObject({
      status: 0,
      missing: null,
    });
    for (const verdict of [
      /keyctl --version .*\n {2}= .*x node -e 0 .*at most 1\.08x: (met|MISSED)/,
      /keyctl --help .*\n {2}= .*x node -e 0 .*at most 1\.22x: (met|MISSED)/,
      /keyctl revoke KEY .*\n {2}= .*x node -e 0 .*at most 1\.75x \(aim 1\.6x\): (met|MISSED)/,
      /keyctl rotate KEY .*\n {2}= .*x node -e 0 .*at most 2x: (met|MISSED)/,
      /keyctl rotate due .*\n {2}= .*x a transaction per key .*at most 0\.4x: (met|MISSED)/,
      /keyctl audit ingest .*\n {2}(= .*x psql \\copy; at least 0\.6x: (met|MISSED)|not measured: .*psql)/,
      /keyctl audit export --usage .*\n {2}(= .*x psql COPY of row_to_json; at least 1\.3x: (met|MISSED)|not measured: .*psql)/,
      /keyctl audit export --usage [\s\S]*\n {2}peak memory .*\n {2}= .* MB; at most 120 MB: .*\n {2}= .*x peak memory, a tenth/,
      /SQL, the same check .*\n.*keyctl audit verify .*\n {2}= .*x SQL, the same check.*at least 0\.8x: (met|MISSED)/,
      /20,000 events, first statement .*\n {2}= .*x 1,000 events, first statement .*at most 1\.5x: (met|MISSED)/,
      /keyctl audit endpoints .*\n {2}(= .*x psql GROUP BY .*at most 1\.1x: (met|MISSED)|not measured: .*psql)/,
      /keyctl audit usage .*\n {2}(= .*x psql -At .*at most 1\.3x: (met|MISSED)|not measured: .*psql)/,
      /find a key, Drizzle .*\n {2}= .*x find a key, postgres\.js .*at most 1\.15x: (met|MISSED)/,
      /export-audit: [\s\S]*\n {2}= .*x peak memory, a tenth of the rows/,
      /keyctl incidents bundle .*\n[\s\S]*\n {2}= .* MB; at most 150 MB: .*\n {2}= .*x peak memory, a tenth/,
      /\n\d+ of \d+ targets met\n/,
    ]) {
      expect(stdout).toMatch(verdict);
    }
    expect((await readdir(place)).filter((name) => name.startsWith('keyctl'))).toEqual([]);
  }, 120_000);

  it('works without psql and says which rows are missing', async () => {
    const { status, stdout } = await bench(['--short', '--only', 'ingest', '--psql', 'none']);
    expect(stdout).toMatch(/keyctl audit ingest .* rows\/s/);
    expect(stdout).toContain(
      'not measured: \\copy of the same rows, and the ratio to it: left out by --psql none',
    );
    expect(status).toBe(0);
  }, 120_000);

  it('refuses a benchmark that does not exist and names those that do', async () => {
    const { status, stderr } = await bench(['--only', 'rotates']);
    expect(stderr).toContain('bench: --only rotates: there is no such benchmark');
    expect(stderr).toContain(
      'startup, revoke, rotate, rotate-due, statements, ingest, rollup, newest-events, endpoints, usage',
    );
    expect(status).toBe(1);
  });
});

interface Ended {
  readonly status: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Its output ends when it does: a server that stayed would hold nothing of ours open, but its directory. */
function bench(args: readonly string[]): Promise<Ended> {
  const program = ['--import', 'tsx', join(root, 'bench/run.ts'), ...args];
  const options = { cwd: root, env: { ...process.env, TMPDIR: place }, timeout: 110_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, program, options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (error.code ?? null), stdout, stderr });
    });
  });
}
