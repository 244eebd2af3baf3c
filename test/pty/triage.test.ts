import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { type Pty, type PtyOptions, startPty } from '../support/pty.js';
import { seedFinding } from '../support/seed-findings.js';
import { incidentLog, seedIncident } from '../support/seed-incident.js';
import { auditOf, seedKey, seedUsage } from '../support/seed-keys.js';

/** `keyctl incidents triage` in a real terminal, on a real database. */
let database: TestDatabase;
let admin: Connection;
const reason = 'leaked in acme/app commit 7a3f21';
const open: Pty[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
beforeEach(async () => {
  await admin.sql`delete from keyctl.findings`;
  await admin.sql`update keyctl.incidents set state = 'closed', closed_at = clock_timestamp() where state <> 'closed'`;
});
afterEach(() => {
  for (const pty of open.splice(0)) pty.close();
});
afterAll(() => database.drop());

async function triage(flags: readonly string[] = [], options: PtyOptions = {}): Promise<Pty> {
  const { host, port } = database.settings();
  const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
  const pty = await startPty(['incidents', 'triage', ...flags], {
    ...options,
    env: { DATABASE_URL: url, ...options.env },
  });
  open.push(pty);
  return pty;
}

async function leaves(pty: Pty): Promise<number> {
  const { code, settings } = await pty.ended();
  for (const setting of ['isig', 'icanon', 'echo', 'icrnl', 'opost'])
    expect(settings.split(/\s+/)).toContain(setting);
  expect(pty.cursor().shown).toBe(true);
  return code;
}

const selected = (id: string): RegExp => new RegExp(`›.? ?${id} `);

async function actions(incidentId: string): Promise<string[]> {
  return (await incidentLog(admin, incidentId)).map(({ action }) => action);
}

describe('somebody works on incidents', () => {
  it('takes one up, leads it, notes, suspends one key and revokes the other, as on the command line', async () => {
    const alice = await seedKey(admin, { name: 'alice-prod' });
    const ci = await seedKey(admin, { name: 'ci' });
    await seedUsage(admin, { keyId: alice.id, times: 40, secondsAgo: 4 });
    const keyIds = [alice.id, ci.id];
    const id = await seedIncident(admin, { severity: 'critical', keyIds });
    await seedIncident(admin, { severity: 'low', title: 'smaller' });
    const pty = await triage();
    await pty.sees(selected(id));
    await pty.sees('8 req/min from 1 address');
    await pty.sees('contain: revoke (r) or suspend (s) 2 usable keys');
    pty.type('a');
    await pty.sees(`keyctl incidents ack ${id}`);
    expect(await actions(id)).not.toContain('incident.acknowledged');
    pty.type('\r');
    await pty.sees(`✓ ${id} acknowledged`);
    pty.type('l\x15jdoe');
    await pty.sees(`keyctl incidents assign ${id} jdoe`);
    pty.type('\r');
    await pty.sees('led by jdoe');
    pty.type('n');
    pty.paste('the CI log was public');
    await pty.sees(`keyctl incidents note ${id} 'the CI log was public'`);
    pty.type('\r');
    await pty.sees('noted');
    pty.type('\t');
    const [first = '', second = ''] = keyIds.toSorted();
    await pty.sees(/s and r mean key_\w+ alone/);
    const [, chosen = ''] = /mean (key_\w+) alone/.exec(pty.screen().join('\n')) ?? [];
    expect(keyIds).toContain(chosen);
    const other = chosen === first ? second : first;
    pty.type('s');
    await pty.sees('in use');
    pty.paste(reason);
    pty.type('\r4h\r');
    await pty.sees(`Type ${chosen.slice(4, 8)} to suspend it`);
    await pty.sees(`keyctl keys suspend ${chosen} --reason`);
    pty.type(`${chosen.slice(4, 8)}\r`);
    await pty.sees('✓ suspended');
    await pty.sees('comes back at');
    pty.type('r');
    await pty.sees(/in use[\s\S]*in use/);
    pty.paste(reason);
    pty.type('\r\r');
    await pty.sees('Type 2 to revoke these 2 keys');
    pty.type('2\r');
    await pty.sees(/revoked[\s\S]*revoked/);
    await pty.sees('contained');
    for (const keyId of [chosen, other])
      expect(await auditOf(admin, keyId)).toContainEqual(
        expect.objectContaining({ action: 'key.revoked', reason, actor_db: 'test_operator' }),
      );
    expect(await actions(id)).toEqual(
      expect.arrayContaining([
        'incident.acknowledged',
        'incident.assigned',
        'incident.noted',
        'key.suspended',
      ]),
    );
    expect((await actions(id)).filter((action) => action === 'key.revoked')).toHaveLength(2);
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
  });

  it('makes an incident of what was found, and links another key to it', async () => {
    const bob = await seedKey(admin, { name: 'sales_bob', owner: 'bob@example.com' });
    const other = await seedKey(admin, { name: 'sales_bob_2' });
    await seedFinding(admin, { keyId: bob.id, weight: 0.8, severity: 'high' });
    const pty = await triage();
    await pty.sees('not yet an incident: sales_bob v1  risk 80');
    pty.type('a');
    await pty.sees('this is no incident yet: i makes it one');
    pty.type('i');
    await pty.sees('--incident new');
    pty.type('\r');
    await pty.sees(/›.? ?INC-\d+ +high/);
    const [, id = ''] = /(INC-\d+) +high/.exec(pty.screen().join('\n')) ?? [];
    expect(pty.screen().join('\n')).not.toContain('not yet an incident');
    expect(await actions(id)).toEqual(expect.arrayContaining(['incident.opened']));
    pty.type(`k${other.id}`);
    await pty.sees(`keyctl incidents link-key ${id} ${other.id}`);
    pty.type('\r\r');
    await pty.sees(/linked/);
    await pty.sees('●●');
    expect(await actions(id)).toContain('incident.key_linked');
    pty.type('knobody-has-this-name\r\r');
    await pty.sees('nobody-has-this-name');
    await pty.sees(/▲ .*not/);
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
  });

  it('sees what another board does, attempts with dead keys as they come in, and stays on its incident', async () => {
    const key = await seedKey(admin, { name: 'ci', status: 'revoked' });
    const id = await seedIncident(admin, { severity: 'high', keyIds: [key.id] });
    const [mine, theirs] = await Promise.all([triage(), triage(['--readonly'])]);
    await Promise.all([mine.sees(selected(id)), theirs.sees(selected(id))]);
    mine.type('nseen by mine\r');
    await theirs.sees('noted: seen by mine');
    mine.type('l\x15kim\r');
    await theirs.sees(/high .* kim/);
    const worse = await seedIncident(admin, { severity: 'critical', title: 'worse' });
    await Promise.all([mine.sees(worse), theirs.sees(worse)]);
    await Promise.all([mine.sees(selected(id)), theirs.sees(selected(id))]);
    await seedUsage(admin, { keyId: key.id, times: 7, secondsAgo: -9, status: 401, ip: '198.51.100.17' });
    await admin.sql`insert into keyctl.incident_attempts (key_id, hour, ip, accepted, requests, first_at, last_at)
      values (${key.id}, date_trunc('hour', clock_timestamp()), '198.51.100.17', false, 7, clock_timestamp(), clock_timestamp())`;
    const tried = `refused 7 requests with ${key.id} from 198.51.100.17`;
    await Promise.all([mine.sees(tried), theirs.sees(tried)]);
    theirs.type('s');
    await theirs.sees('this screen is read only');
    expect(theirs.screen()[0]).toContain('READ ONLY');
    mine.type('q');
    expect(await leaves(mine)).toBe(0);
    theirs.type('\x03');
    expect(await leaves(theirs)).toBe(130);
  });

  it('opens the walkthrough in place, and comes back to the same incident', async () => {
    await seedIncident(admin, { severity: 'critical', title: 'another' });
    const key = await seedKey(admin, { name: 'alice-prod' });
    const id = await seedIncident(admin, { severity: 'high', keyIds: [key.id] });
    const pty = await triage();
    await pty.sees(id);
    pty.type('G');
    await pty.sees(selected(id));
    await pty.sees('compromise: identify (enter)');
    pty.type('w');
    await pty.sees(`this is  keyctl incidents run ${id}`);
    await pty.sees('Which keys is it about?');
    pty.type('quit\r');
    await pty.sees(`Left at identify. Anybody can go on:  keyctl incidents run ${id}`);
    await pty.sees('Enter goes back to the board');
    pty.type('\r');
    await pty.sees(/ TRIAGE .* as of/);
    await pty.sees(selected(id));
    expect(pty.screen().join('\n')).not.toContain('Which keys');
    await pty.sees('step 1 of');
    pty.type('\r');
    await pty.sees(`this is  keyctl incidents run ${id} --step identify`);
    await pty.sees(/--step identify[\s\S]*Which keys is it about\?/);
    pty.type('\r');
    await pty.sees(/identify done[\s\S]*Enter goes back to the board/);
    pty.type('\r');
    await pty.sees('step 2 of');
    expect(await actions(id)).toEqual(
      expect.arrayContaining(['incident.playbook_set', 'incident.step_finished']),
    );
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
  });

  it('Ctrl-C in the walkthrough ends it all, with the terminal as it was', async () => {
    const id = await seedIncident(admin, { severity: 'high' });
    const pty = await triage();
    await pty.sees(selected(id));
    pty.type('w');
    await pty.sees('identify');
    await pty.sees('quit for now');
    pty.type('\x03');
    expect(await leaves(pty)).toBe(130);
  });

  it('asks for more room in a small window, and draws itself in a larger one', async () => {
    const id = await seedIncident(admin, { severity: 'high' });
    const pty = await triage([], { columns: 40, rows: 10 });
    await pty.sees('60 columns');
    pty.resize(130, 30);
    await pty.sees(new RegExp(`INC.*│ ─ ${id}`));
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
  });

  it('has it read aloud, on the shell’s own screen', async () => {
    const id = await seedIncident(admin, { severity: 'high' });
    const pty = await triage([], { env: { INK_SCREEN_READER: 'true' } });
    await pty.sees(`1 of 1: ${id}, high, open: key in public repo acme/app.`);
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
    expect(pty.written()).not.toContain('\x1b[?1049h');
  });
});

it('hostile titles, leads, notes, links and addresses are shown, and nothing of them is obeyed', async () => {
  const hostile = '\x1b]52;c;aGVsbG8=\x07\r\x1b[2J\u202eevil\u009b1;31m\x1b[999;1H';
  const key = await seedKey(admin, { name: hostile });
  const id = await seedIncident(admin, { severity: 'high', keyIds: [key.id] });
  await admin.sql`update keyctl.incidents set title = ${hostile}, lead = ${hostile} where incident_id = ${id}`;
  await admin.sql`insert into keyctl.incident_links (incident_id, url, title) values (${id}, ${hostile}, ${hostile})`;
  await admin.sql`insert into keyctl.incident_attempts (key_id, hour, ip, accepted, requests, first_at, last_at)
    values (${key.id}, date_trunc('hour', clock_timestamp()), ${hostile}, false, 7, clock_timestamp(), clock_timestamp())`;
  const pty = await triage([], { columns: 100, rows: 40 });
  await pty.sees(selected(id));
  await pty.sees('refused 7 requests with');
  pty.type('t');
  await pty.sees(/linked[\s\S]*\\x1b\]52;c;/);
  expect(pty.screen().filter((text) => text.includes('\\x1b]52')).length).toBeGreaterThanOrEqual(3);
  for (const trick of ['\x1b]', '\x1b[999;1H', '\u202e', '\u009b', '\x07'])
    expect(pty.written()).not.toContain(trick);
});
