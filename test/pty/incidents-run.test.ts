import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { type Pty, startPty } from '../support/pty.js';
import { incidentLog } from '../support/seed-incident.js';
import { type SeededKey, seedKey, seedUsage } from '../support/seed-keys.js';

/** The walkthrough in a real terminal, as a person at 3 a.m. meets it. */
let database: TestDatabase;
let admin: Connection;
let gateway: Gateway;
let env: Record<string, string>;
let home: string;
const open: Pty[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  gateway = await startGateway([401]);
  home = await mkdtemp(join(inject('scratch'), 'walkthrough-'));
  const { host, port } = database.settings();
  const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
  env = { DATABASE_URL: url, HOME: home };
});
afterEach(() => {
  for (const pty of open.splice(0)) pty.close();
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
});

async function onTerminal(argv: readonly string[], more: Record<string, string> = {}): Promise<Pty> {
  const failpoints = more.KEYCTL_FAILPOINT !== undefined;
  const options = { columns: 100, rows: 40, env: { ...env, ...more }, failpoints };
  const pty = await startPty(['incidents', 'run', ...argv], options);
  open.push(pty);
  return pty;
}

/** A leaked key in somebody else's hands: used from a new address, from where another key is used too. */
async function leakedKey(name: string): Promise<SeededKey> {
  const key = await seedKey(admin, { name, owner: 'alice@example.com' });
  const other = await seedKey(admin, { owner: 'bob@example.com' });
  await seedUsage(admin, { keyId: key.id, times: 40, secondsAgo: 3 * 86_400 });
  const attacker = { secondsAgo: 60, ip: '198.51.100.17', endpoint: '/v1/export' };
  await seedUsage(admin, { keyId: key.id, times: 30, ...attacker });
  await seedUsage(admin, { keyId: other.id, times: 3, ...attacker });
  return key;
}

/** Answers the questions up to the typed confirmation, and counts them. */
async function untilContained(pty: Pty, key: SeededKey): Promise<number> {
  let answers = 0;
  const answer = async (question: string, typed: string) => {
    await pty.sees(question);
    answers += 1;
    pty.type(typed);
  };
  await answer('What happened?', '\r');
  await pty.sees('Paste the leaked text');
  pty.paste(`API_KEY=${key.token}\nand the next line`);
  await answer('Paste the leaked text', '\r');
  await answer('What happened, in a few words', '\r');
  await answer('How bad is it?', '\r');
  await answer('How is it stopped?', '\r');
  await answer(`Type ${key.id.slice(4, 8)}`, `${key.id.slice(4, 8)}\r`);
  return answers;
}

const actionsOf = async (id: string) => (await incidentLog(admin, id)).map(({ action }) => action);

it('leads from the pasted leak to the proof in six answers, and on to a closed incident', async () => {
  const key = await leakedKey('alice-prod');
  const out = join(home, 'evidence.tar');
  const secret = join(home, 'new.key');
  const pty = await onTerminal([
    ...['--probe', gateway.url, '--out', out, '--unsigned', '--deliver', `file:${secret}`],
  ]);
  expect(await untilContained(pty, key)).toBe(6);
  await pty.sees(`${key.id} is dead, the probe got 401`);
  const seen = pty.screen().join('\n');
  expect(seen).toContain('1 new address: 198.51.100.17');
  expect(seen).toContain('seen from them too');

  await pty.sees('The new token, to try it');
  pty.type('\r');
  await pty.sees('Who has to know?');
  pty.type('\r');
  await pty.sees('Root cause, lessons and follow-ups');
  pty.type('\r');
  await pty.sees(/\? Root cause:$/m);
  pty.type('the token stood in a public CI log\r');
  await pty.sees(/\? Lessons:$/m);
  pty.type('logs are scanned before they are published\r');
  await pty.sees('Still to be done');
  pty.type('scan CI logs; platform@example.com; 14d\r');
  await pty.sees(/14d\n\? Still to be done/);
  pty.type('\r');
  await pty.sees('Close INC-1?');
  pty.type('\r');
  expect((await pty.ended()).code).toBe(0);

  expect(pty.written()).not.toContain(key.token);
  expect((await readFile(secret, 'utf8')).trim()).toMatch(/^kc_\w{64}$/);
  const [row] = await admin.sql`select state, root_cause, lessons, reviewed_at is not null as reviewed,
    (select status from keyctl.keys where id = ${key.id}) as old_status,
    (select n.status from keyctl.keys o join keyctl.keys n on n.id = o.replaced_by where o.id = ${key.id}) as new_status,
    (select count(*)::int from keyctl.incident_follow_ups) as follow_ups,
    (select count(*)::int from keyctl.incident_steps where state = 'done') as steps
    from keyctl.incidents where incident_id = 'INC-1'`;
  expect(row).toEqual({
    state: 'closed',
    root_cause: 'the token stood in a public CI log',
    lessons: 'logs are scanned before they are published',
    reviewed: true,
    old_status: 'revoked',
    new_status: 'active',
    follow_ups: 1,
    steps: 11,
  });
  const timeline = (await actionsOf('INC-1')).filter((action) => !action.startsWith('incident.step_'));
  expect(timeline).toEqual([
    ...['incident.opened', 'incident.key_linked', 'incident.playbook_set', 'incident.acknowledged'],
    ...['key.revoked', 'incident.contained', 'incident.bundled', 'rotation.prepared', 'rotation.activated'],
    ...['incident.recovering', 'incident.recovered', 'incident.investigated', 'incident.reviewed'],
    ...['incident.follow_up_added', 'incident.closed'],
  ]);
  const [steps] = await admin.sql`select count(*) filter (where action = 'incident.step_taken')::int as taken,
    count(*) filter (where action = 'incident.step_finished')::int as finished from keyctl.audit_log`;
  expect(steps).toEqual({ taken: 11, finished: 11 });
});

it('killed, and its terminal closed, it goes on where it stood, with nothing done twice', async () => {
  const key = await leakedKey('carol-prod');
  // The key is revoked, and nothing of the step is written down.
  const killed = await onTerminal([], { KEYCTL_FAILPOINT: 'walkthrough.contain.worked' });
  await untilContained(killed, key);
  expect((await killed.ended()).code).toBe(137);
  expect(await actionsOf('INC-2')).toContain('key.revoked');

  const closed = await onTerminal(['INC-2', '--probe', gateway.url]);
  await closed.sees(/contain\s+◆ under way since \S+ by test_operator/);
  await closed.sees('How is it stopped?');
  closed.type('\r');
  await closed.sees('The leaked text again, for the probe');
  closed.close();
  open.splice(open.indexOf(closed), 1);

  const third = await onTerminal(['INC-2', '--probe', gateway.url]);
  await third.sees('The leaked text again, for the probe');
  third.paste(key.token);
  third.type('\r');
  await third.sees(`${key.id} is dead, the probe got 401`);
  await third.sees('Where is the evidence kept?');
  third.type('quit\r');
  await third.sees('Anybody can go on:  keyctl incidents run INC-2');
  expect((await third.ended()).code).toBe(0);
  const actions = await actionsOf('INC-2');
  for (const once of ['key.revoked', 'incident.contained', 'incident.playbook_set', 'incident.acknowledged'])
    expect(actions.filter((action) => action === once)).toHaveLength(1);
  const [row] =
    await admin.sql`select string_agg(step, ' ' order by taken_at) as done from keyctl.incident_steps
    where incident_id = 'INC-2' and state = 'done'`;
  expect(row).toEqual({ done: 'identify blast-radius contain prove' });
});
