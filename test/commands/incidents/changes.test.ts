import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { incidentLog, seedIncident } from '../../support/seed-incident.js';
import { seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const why = ['--reason', 'OPS-12: the first report was wrong'];
const incidents = (argv: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['incidents', ...argv], { database, role: 'test_operator', ...options });
const actions = async (id: string) => (await incidentLog(admin, id)).map((each) => each.action);
const open = ['open', '--title', 'key in public repo acme/app', '--severity', 'high', '--type', 'leak'];

describe('incidents open', () => {
  it('opens one with its keys and its time of detection, and writes it down', async () => {
    const key = await seedKey(admin);
    const ran = await incidents([
      ...open,
      '--key',
      key.id,
      '--lead',
      'jdoe',
      '--detected-at',
      '10m',
      '--json',
    ]);
    const opened = JSON.parse(ran.stdout);
    expect(ran).toMatchObject({ code: 0 });
    expect(opened).toMatchObject({
      outcome: 'opened',
      severity: 'high',
      type: 'leak',
      lead: 'jdoe',
      key_ids: [key.id],
    });
    expect(Date.parse(opened.opened_at) - Date.parse(opened.detected_at)).toBeGreaterThan(599_000);
    expect(await incidentLog(admin, opened.incident_id)).toMatchObject([
      { action: 'incident.opened', details: { title: 'key in public repo acme/app' } },
      { action: 'incident.key_linked', key_id: key.id },
    ]);
  });

  it('the same operation again opens no second one', async () => {
    const operation = ['--operation-id', randomUUID(), '--json'];
    const first = JSON.parse((await incidents([...open, ...operation])).stdout);
    expect(JSON.parse((await incidents([...open, ...operation])).stdout)).toEqual(first);
  });

  it('--dry-run opens none; a missing title is asked for on a terminal', async () => {
    const count = () => admin.sql`select count(*)::int as n from keyctl.incidents`;
    const [before] = await count();
    const dry = await incidents([...open, '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout)).toMatchObject({ dry_run: true, count: 1, incident_id: null });
    const [after] = await count();
    expect(after).toEqual(before);
    const asked = await incidents(['open', '--severity', 'low', '--type', 'policy'], {
      terminal: true,
      answers: [['What happened', 'asked for on a terminal']],
    });
    expect(asked).toMatchObject({ code: 0 });
    expect(asked.stdout).toContain('opened: low policy');
  });

  it('cuts a whole token that was pasted into the title', async () => {
    const key = await seedKey(admin);
    const ran = await incidents([
      ...open.slice(0, 1),
      '--title',
      `found ${key.token}`,
      ...open.slice(3),
      '--json',
    ]);
    expect(ran.stdout + ran.stderr).not.toContain(key.token);
    expect(JSON.parse(ran.stdout).title).toBe(`found ${key.redacted}`);
  });
});

/** Each change with its outcome, its row, and what it says. */
const changes: readonly (readonly [
  name: string,
  argv: (id: string) => readonly string[],
  action: string,
  said: RegExp,
])[] = [
  ['ack', (id) => ['ack', id], 'incident.acknowledged', /acknowledged \S+Z · audit \d+/],
  ['assign', (id) => ['assign', id, 'jdoe'], 'incident.assigned', /is led by jdoe/],
  ['note', (id) => ['note', id, 'the', 'log', 'was', 'public'], 'incident.noted', /noted/],
  [
    'link-url',
    (id) => ['link-url', id, 'https://example.com/OPS-7', '--title', 'the ticket'],
    'incident.url_linked',
    /linked to https/,
  ],
  [
    'update',
    (id) => ['update', id, '--severity', 'critical', ...why],
    'incident.changed',
    /severity medium → critical/,
  ],
  [
    'mark',
    (id) => ['mark', id, 'investigated', '--text', 'a token in a CI log'],
    'incident.investigated',
    /investigated \S+Z/,
  ],
  [
    'follow-up',
    (id) => ['follow-up', id, '--title', 'scan', '--owner', 'o', '--due', '14d'],
    'incident.follow_up_added',
    /until \d{4}-/,
  ],
  ['close', (id) => ['close', id, '--yes'], 'incident.closed', /closed \S+Z/],
];

describe.each(changes)('incidents %s', (_name, argv, action, said) => {
  it('does it, says it and writes it down; a number is enough', async () => {
    const id = await seedIncident(admin);
    const ran = await incidents(argv(id.slice('INC-'.length)));
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(said);
    expect((await actions(id)).at(-1)).toBe(action);
    expect((await incidentLog(admin, id)).at(-1)).toBeDefined();
  });

  it('--dry-run changes nothing', async () => {
    const id = await seedIncident(admin);
    const ran = await incidents([...argv(id), '--dry-run', '--json']);
    expect(ran).toMatchObject({ code: 0 });
    expect(JSON.parse(ran.stdout)).toMatchObject({ dry_run: true, incident_id: id, state: 'open' });
    expect(await actions(id)).toEqual(['incident.opened']);
  });

  it('refuses (3) a number that there is not, and names the database', async () => {
    const ran = await incidents(argv('INC-99999'));
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toContain(`INC-99999 not found in `);
    expect(ran.stderr).toContain(database.name);
  });

  it('is refused (77) for who may only read', async () => {
    const id = await seedIncident(admin);
    expect((await incidents(argv(id), { role: 'test_viewer' })).code).toBe(77);
    expect(await actions(id)).toEqual(['incident.opened']);
  });

  it('the same operation again gets its first answer', async () => {
    const id = await seedIncident(admin);
    const operation = ['--operation-id', randomUUID(), '--json'];
    const first = JSON.parse((await incidents([...argv(id), ...operation])).stdout);
    expect(JSON.parse((await incidents([...argv(id), ...operation])).stdout)).toEqual(first);
    expect(await actions(id)).toHaveLength(2);
  });
});

describe('what is wrong is said with a right example (2), and nothing is done', () => {
  it.each([
    [['open', '--severity', 'high', '--type', 'leak'], '--title: is required'],
    [['open', '--title', 'x', '--type', 'leak'], '--severity: is required'],
    [['open', '--title', 'x', '--severity', 'high'], '--type: is required'],
    [['open', '--title', 'x', '--severity', 'worst', '--type', 'leak'], '--severity'],
    [['open', '--title', 'a\nb', '--severity', 'high', '--type', 'leak'], '--title'],
    [['show', 'INC-0'], 'ID: not the number of an incident'],
    [['show', 'seven'], 'ID: not the number of an incident'],
    [['ack'], 'id'],
    [['assign', 'INC-1'], 'WHO: either somebody, or --nobody'],
    [['assign', 'INC-1', 'jdoe', '--nobody'], 'WHO: either somebody, or --nobody'],
    [['note', 'INC-1'], 'TEXT: is required'],
    [['note', 'INC-1', '\x1b[2J'], 'TEXT: text without control characters'],
    [['link-url', 'INC-1', 'javascript:alert(1)'], 'URL: begins with https://'],
    [['link-key', 'INC-1'], 'KEY: which key?'],
    [['update', 'INC-1', ...why], 'SETTING: what is to be changed?'],
    [['update', 'INC-1', '--severity', 'low'], '--reason is required'],
    [['update', 'INC-1', '--severity', 'low', '--reason', 'test'], '--reason'],
    [['mark', 'INC-1', 'done'], 'phase'],
    [['mark', 'INC-1', 'investigated'], '--text: is required'],
    [['correct', 'INC-1', '0', '--at', '1h', ...why], 'SEQ'],
    [['correct', 'INC-1', '5', '--at', 'noon', ...why], '--at'],
    [['follow-up', 'INC-1', '--owner', 'o', '--due', '14d'], '--title: is required'],
    [['follow-up', 'INC-1', '--title', 't', '--due', '14d'], '--owner: is required'],
    [['follow-up', 'INC-1', '--title', 't', '--owner', 'o'], '--due: is required'],
    [['follow-up', 'INC-1', '--title', 't', '--owner', 'o', '--due', 'soon'], '--due'],
    [['follow-up', 'INC-1', '--done'], 'ID: a follow-up begins with fup_'],
    [['follow-up', 'fup_000000000000', '--done', '--owner', 'o'], '--owner: does not go with --done'],
    [['follow-up', 'fup_000000000000', '--title', 't'], '--done'],
    [['close', 'INC-1', '--yes', '--override', 'test'], '--override'],
    [['list', '--follow-ups', '--severity', 'high'], '--severity: follow-ups have none'],
    [['list', '--follow-ups', '--limit', '5'], '--limit: follow-ups are listed whole'],
    [['timeline', 'INC-1', '--format', 'pdf'], '--format'],
    [['timeline', 'INC-1', '--format', 'md', '-o', 'csv'], '--format'],
    [['targets', 'set', 'low'], 'TARGET: which one?'],
    [['targets', 'set', 'low', '--contain', '10'], '--contain'],
    [['targets', 'set', 'low', '--contain', '9000w'], '--contain'],
  ])('%j', async (argv, said) => {
    const [before] = await admin.sql`select seq::text from keyctl.audit_head`;
    const ran = await incidents(argv);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(ran.stderr).toMatch(/^ {2}try: \S/m);
    const [after] = await admin.sql`select seq::text from keyctl.audit_head`;
    expect(after).toEqual(before);
  });
});

describe('incidents note', () => {
  it('reads several lines from stdin, and cuts tokens', async () => {
    const id = await seedIncident(admin);
    const { token, redacted } = await seedKey(admin);
    expect(await incidents(['note', id, '-'], { stdin: `first\r\nit was ${token}\n` })).toMatchObject({
      code: 0,
    });
    expect((await incidentLog(admin, id)).at(-1)?.reason).toBe(`first\nit was ${redacted}`);
    expect((await incidents(['note', id, '-'], { stdin: 'x'.repeat(10_001) })).code).toBe(2);
    expect((await incidents(['note', id, '-'], { stdin: 'x'.repeat(200_000) })).code).toBe(2);
  });

  it('asks for it on a terminal', async () => {
    const id = await seedIncident(admin);
    const ran = await incidents(['note', id], {
      terminal: true,
      answers: [['Note (it stays', 'seen by two people']],
    });
    expect(ran).toMatchObject({ code: 0 });
    expect((await incidentLog(admin, id)).at(-1)?.reason).toBe('seen by two people');
  });
});

describe('incidents link-key', () => {
  it('links by any KEY, and says that it was', async () => {
    const id = await seedIncident(admin);
    const key = await seedKey(admin);
    const ran = await incidents(['link-key', id, key.redacted, '--reason', 'seen from there too', '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: 'linked', key_ids: [key.id], state: 'open' });
    expect((await incidents(['link-key', id, key.id])).stdout).toContain('was linked already');
    expect(
      JSON.parse((await incidents(['link-key', id, key.id, '--dry-run', '--json'])).stdout),
    ).toMatchObject({ count: 1 });
    expect((await incidents(['link-key', id, 'nobody-has-this-name'])).code).toBe(3);
    expect((await incidents(['link-key', 'INC-99999', key.id])).code).toBe(3);
    expect((await incidents(['link-key', id, key.id], { role: 'test_viewer' })).code).toBe(77);
    expect((await incidentLog(admin, id)).at(-1)).toMatchObject({
      action: 'incident.key_linked',
      key_id: key.id,
      reason: 'seen from there too',
    });
  });
});

describe('incidents close', () => {
  it('is refused (4) with what is left, until --override says why it is closed all the same', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { severity: 'critical', keyIds: [key.id] });
    const refused = await incidents(['close', id, '--yes']);
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(refused.stderr).toContain(`${id} cannot be closed: ${key.id} is usable; the review is missing`);
    const dry = JSON.parse((await incidents(['close', id, '--dry-run', '--json'])).stdout);
    expect(dry).toMatchObject({ count: 0, obstacles: [`${key.id} is usable`, 'the review is missing'] });
    const closed = await incidents(['close', id, '--yes', '--json', '--override', 'a drill: nothing leaked']);
    expect(JSON.parse(closed.stdout).left).toEqual([
      { kind: 'usable_key', key_id: key.id, step: null },
      { kind: 'review_missing', key_id: null, step: null },
    ]);
    expect((await incidentLog(admin, id)).at(-1)).toMatchObject({ reason: 'a drill: nothing leaked' });
    expect((await incidents(['ack', id])).code).toBe(4);
  });

  it('asks for the number, and does nothing without it (5)', async () => {
    const id = await seedIncident(admin);
    expect((await incidents(['close', id])).code).toBe(5);
    const declined = await incidents(['close', id], { terminal: true, answers: [['to close it', 'no']] });
    expect(declined.code).toBe(5);
    expect(await actions(id)).toEqual(['incident.opened']);
    const agreed = await incidents(['close', id], {
      terminal: true,
      answers: [['to close it', id.toLowerCase()]],
    });
    expect(agreed).toMatchObject({ code: 0 });
    expect(agreed.stdout).toContain('closed');
  });
});

describe('incidents correct', () => {
  it('shows both times, and the clock follows', async () => {
    const id = await seedIncident(admin);
    const { audit_seq: seq } = JSON.parse((await incidents(['ack', id, '--json'])).stdout);
    const argv = ['correct', id, String(seq), '--at', '30m', '--reason', 'acknowledged by phone before'];
    const ran = await incidents([...argv, '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      outcome: 'corrected',
      corrected_seq: seq,
      phase: 'acknowledged',
    });
    const shown = await incidents(['timeline', id]);
    expect(shown.stdout).toMatch(/logged \S+ \S+Z, corrected by test_operator: acknowledged by phone before/);
    expect((await incidents(['correct', id, '1', '--at', '30m', ...why])).code).toBe(3);
    expect((await incidents([...argv.slice(0, 4), '2999-01-01T00:00:00Z', ...why])).code).toBe(2);
    expect((await incidentLog(admin, id)).at(-1)?.action).toBe('incident.time_corrected');
  });
});

describe('incidents follow-up', () => {
  it('is listed by its day, overdue ones alone if wanted, and done once', async () => {
    const id = await seedIncident(admin);
    const add = (due: string) =>
      incidents(['follow-up', id, '--title', 'scan CI logs', '--owner', 'platform', '--due', due, '--json']);
    const late = JSON.parse((await add('2026-01-31')).stdout);
    expect(late).toMatchObject({ due_on: '2026-01-31', owner: 'platform' });
    await add('30d');
    const listed = async (...argv: string[]) =>
      JSON.parse((await incidents(['list', '--follow-ups', '--json', ...argv])).stdout).follow_ups.filter(
        (each: { incident_id: string }) => each.incident_id === id,
      );
    expect((await listed()).map((each: { overdue: boolean }) => each.overdue)).toEqual([true, false]);
    expect(await listed('--overdue')).toHaveLength(1);
    expect((await incidents(['list', '--follow-ups'])).stdout).toMatch(
      /▲ 2026-01-31\s+platform\s+scan CI logs/,
    );
    const done = await incidents(['follow-up', late.follow_up_id, '--done']);
    expect(done.stdout).toMatch(/done \S+Z by test_operator · audit \d+/);
    expect((await incidents(['follow-up', late.follow_up_id, '--done'])).stdout).toContain('done already');
    expect(await listed()).toHaveLength(1);
    expect(await listed('--all')).toHaveLength(2);
    expect((await incidents(['follow-up', late.follow_up_id, '--done', '--dry-run'])).code).toBe(0);
    expect((await incidents(['follow-up', 'fup_000000000000', '--done'])).code).toBe(3);
    expect((await incidentLog(admin, id)).at(-1)?.action).toBe('incident.follow_up_done');
  });
});

describe('incidents targets', () => {
  it('are set by an administrator, listed worst first', async () => {
    const set = ['targets', 'set', 'low', '--contain', '2h', '--recover', '30d'];
    expect((await incidents(set)).code).toBe(77);
    const dry = JSON.parse((await incidents([...set, '--dry-run', '--json'])).stdout);
    expect(dry).toMatchObject({ count: 1, after: { contain_seconds: 7200 } });
    const ran = await incidents(set, { role: 'test_admin' });
    expect(ran.stdout).toMatch(/low set: contain 30 m → 2 h, recover 7 d → 30 d · audit \d+/);
    expect((await incidents(set, { role: 'test_admin' })).stdout).toContain('unchanged');
    const { targets } = JSON.parse((await incidents(['targets', 'list', '--json'])).stdout);
    expect(targets.map((each: { severity: string }) => each.severity)).toEqual([
      'critical',
      'high',
      'medium',
      'low',
    ]);
    expect(targets.at(-1)).toMatchObject({ contain_seconds: 7200, acknowledge_seconds: 300 });
    const [row] = await admin.sql`select action from keyctl.audit_log order by seq desc limit 1`;
    expect(row?.action).toBe('incident.targets_set');
  });
});
