import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { builtProgram } from '../support/built-program.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { auditOf, seedKey } from '../support/seed-keys.js';

const isStopped = (pid: number | undefined) => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('failpoints', () => {
  let database: TestDatabase;
  let admin: Connection;
  let directory: string;
  beforeAll(async () => {
    database = await freshDatabase();
    admin = await database.connect();
    directory = await mkdtemp(join(inject('scratch'), 'failpoints-'));
  });
  afterAll(() => database.drop());

  /** Rotates a new key with that failpoint set; answers how it ended and what was written down. */
  async function rotate(kind: 'release' | 'failpoints', failpoint: string) {
    const key = await seedKey(admin);
    const { host, port } = database.settings();
    const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
    const what = ['rotate', key.id, '--reason', 'the quarterly rotation, OPS-311', '--yes', '--json'];
    const argv = ['--', await builtProgram(kind), ...what, '--deliver', `file:${join(directory, key.id)}`];
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: directory,
      DATABASE_URL: url,
      KEYCTL_FAILPOINT: failpoint,
    };
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const closed = once(child, 'close');
    if (failpoint.endsWith(':stop')) {
      await expect.poll(() => isStopped(child.pid), { timeout: 60_000 }).toBe(true);
      child.kill('SIGCONT');
    }
    const [code, signal] = await closed;
    const actions = (await auditOf(admin, key.id)).map((row) => row.action);
    return { code, signal, stderr, actions };
  }
  const whole = ['rotation.prepared', 'rotation.activated'];

  it('are ignored by what users have, which does not even hold their name', async () => {
    const { code, signal, actions } = await rotate('release', 'rotate.prepared:kill');
    expect({ code, signal, actions }).toEqual({ code: 0, signal: null, actions: whole });
    const dist = join(dirname(await builtProgram()), '../dist');
    const texts = await Promise.all(
      (await readdir(dist)).map((file) => readFile(join(dist, file), 'utf8').catch(() => '')),
    );
    expect(texts.filter((text) => text.includes('KEYCTL_FAILPOINT'))).toEqual([]);
    expect(texts.length).toBeGreaterThan(10);
  });

  it('kill the process where they are told to', async () => {
    const { signal, actions, stderr } = await rotate('failpoints', 'rotate.staged');
    expect({ signal, actions, stderr }).toEqual({
      signal: 'SIGKILL',
      actions: ['rotation.prepared'],
      stderr: 'failpoint rotate.staged\n',
    });
  });

  it.each(['rotate.staged:delay-50', 'rotate.staged:stop', 'rotate.staged@2', 'elsewhere', ''])(
    'let it go on: %s',
    async (failpoint) => {
      const { code, actions } = await rotate('failpoints', failpoint);
      expect({ code, actions }).toEqual({ code: 0, actions: whole });
    },
  );

  it('are built only where they cannot be taken for a release', async () => {
    const build = promisify(execFile)(process.execPath, ['build.mjs', '--failpoints']);
    await expect(build).rejects.toMatchObject({ stderr: expect.stringContaining('--out DIR') });
  });
});
