import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { type Pty, startPty } from '../support/pty.js';
import { type SeededKey, seedKey } from '../support/seed-keys.js';

/** Ctrl-C at each step of `keyctl rotate` in a real terminal. */
let database: TestDatabase;
let admin: Connection;
let env: Record<string, string>;
let directory: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  directory = await mkdtemp(join(inject('scratch'), 'rotate-'));
  const { host, port } = database.settings();
  env = { DATABASE_URL: `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}` };
});
afterAll(() => database.drop());

async function leavesTerminalAsItWas(pty: Pty): Promise<number> {
  const { code, settings } = await pty.ended();
  for (const setting of ['isig', 'icanon', 'echo', 'icrnl', 'opost'])
    expect(settings.split(/\s+/)).toContain(setting);
  expect(pty.cursor().shown).toBe(true);
  return code;
}

const states = async (key: SeededKey) =>
  (await admin.sql`select state from keyctl.rotation_list where family_id = ${key.id}`).map(
    (row) => row.state,
  );

async function rotating(key: SeededKey, failpoint: string, flags: readonly string[]): Promise<Pty> {
  const file = join(directory, `${key.id}.env`);
  await writeFile(file, `API_KEY=${key.token}\n`, { mode: 0o600 });
  const what = ['rotate', key.id, '--reason', 'the quarterly rotation, OPS-311'];
  const argv = [...what, '--deliver', `env:${file}#API_KEY`, ...flags];
  return await startPty(argv, {
    columns: 200,
    failpoints: true,
    // Long enough for the signal to come first; what is asserted follows from the state, not from the time.
    env: { ...env, KEYCTL_FAILPOINT: `${failpoint}:delay-1500` },
  });
}

describe('Ctrl-C while a key is rotated', () => {
  it('at the question: nothing was done', async () => {
    const key = await seedKey(admin);
    const pty = await rotating(key, 'none', []);
    await pty.sees(/\?/);
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
    expect(await states(key)).toEqual([]);
    pty.close();
  });

  it.concurrent.each([
    ['rotate.prepared', 'pending', /the old key is as it was, rot_\w+ could not be aborted and is pending/],
    ['rotate.staged', 'pending', /the old key is as it was, rot_\w+ could not be aborted and is pending/],
    ['rotate.activated', 'open', /key_\w+ is active, .*rotate resume rot_\w+/s],
    ['rotate.committed', 'open', /key_\w+ is active, .*rotate resume rot_\w+/s],
    ['rotate.after', 'open', /key_\w+ is active, .*rotate resume rot_\w+/s],
  ])('at %s: the terminal is as it was, and a line says where things stand', async (point, state, line) => {
    const key = await seedKey(admin);
    const pty = await rotating(key, point, ['--yes']);
    await pty.sees(`failpoint ${point}`);
    pty.type('\x03');
    expect(await leavesTerminalAsItWas(pty)).toBe(130);
    expect(pty.screen().join('\n')).toMatch(line);
    expect(await states(key)).toEqual([state]);
    expect(pty.written()).not.toMatch(/[0-9A-Za-z]{64}/);
    pty.close();
  });
});
