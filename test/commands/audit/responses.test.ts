import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const run = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['audit', 'responses', ...args], { database, role: 'test_admin', ...options });
const why = ['--reason', 'SEC-31: agreed with the platform team'];
const last = async () =>
  (
    await admin.sql`select action, reason, record::jsonb -> 'details' as details from keyctl.audit_log order by seq desc limit 1`
  )[0];
const count = async () => (await admin.sql`select seq::int from keyctl.audit_head`)[0]?.seq;

describe('audit responses', () => {
  it('there is none until one is set', async () => {
    expect((await run(['list'], { role: 'test_viewer' })).stdout).toContain('nothing is done by itself');
    expect(JSON.parse((await run(['list', '--json'])).stdout)).toEqual({ responses: [], next_cursor: null });
  });

  it('is set, changed and taken away by an admin, each with its row', async () => {
    const stop = ['set', 'stop-decoys', '--suspend', '--for', '4h', '--detector', 'decoy'];
    const planned = JSON.parse((await run([...stop, '--dry-run', '--json'])).stdout);
    expect(planned).toMatchObject({
      dry_run: true,
      count: 1,
      after: { response: 'suspend', lasts_seconds: 14_400 },
    });
    expect(await count()).toBe(0);
    expect((await run([...stop, ...why], { role: 'test_operator' })).code).toBe(77);
    const made = await run([...stop, ...why]);
    expect(made.code).toBe(0);
    expect(made.stdout).toContain('stop-decoys new · audit 1');
    expect(await last()).toMatchObject({
      action: 'policy.set',
      reason: why[1],
      details: { response_rule: 'stop-decoys' },
    });
    expect((await run([...stop, ...why])).stdout).toContain('unchanged');
    const changed = JSON.parse(
      (await run(['set', 'stop-decoys', '--most-per-hour', '1', ...why, '--json'])).stdout,
    );
    expect(changed).toMatchObject({
      outcome: 'set',
      before: { most_per_hour: 3 },
      after: { most_per_hour: 1 },
    });
    expect((await run(['set', 'stop-decoys', '--detector', 'any', ...why])).stdout).toMatch(
      /detector +decoy → none/,
    );
    const list = JSON.parse((await run(['list', '--json'])).stdout).responses;
    expect(list).toMatchObject([
      {
        ...{ name: 'stop-decoys', detector: null, least_severity: 'critical', response: 'suspend' },
        ...{ lasts_seconds: 14_400, most_per_hour: 1, responses_in_last_day: 0, set_by: 'test_admin' },
      },
    ]);
    expect((await run(['list'])).stdout).toMatch(/stop-decoys +any +critical +suspend +4 h +1 +0/);
    expect((await run(['list', '-o', 'ids'])).stdout).toBe('stop-decoys\n');

    expect((await run(['remove', 'stop-decoys', '--dry-run'])).stdout).toContain(
      'stop-decoys would be removed',
    );
    expect((await run(['remove', 'stop-decoys', ...why], { role: 'test_operator' })).code).toBe(77);
    const removed = await run(['remove', 'stop-decoys', ...why]);
    expect(removed.stdout).toMatch(/stop-decoys removed · audit \d/);
    expect(await last()).toMatchObject({
      action: 'policy.set',
      details: { response_rule: 'stop-decoys', after: null },
    });
    expect((await run(['remove', 'stop-decoys', ...why])).code).toBe(3);
    expect((await run(['remove', 'stop-decoys', '--dry-run'])).code).toBe(3);
  });

  it.each([
    [['set', 'x', ...why], 'SETTING'],
    [['set', 'No Name', '--notify', ...why], 'NAME'],
    [['set', 'x', '--suspend', '--notify', ...why], 'RESPONSE'],
    [['set', 'x', '--suspend', ...why], '--for'],
    [['set', 'x', '--step-down', '--for', '4h', ...why], '--for'],
    [['set', 'x', '--block-ip', '--for', 'long', ...why], '--for'],
    [['set', 'x', '--notify', '--severity', 'low', ...why], '--severity'],
    [['set', 'x', '--notify', '--detector', 'A B', ...why], '--detector'],
    [['set', 'x', '--notify', '--most-per-hour', '0', ...why], '--most-per-hour'],
    [['set', 'x', '--notify', '--reason', 'test'], '--reason'],
    [['set', 'x', '--notify'], '--reason'],
    [['remove', 'x'], '--reason'],
  ])('refuses %j in words that name the flag (2)', async (args, flag) => {
    const before = await count();
    const ran = await run(args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(flag);
    expect(await count()).toBe(before);
  });

  it('what lasts too long or changes its kind without a time is refused by the kernel (2)', async () => {
    expect((await run(['set', 'x', '--suspend', '--for', '60d', ...why])).code).toBe(2);
    expect((await run(['set', 'y', '--detector', 'decoy', ...why])).code).toBe(2);
  });
});
