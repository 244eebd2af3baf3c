import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { builtProgram } from '../support/built-program.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { seedKey } from '../support/seed-keys.js';

const page = join(import.meta.dirname, '../../docs/cron.md');

let database: TestDatabase;
let admin: Connection;
let root: string;
let text: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  root = await mkdtemp(join(tmpdir(), 'keyctl-cron-'));
  text = await readFile(page, 'utf8');
  for (const path of ['etc/keyctl', 'etc/billing', 'srv/keys', 'usr/local/bin', 'var/log/keyctl']) {
    await mkdir(join(root, path), { recursive: true, mode: 0o700 });
  }
  await symlink(await builtProgram(), join(root, 'usr/local/bin/apikeyctl'));
  const reload = join(root, 'usr/local/bin/reload-billing');
  await writeFile(reload, `#!/bin/sh\n: >${root}/reloaded\n`);
  await chmod(reload, 0o755);
  const { host, port, user } = database.settings('test_operator');
  const url = `postgres://${user}@${encodeURIComponent(host)}:${port}/${database.name}`;
  await writeFile(join(root, 'etc/keyctl/env'), `DATABASE_URL=${url}\n`, { mode: 0o600 });
  await writeFile(join(root, 'etc/billing/env'), 'API_KEY=old\nPORT=1\n', { mode: 0o600 });
  const map = /```json\n(.*?)```/s.exec(text)?.[1] ?? '';
  await writeFile(join(root, 'etc/keyctl/delivery.json'), here(map), { mode: 0o600 });
}, 60_000);
afterAll(async () => {
  await database.drop();
  await rm(root, { recursive: true });
});

/** The page's paths, below the test's own directory. */
function here(line: string): string {
  return line.replaceAll(/(?<![\w/])\/(etc|srv|usr|var)\//g, (path) => root + path);
}

/** As cron runs a line: by sh, with next to nothing in the environment. */
function runLine(line: string): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const env = { PATH: `${root}/usr/local/bin:/usr/bin:/bin:${join(process.execPath, '..')}`, HOME: root };
  const command = [
    '-i',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    '/bin/sh',
    '-c',
    here(line),
  ];
  return new Promise((resolve) => {
    execFile('env', command, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
  });
}

describe('the crontab of docs/cron.md', () => {
  it('rotates what is due, each key into its place, and is silent when it is run again', async () => {
    const billing = await seedKey(admin, { name: 'billing' });
    const other = await seedKey(admin, { name: 'worker' });
    await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '100 days'`;
    const [, line = ''] = /^17 3 \* \* \* keyctl (.*)$/m.exec(text) ?? [];
    expect(await runLine(line)).toEqual({ code: 0, stderr: '' });
    const log = () => readFile(join(root, 'var/log/keyctl/rotate-due.ndjson'), 'utf8');
    const records = (await log())
      .trim()
      .split('\n')
      .map((record) => JSON.parse(record));
    const keyOf = Object.fromEntries(records.map((record) => [record.old_key_id, record.key_id]));
    expect(Object.keys(keyOf).sort()).toEqual([billing.id, other.id].sort());
    expect(await readFile(join(root, 'etc/billing/env'), 'utf8')).toMatch(
      new RegExp(`^API_KEY=kc_${keyOf[billing.id].slice(4)}\\w+\\nPORT=1\\n$`),
    );
    expect(await readFile(join(root, 'srv/keys', keyOf[other.id]), 'utf8')).toContain(
      keyOf[other.id].slice(4),
    );
    expect(await readFile(join(root, 'reloaded'), 'utf8')).toBe('');

    const before = await log();
    expect(await runLine(line)).toEqual({ code: 0, stderr: '' });
    expect(await log()).toBe(before);
  }, 60_000);

  it('shows before the first night what would happen', async () => {
    const [, line = ''] = /^sudo -u keyctl (.*--dry-run)$/m.exec(text) ?? [];
    expect(await runLine(line)).toEqual({
      code: 0,
      stderr: expect.stringContaining('nothing is due in database'),
    });
  }, 60_000);
});
