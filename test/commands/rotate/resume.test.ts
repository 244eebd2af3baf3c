import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintKey } from '../../../src/actions/mint-key.js';
import type { Connection } from '../../../src/db/connect.js';
import { rotatePrepare } from '../../../src/db/kernel-rotation.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let home: string;
let files = 0;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  home = await mkdtemp(join(tmpdir(), 'keyctl-resume-'));
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

const rotate = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['rotate', ...args], { database, role: 'test_operator', ...options });
const newFile = () => {
  files += 1;
  return join(home, `new-${files}`);
};
const keyRow = async (id: string) => (await admin.sql`select * from keyctl.api_keys where id = ${id}`)[0];
const actions = async (id: string) => (await auditOf(admin, id)).map((row) => row.action);

/** What a run leaves that was killed after PREPARE; its file is there unless `lost`. */
async function deadRun(lost = false) {
  const old = await seedKey(admin);
  const path = newFile();
  const { secret, key } = mintKey({ randomBytes }, 'kc');
  const items = [{ keyId: old.id, version: 1, successor: key, deliverTo: [`file:${path}`] }];
  const change = { operationId: randomUUID(), context: { actor_os: null, actor_claimed: null, host: null } };
  await admin.run({ sends: 'read' }, (db) =>
    rotatePrepare(db, change, { items, options: {}, reason: 'quarterly rotation, OPS-311' }),
  );
  if (!lost) await writeFile(path, secret.reveal(), { mode: 0o600 });
  return { old, path, newId: key.id, rotationId: `rot_${key.id.slice(4)}` };
}

/** A hook that fails in the given phase as long as `FAIL` lies beside it. */
async function hook(phase: string): Promise<{ readonly command: string; readonly fails: string }> {
  const command = newFile();
  const fails = `${command}.fails`;
  await writeFile(
    command,
    `#!/bin/sh\n[ "$KEYCTL_PHASE" = stage ] && cat > ${command}.staged\n[ "$KEYCTL_PHASE" = ${phase} ] && [ -e ${fails} ] && exit 3\nexit 0\n`,
  );
  await chmod(command, 0o755);
  await writeFile(fails, '');
  return { command, fails };
}

describe('rotate resume', () => {
  it('activates what a dead run staged, from where it was going', async () => {
    const { old, newId, rotationId } = await deadRun();
    expect(await rotate(['resume', rotationId])).toMatchObject({ code: 5, stdout: '' });
    const ran = await rotate(['resume', rotationId, '--yes', '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      key_id: newId,
      rotation_id: rotationId,
      old_key_status: 'retiring',
    });
    expect(await keyRow(newId)).toMatchObject({ status: 'active', replaces: old.id });
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated']);
    const again = await rotate(['resume', old.id, '--yes', '--json']);
    expect(again).toMatchObject({ code: 0 });
    expect(await actions(old.id)).toHaveLength(2);
  });

  it('says that the secret is lost, and what to do (8)', async () => {
    const { old, rotationId } = await deadRun(true);
    const ran = await rotate(['resume', rotationId, '--yes']);
    expect(ran).toMatchObject({ code: 8, stdout: '' });
    expect(ran.stderr).toContain(`keyctl rotate abort ${rotationId}`);
    expect(await keyRow(old.id)).toMatchObject({ status: 'active' });
  });

  it('finishes a commit that failed; until then both keys are usable (6)', async () => {
    const old = await seedKey(admin);
    const { command, fails } = await hook('commit');
    const line = [
      '--grace',
      '0',
      '--reason',
      'quarterly rotation, OPS-311',
      '--yes',
      '--deliver',
      `exec:${command}`,
    ];
    const ran = await rotate([old.id, ...line]);
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain('keyctl rotate resume rot_');
    expect(await keyRow(old.id)).toMatchObject({ status: 'retiring' });
    const rotationId = `rot_${String((await keyRow(old.id))?.replaced_by).slice(4)}`;
    const ungiven = await rotate(['resume', rotationId, '--yes']);
    expect(ungiven).toMatchObject({ code: 2, stdout: '' });
    expect(ungiven.stderr).toContain('never taken from the database');
    await rm(fails);
    const resumed = await rotate(['resume', rotationId, '--yes', '--deliver', `exec:${command}`, '--json']);
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ old_key_status: 'replaced', grace_ends_at: null });
    expect(await keyRow(old.id)).toMatchObject({ status: 'replaced' });
    expect(await actions(old.id)).toEqual(['rotation.prepared', 'rotation.activated', 'rotation.committed']);
  });

  it('runs --after once the secrets are in place; its failure is exit 6, and the old key waits', async () => {
    const old = await seedKey(admin);
    const { command, fails } = await hook('after');
    const path = newFile();
    const line = [
      '--compromised',
      '--reason',
      'found in acme/app commit 7a3f21',
      '--yes',
      '--deliver',
      `file:${path}`,
    ];
    const ran = await rotate([old.id, ...line, '--after', command]);
    expect(ran.code).toBe(6);
    expect(await keyRow(old.id)).toMatchObject({ status: 'retiring' });
    await rm(fails);
    expect((await rotate(['resume', old.id, '--yes', '--after', command])).code).toBe(0);
    expect(await keyRow(old.id)).toMatchObject({ status: 'replaced' });
    expect(existsSync(`${command}.staged`)).toBe(false);
  });

  it('says what it would do, and does nothing', async () => {
    const { old, rotationId, path } = await deadRun();
    const ran = await rotate(['resume', rotationId, '--dry-run']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`would finish ${rotationId}`);
    expect(ran.stdout).toContain(`with file:${path}; nothing was changed`);
    expect(await actions(old.id)).toEqual(['rotation.prepared']);
  });

  it('does not know a rotation that is not there (3)', async () => {
    expect(await rotate(['resume', 'rot_000000000000', '--yes'])).toMatchObject({ code: 3, stdout: '' });
  });
});

describe('rotate reissue', () => {
  async function rotated() {
    const old = await seedKey(admin);
    const ran = await rotate([
      old.id,
      '--reason',
      'quarterly rotation, OPS-311',
      '--yes',
      '--deliver',
      `file:${newFile()}`,
      '--json',
    ]);
    const { key_id: newId, rotation_id: rotationId, grace_ends_at: graceEndsAt } = JSON.parse(ran.stdout);
    return { old, newId: newId as string, rotationId: rotationId as string, graceEndsAt };
  }

  it('makes a new secret; the lost one is dead, the grace goes on', async () => {
    const { old, newId, rotationId } = await rotated();
    const path = newFile();
    const before = (await keyRow(old.id))?.usable_until;
    const ran = await rotate(['reissue', rotationId, '--yes', '--deliver', `file:${path}`, '--json']);
    expect(ran.code).toBe(0);
    const record = JSON.parse(ran.stdout);
    expect(record).toMatchObject({ old_key_id: newId, old_key_status: 'replaced', version: 3 });
    expect(await readFile(path, 'utf8')).toContain(record.key_id.slice(4));
    expect(await keyRow(newId)).toMatchObject({ status: 'replaced' });
    expect(await keyRow(old.id)).toMatchObject({ status: 'retiring', usable_until: before });
    expect((await auditOf(admin, newId)).map((row) => [row.action, row.reason])).toEqual([
      ['rotation.prepared', 'quarterly rotation, OPS-311'],
      ['rotation.activated', 'quarterly rotation, OPS-311'],
    ]);
  });

  it('refuses a successor that somebody used: it is not lost (4)', async () => {
    const { newId, rotationId } = await rotated();
    await seedUsage(admin, { keyId: newId, times: 1, secondsAgo: 1 });
    const ran = await rotate(['reissue', rotationId, '--yes', '--deliver', `file:${newFile()}`]);
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(await keyRow(newId)).toMatchObject({ status: 'active' });
  });

  it('needs a place and consent (5)', async () => {
    const { rotationId } = await rotated();
    expect(await rotate(['reissue', rotationId, '--yes'])).toMatchObject({ code: 5, stdout: '' });
    expect(await rotate(['reissue', rotationId, '--deliver', `file:${newFile()}`])).toMatchObject({
      code: 5,
      stdout: '',
    });
  });
});
