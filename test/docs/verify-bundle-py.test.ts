import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tarEnd, tarPadding, ustarHeader } from '../../src/domain/ustar.js';
import { runCommand } from '../support/fake-machine.js';
import type { TestDatabase } from '../support/postgres.js';
import { evidenceDatabase } from '../support/seed-evidence.js';
import { readTar } from '../support/tar.js';

const program = join(import.meta.dirname, '../../docs/verify-bundle.py');
const otherKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
}

let database: TestDatabase;
let home: string;
let vkey: string;
let signerKey: string;
let good: Buffer;

beforeAll(async () => {
  let incidentId: string;
  ({
    database,
    evidence: { incidentId },
  } = await evidenceDatabase());
  home = await mkdtemp(join(tmpdir(), 'keyctl-verify-bundle-'));
  const options = { database, role: 'test_operator', home, workingDirectory: home } as const;
  ({ vkey } = JSON.parse((await runCommand(['audit', 'checkpoint', '--init', '--json'], options)).stdout));
  expect(await runCommand(['incidents', 'bundle', incidentId, '--out', 'b.tar'], options)).toMatchObject({
    code: 0,
  });
  const unsigned = ['incidents', 'bundle', incidentId, '--out', 'u.tar', '--unsigned'];
  expect(await runCommand(unsigned, options)).toMatchObject({ code: 0 });
  good = await readFile(join(home, 'b.tar'));
  signerKey = join(home, '.config/keyctl/checkpoint.key');
});
afterAll(async () => {
  await rm(home, { recursive: true });
  await database.drop();
});
beforeEach(async ({ skip }) => {
  if ((await python(good)).code === 'ENOENT') skip('no python3 on this machine');
});

async function python(bytes: Uint8Array, keys: readonly string[] = [vkey]): Promise<Ended> {
  await writeFile(join(home, 'given.tar'), bytes);
  return await ran(['given.tar', ...keys]);
}

function ran(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile('python3', ['-I', program, ...args], { cwd: home, env: {} }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? null), stdout: stdout + stderr }),
    );
  });
}

/** The same parts as a tar again, as keyctl writes them; `edit` changes them. */
function repacked(edit: (parts: Map<string, Buffer>) => void): Buffer {
  const parts = readTar(good);
  const [, madeAt = ''] = /\n(\d{4}-\S+Z)\n/.exec(String(parts.get('INC-1/MANIFEST'))) ?? [];
  edit(parts);
  const files = [...parts].map(([name, bytes]) =>
    Buffer.concat([
      ustarHeader({ name, size: bytes.length, modifiedAt: new Date(madeAt) }),
      bytes,
      tarPadding(bytes.length),
    ]),
  );
  return Buffer.concat([...files, tarEnd]);
}

const noticed = async (bytes: Uint8Array, said: string | RegExp, keys?: readonly string[]) => {
  const { code, stdout } = await python(bytes, keys);
  expect({ code, stdout }).toEqual({ code: 7, stdout: expect.stringMatching(said) });
  expect(stdout).toMatch(/^[^\n]*\n$/);
};

describe('docs/verify-bundle.py', () => {
  it('finds a good bundle whole, says who signed it, and what it holds', async () => {
    const [name = ''] = vkey.split('+');
    expect(await python(good)).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(
          `^INC-1: whole, signed by ${name} - audit rows \\d+ to \\d+ end at its checkpoint, 80 events, 10 parts\n$`,
        ),
      ),
    });
    expect(repacked(() => {})).toEqual(good);
    expect(await python(good, [otherKey, vkey])).toMatchObject({ code: 0 });
  });

  it('needs the key that counts; who wants to do without it says so', async () => {
    await noticed(good, /^MANIFEST: no signature by a known key/, [otherKey]);
    await noticed(good, /^MANIFEST: no signature by a known key/, [
      // The key itself is base64, which may hold a plus.
      vkey.replace(/^[^+]+\+[0-9a-f]{8}\+/, 'x+00000000+'),
    ]);
    expect(await python(good, ['-'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('who signed it was not checked'),
    });
    expect(await ran(['given.tar'])).toMatchObject({ code: 2, stdout: expect.stringContaining('VKEY') });
    expect(await ran(['nothing.tar', vkey])).toEqual({
      code: 7,
      stdout: 'nothing.tar: No such file or directory\n',
    });
  });

  it('takes one that is not signed for what it is', async () => {
    const unsigned = await readFile(join(home, 'u.tar'));
    await noticed(unsigned, /^it is not signed/);
    expect(await python(unsigned, ['-'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('; no checkpoint'),
    });
  });

  it('notices a changed byte in each part', async () => {
    for (const name of readTar(good).keys()) {
      const bytes = repacked((parts) => {
        const part = Buffer.from(parts.get(name) ?? '');
        part[Math.floor(part.length / 2)] = (part[Math.floor(part.length / 2)] ?? 0) ^ 1;
        parts.set(name, part);
      });
      await noticed(
        bytes,
        name.endsWith('MANIFEST') ? /./ : `^${name.replace('INC-1/', '')}: not what MANIFEST says`,
      );
    }
  });

  it('notices a part that was left out, added, renamed, emptied, or moved', async () => {
    const without = /^the parts are not those that MANIFEST lists/;
    for (const name of readTar(good).keys())
      await noticed(
        repacked((parts) => parts.delete(name)),
        name.endsWith('MANIFEST') ? /^there is no MANIFEST at the end/ : without,
      );
    const last = (parts: Map<string, Buffer>) => {
      const manifest = parts.get('INC-1/MANIFEST') ?? Buffer.alloc(0);
      parts.delete('INC-1/MANIFEST');
      return () => parts.set('INC-1/MANIFEST', manifest);
    };
    await noticed(
      repacked((parts) => {
        const putBack = last(parts);
        parts.set('INC-1/extra', Buffer.from('x'));
        putBack();
      }),
      without,
    );
    await noticed(
      repacked((parts) => parts.set('INC-1/extra', Buffer.from('x'))),
      /^there is no MANIFEST at the end/,
    );
    await noticed(
      repacked((parts) => {
        const putBack = last(parts);
        parts.set('../../etc/passwd', Buffer.from('x'));
        putBack();
      }),
      without,
    );
    await noticed(
      repacked((parts) => parts.set('INC-1/usage.ndjson', Buffer.alloc(0))),
      /^usage.ndjson: not what/,
    );
    await noticed(
      repacked((parts) => {
        const putBack = last(parts);
        const report = parts.get('INC-1/report.md') ?? Buffer.alloc(0);
        parts.delete('INC-1/report.md');
        parts.set('INC-1/report.md', report);
        putBack();
      }),
      without,
    );
  });

  it('notices whatever is done to the tar around the parts', async () => {
    const end = good.length;
    await noticed(good.subarray(0, end - 512), /^the tar does not end where it should/);
    await noticed(good.subarray(0, end - 1024), /^the tar is cut off/);
    await noticed(good.subarray(0, 5000), /./);
    await noticed(Buffer.alloc(0), /^the tar is cut off/);
    await noticed(Buffer.alloc(1024), /^the tar is empty/);
    await noticed(Buffer.concat([good, Buffer.alloc(512)]), /^the tar does not end where it should/);
    await noticed(Buffer.concat([good, good]), /^the tar does not end where it should/);
    await noticed(Buffer.from('not a tar\n'.repeat(100)), /./);
    const mode = Buffer.from(good);
    mode.write('0000777', 100, 'latin1');
    await noticed(mode, /^a tar header was changed/);
    const link = Buffer.from(good);
    link.write('2', 156, 'latin1');
    await noticed(link, /^a tar header was changed/);
  });

  it('notices any one byte that is changed, anywhere', async () => {
    // In one process: whatever is changed, the answer is 7 and never a traceback.
    const script = `
import io, random, runpy, sys, contextlib
good = open('b.tar', 'rb').read()
random.seed(7)
sys.argv = [sys.argv[1], 'given.tar', sys.argv[2]]
for round in range(150):
    bad = bytearray(good)
    at = random.randrange(len(bad))
    bad[at] ^= 1 << random.randrange(8)
    open('given.tar', 'wb').write(bad)
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out): runpy.run_path(sys.argv[0])
        print('unnoticed at', at); break
    except SystemExit as ended:
        if ended.code != 7 or out.getvalue().count('\\n') != 1: print('at', at, ended.code, out.getvalue()); break
else: print('all noticed')`;
    const found = await new Promise<string>((resolve) => {
      execFile('python3', ['-c', script, program, vkey], { cwd: home }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    expect(found).toBe('all noticed\n');
  });

  it('notices what was sealed false: somebody with the key cannot cut the chain or invent a timeline', async () => {
    await noticed(
      await resealed('audit.ndjson', (text) => text.replace(/^[\s\S]*?incident\.opened.*\n/, '')),
      /^timeline.ndjson: not what the audit log says/,
    );
    await noticed(
      await resealed('audit.ndjson', (text) => text.replace(/[^\n]*\n$/, '')),
      /^timeline.ndjson|does not end where the checkpoint/,
    );
    await noticed(
      await resealed('audit.ndjson', (text) => text.split('\n').toSpliced(2, 1).join('\n')),
      /^audit.ndjson: broken at \d+: a row is missing/,
    );
    await noticed(
      await resealed('audit.ndjson', (text) => text.replace('"actor_os":"test"', '"actor_os":"eve"')),
      /^audit.ndjson: broken at \d+: a column was changed/,
    );
    await noticed(
      await resealed('timeline.ndjson', (text) => text.replace('incident.noted', 'incident.closed')),
      /^timeline.ndjson: not what the audit log says/,
    );
    await noticed(await resealed('timeline.ndjson', (text) => text.slice(0, -1)), /^a row has no end/);
    await noticed(
      await resealed('checkpoint', (text) =>
        text.replace(/\n(\d+)\n/, (_all, size) => `\n${Number(size) + 1}\n`),
      ),
      /^checkpoint: the signature does not fit/,
    );
    await noticed(
      await resealed('checkpoint', (text) => text.replace('keyctl/audit/', 'keyctl/other/')),
      /^checkpoint: malformed/,
    );
  });

  /** A part changed, with a manifest that is true of it again and signed. */
  async function resealed(name: string, edit: (text: string) => string): Promise<Buffer> {
    const { createHash } = await import('node:crypto');
    const { parseSigner, signNote } = await import('../../src/domain/signed-note.js');
    const { Secret } = await import('../../src/domain/secret.js');
    const signer = parseSigner(new Secret(await readFile(signerKey, 'utf8')));
    return repacked((parts) => {
      const old = parts.get(`INC-1/${name}`)?.toString() ?? '';
      const part = Buffer.from(edit(old));
      expect(part.toString()).not.toBe(old);
      parts.set(`INC-1/${name}`, part);
      const [text = ''] = String(parts.get('INC-1/MANIFEST')).split('\n\n');
      const sum = createHash('sha256').update(part).digest('hex');
      const line = new RegExp(`^[0-9a-f]{64} \\d+ ${name}$`, 'm');
      const manifest = `${text}\n`.replace(line, `${sum} ${part.length} ${name}`);
      parts.set('INC-1/MANIFEST', Buffer.from(signNote(manifest, signer)));
    });
  }

  it('is the standard library alone', async () => {
    const source = await readFile(program, 'utf8');
    const imports = [...source.matchAll(/^\s*(?:import|from) (.*)$/gm)].map(([, names]) => names);
    expect(imports).toEqual(['base64, calendar, hashlib, json, os, re, sys, time']);
  });
});
