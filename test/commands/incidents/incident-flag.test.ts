import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { incidentLog, seedIncident } from '../../support/seed-incident.js';
import { seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let home: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  home = await mkdtemp(join(inject('scratch'), 'incident-flag-'));
});
afterAll(() => database.drop());

const why = ['--yes', '--reason', 'leaked in acme/app commit 7a3f21'];
const run = (argv: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(argv, { database, role: 'test_operator', ...options });
const actions = async (id: string) => (await incidentLog(admin, id)).map((each) => each.action);
const stateOf = async (id: string) =>
  (
    await admin.sql`select state, keys::int, keys_usable::int from keyctl.incident_list where incident_id = ${id}`
  )[0];

/** Changes that can belong to an incident, with the action of their row. */
const changes: readonly (readonly [
  name: string,
  argv: (key: string) => readonly string[],
  action: string,
])[] = [
  ['revoke', (key) => ['revoke', key, ...why], 'key.revoked'],
  ['keys suspend', (key) => ['keys', 'suspend', key, ...why], 'key.suspended'],
  ['keys update', (key) => ['keys', 'update', key, '--rpm', '5', ...why], 'key.updated'],
  [
    'rotate',
    (key) => ['rotate', key, '--compromised', '--deliver', 'exec:/bin/cat', ...why],
    'rotation.activated',
  ],
];

describe.each(changes)('%s --incident', (_name, argv, action) => {
  it('INC-n links the key, and stands in its timeline', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin);
    const ran = await run([...argv(key.id), '--incident', id.toLowerCase()]);
    expect(ran).toMatchObject({ code: 0 });
    expect(await actions(id)).toContain(action);
    const [linked] = await admin.sql`select key_id from keyctl.incident_keys where incident_id = ${id}`;
    expect(linked?.key_id).toBe(key.id);
    expect((await stateOf(id))?.keys).toBe(1);
  });

  it('new opens one for it, once, and names it', async () => {
    const key = await seedKey(admin);
    const operation = ['--operation-id', randomUUID()];
    const before = Number((await admin.sql`select last_number from keyctl.incident_counter`)[0]?.last_number);
    const ran = await run([...argv(key.id), '--incident', 'new', ...operation]);
    expect(ran).toMatchObject({ code: 0 });
    const id = `INC-${before + 1}`;
    expect(ran.stderr).toContain(`${id} opened: leaked in acme/app commit 7a3f21`);
    await run([...argv(key.id), '--incident', 'new', ...operation]);
    const after = Number((await admin.sql`select last_number from keyctl.incident_counter`)[0]?.last_number);
    expect(after).toBe(before + 1);
    expect((await actions(id)).filter((each) => each === action)).toHaveLength(1);
  });

  it('refuses one that there is not (3) or that is closed (4), and changes nothing', async () => {
    const key = await seedKey(admin);
    const closed = await seedIncident(admin, { severity: 'low' });
    await run(['incidents', 'close', closed, '--yes']);
    const unchanged = async () =>
      (await admin.sql`select status, rpm from keyctl.api_keys where id = ${key.id}`)[0];
    const before = await unchanged();
    expect(await run([...argv(key.id), '--incident', 'INC-99999'])).toMatchObject({ code: 3 });
    const refused = await run([...argv(key.id), '--incident', closed]);
    expect(refused).toMatchObject({ code: 4 });
    expect(refused.stderr).toContain(`${closed} is closed`);
    expect((await run([...argv(key.id), '--incident', 'seven'])).stderr).toContain(
      '--incident: not the number',
    );
    expect(await unchanged()).toEqual(before);
  });
});

describe('revoke --incident', () => {
  it('says it in text and JSON; several keys contain it with the last one', async () => {
    const [one, two] = [await seedKey(admin), await seedKey(admin)];
    const ran = await run([
      'revoke',
      one.id,
      two.id,
      ...why,
      '--code',
      'abuse',
      '--incident',
      'new',
      '--json',
    ]);
    const { incident_id: id } = JSON.parse(ran.stdout);
    expect(await stateOf(id)).toEqual({ state: 'contained', keys: 2, keys_usable: 0 });
    expect(await actions(id)).toEqual([
      ...['incident.opened', 'incident.key_linked', 'incident.key_linked'],
      ...['key.revoked', 'key.revoked', 'incident.contained'],
    ]);
    const [opened] = await incidentLog(admin, id);
    expect(opened?.details).toMatchObject({ type: 'abuse', severity: 'high' });
    const third = await seedKey(admin);
    expect((await run(['revoke', third.id, ...why, '--incident', id])).stdout).toMatch(
      new RegExp(`audit \\d+ · ${id}`),
    );
    const without = JSON.parse((await run(['revoke', (await seedKey(admin)).id, ...why, '--json'])).stdout);
    expect(without.incident_id).toBeNull();
  });

  it('repeated after the incident was closed, it gets its first answer', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { severity: 'low' });
    const argv = ['revoke', key.id, ...why, '--incident', id, '--operation-id', randomUUID(), '--json'];
    const first = JSON.parse((await run(argv)).stdout);
    await run(['incidents', 'close', id, '--yes']);
    expect(JSON.parse((await run(argv)).stdout)).toEqual(first);
  });

  it('of keys that are dead already it opens one that is contained', async () => {
    const key = await seedKey(admin, { status: 'revoked' });
    const ran = await run(['revoke', key.id, ...why, '--incident', 'new', '--json']);
    expect(await stateOf(JSON.parse(ran.stdout).incident_id)).toMatchObject({ state: 'contained' });
  });
});

it('keys block-ip and keys resume can belong to one', async () => {
  const key = await seedKey(admin, { status: 'suspended' });
  const id = await seedIncident(admin);
  await run(['keys', 'block-ip', '198.51.100.0/24', ...why, '--incident', id]);
  await run(['keys', 'resume', key.id, ...why, '--incident', id]);
  expect(await actions(id)).toEqual([
    ...['incident.opened', 'ip.blocked', 'incident.key_linked', 'incident.contained', 'key.resumed'],
  ]);
});

describe('keys identify --open-incident', () => {
  it('opens one about the live keys of a leak', async () => {
    const [live, dead] = [await seedKey(admin), await seedKey(admin, { status: 'revoked' })];
    const ran = await run(['keys', 'identify', '-', '--open-incident', '--json'], {
      stdin: `${live.token}\n${dead.token}\n`,
    });
    const { incident_id: id } = JSON.parse(ran.stdout);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain(`${id} opened: live key in stdin`);
    expect(await incidentLog(admin, id)).toMatchObject([
      { action: 'incident.opened', details: { type: 'leak', severity: 'high', key_ids: [live.id] } },
      { action: 'incident.key_linked', key_id: live.id },
    ]);
  });

  it('opens none about dead ones, and none without the flag', async () => {
    const dead = await seedKey(admin, { status: 'revoked' });
    const count = async () => (await admin.sql`select count(*)::int as n from keyctl.incidents`)[0]?.n;
    const before = await count();
    const ran = await run(['keys', 'identify', '-', '--open-incident', '--json'], { stdin: dead.token });
    expect(JSON.parse(ran.stdout).incident_id).toBeNull();
    expect(ran.stderr).toContain('no incident was opened');
    const live = await seedKey(admin);
    await run(['keys', 'identify', '-', '--json'], { stdin: live.token });
    expect(await count()).toBe(before);
    const refused = await run(['keys', 'identify', '-', '--open-incident'], {
      stdin: live.token,
      role: 'test_viewer',
    });
    expect(refused.code).toBe(77);
  });
});

describe('a closed incident whose dead key is let in', () => {
  const closedWith = async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { severity: 'low', keyIds: [key.id] });
    await run(['revoke', key.id, ...why, '--incident', id]);
    await run(['incidents', 'close', id, '--yes']);
    return { key, id };
  };

  it('audit ingest opens it again and says so loudly, also with --quiet and --json', async () => {
    const { key, id } = await closedWith();
    const log = join(home, 'again.ndjson');
    const ts = new Date(Date.now() + 1000).toISOString();
    await writeFile(
      log,
      `${JSON.stringify({ ts, key: key.id, endpoint: '/v1/me', status: 200, ip: '198.51.100.17' })}\n`,
    );
    const ran = await run(['audit', 'ingest', log, '--format', 'ndjson', '--quiet', '--json']);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain(`▲ ${id} IS OPEN AGAIN: dead key ${key.id}`);
    expect(ran.stderr).toContain('198.51.100.17');
    expect(JSON.parse(ran.stdout)).toMatchObject({ incidents_reopened: [id] });
    expect(await stateOf(id)).toMatchObject({ state: 'open' });
    expect((await actions(id)).slice(-2)).toEqual(['incident.attempts_seen', 'incident.reopened']);
  });

  it('audit rollup does, of what a gateway wrote; who was refused is told by address', async () => {
    const { key, id } = await closedWith();
    const other = await closedWith();
    await admin.sql`select keyctl.ensure_partitions(array[current_date])`;
    for (const [keyId, status] of [
      [key.id, 200],
      [other.key.id, 401],
    ] as const) {
      await admin.sql`insert into keyctl.usage_events (ts, key_id, id, status, ip, ip_text)
        values (clock_timestamp(), ${keyId}, ${randomUUID()}, ${status}, '203.0.113.9', '203.0.113.9')`;
    }
    const ran = await run(['audit', 'rollup', '--json']);
    expect(ran.stderr).toContain(`${id} IS OPEN AGAIN`);
    expect(ran.stderr).toContain(
      `${other.id}: dead key ${other.key.id} used from 1 new address: 203.0.113.9, 1 refused`,
    );
    expect(JSON.parse(ran.stdout)).toMatchObject({ incidents_reopened: [id] });
    expect(await stateOf(other.id)).toMatchObject({ state: 'closed' });
    expect((await run(['audit', 'rollup'])).stderr).toBe('');
  });
});
