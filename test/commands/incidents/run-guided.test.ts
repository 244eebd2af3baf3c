import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { startGateway } from '../../support/gateway.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { incidentLog, seedIncident } from '../../support/seed-incident.js';
import { type SeededKey, seedKey, seedUsage } from '../../support/seed-keys.js';

/** `incidents run` as a person answers it; the whole of a compromise stands in test/pty/incidents-run.test.ts. */
let database: TestDatabase;
let admin: Connection;
let home: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  home = await mkdtemp(join(inject('scratch'), 'guided-'));
});
afterAll(() => database.drop());

type Answers = NonNullable<FakeOptions['answers']>;

const guided = (argv: readonly string[], answers: Answers, options: Partial<FakeOptions> = {}) =>
  runCommand(['incidents', 'run', ...argv], {
    ...{
      database,
      role: 'test_operator',
      workingDirectory: home,
      terminal: true,
      answers,
      env: { NO_COLOR: '1' },
    },
    ...options,
  });
const wordOf = (key: SeededKey) => key.id.slice(4, 8);
const statusOf = async ({ id }: SeededKey) =>
  (await admin.sql`select status from keyctl.keys where id = ${id}`)[0]?.status;
const enter = '\r';

describe('a new incident', () => {
  it('takes the leak from a pipe, and asks on the controlling terminal', async () => {
    const key = await seedKey(admin, { name: 'piped', owner: 'alice@example.com' });
    const ran = await guided(
      ['--playbook', 'compromise', '--title', 'a key in a CI log', '--severity', 'high'],
      [['How is it stopped?', 'quit']],
      { terminal: { stderr: true, stdout: true }, stdin: `log: ${key.token}\n` },
    );
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toMatch(/✓ INC-\d+ opened: a key in a CI log/);
    expect(ran.stderr).toContain('Left at contain. Anybody can go on:  keyctl incidents run INC-');
    expect(ran.stdout + ran.stderr).not.toContain(key.token);
  });

  it('asks again when no key of ours stands in the paste; --json ends with how it stands', async () => {
    const key = await seedKey(admin);
    const ran = await guided(
      ['--playbook', 'compromise', '--severity', 'low', '--json'],
      [
        ['Paste the leaked text', 'nothing of ours'],
        ['No key of this database', key.token],
        ['What happened, in a few words', enter],
        ['How is it stopped?', 'quit'],
      ],
    );
    expect(JSON.parse(ran.stdout)).toMatchObject({
      title: `${key.redacted} leaked`,
      playbook: 'compromise',
      next_step: 'contain',
    });
  });

  it('of a departure asks who leaves, and stops all of it at once', async () => {
    const owner = { owner: 'leaver@example.com' };
    const keys = [await seedKey(admin, owner), await seedKey(admin, { ...owner, workspace: 'ws_b' })];
    const ran = await guided(
      ['--within', '1s'],
      [
        // One down from the first.
        ['What happened?', '\x1b[B'],
        [/somebody leaves/, enter],
        ['Who leaves?', 'leaver@example.com'],
        ['What happened, in a few words', 'the leaver leaves on Friday'],
        ['How bad is it?', enter],
        ['How is it stopped?', enter],
        ['Type 2', '2'],
        ['And now?', 'quit'],
      ],
    );
    expect(ran).toMatchObject({ code: 0 });
    for (const key of keys) expect(await statusOf(key)).toBe('revoked');
    expect(ran.stderr).toContain('prove is not done: not proven dead');
  });
});

describe('going on', () => {
  it('offers what is open, and says who did what', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { keyIds: [key.id], severity: 'critical', title: 'the open one' });
    await guided(
      [id, '--within', '1s'],
      [
        ['Which keys is it about?', enter],
        ['How is it stopped?', 'quit'],
      ],
    );
    const ran = await guided(
      [],
      [
        ['What happened?', `go on with ${id}`],
        ['How is it stopped?', 'quit'],
      ],
    );
    expect(ran.stderr).toContain('the open one');
    expect(ran.stderr).toMatch(/blast-radius\s+✓ done \S+ by test_operator \(tester@test-host\)/);
  });

  it('leaves a step out with a reason, and refuses one that says nothing', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { keyIds: [key.id] });
    const ran = await guided(
      [id],
      [
        ['Which keys is it about?', 'skip'],
        ['Why is it left out', 'revoked old key'],
        ['says nothing', '\x15they are linked already, see OPS-7'],
        ['How is it stopped?', 'quit'],
      ],
    );
    expect(ran.stderr).toContain('identify skipped: they are linked already, see OPS-7');
    expect((await incidentLog(admin, id)).map((each) => each.action)).toContain('incident.step_skipped');
  });

  it('tells who has a step, and takes it over when that is chosen', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { keyIds: [key.id] });
    const script = { database, role: 'test_operator' as const, user: { name: 'ben', uid: 0 } };
    await runCommand(['incidents', 'run', id, '--step', 'prove', '--within', '1s'], script);
    await admin.sql`select keyctl.revoke_key(gen_random_uuid(), '{}', ${key.id}, 'leaked in acme/app', 'leaked')`;
    const other = await seedKey(admin);
    await seedUsage(admin, { keyId: other.id, times: 1, secondsAgo: 0 });
    const ran = await guided(
      [id, '--how', 'revoke', '--within', '1s'],
      [
        ['Which keys is it about?', enter],
        ['Take it over?', 'take'],
        ['Where is the evidence kept?', 'quit'],
      ],
    );
    expect(ran.stderr).toContain('test_operator (ben@test-host) is at step prove');
    expect(ran.stderr).toContain(`${key.id} is dead`);
  });

  it('what does not come off can be tried again, and nothing is done by the wrong word', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { keyIds: [key.id] });
    const gateway = await startGateway([403]);
    const ran = await guided(
      [id, '--within', '1s'],
      [
        ['Which keys is it about?', enter],
        ['How is it stopped?', enter],
        [`Type ${wordOf(key)}`, 'yes'],
        ['And now?', enter],
        ['How is it stopped?', 'suspend'],
        [`Type ${wordOf(key)}`, wordOf(key)],
        // The log does not reach so far: the key is tried where it is used.
        ['And now?', enter],
        ['How is it proven?', 'try'],
        ['URL to try it at', gateway.url],
        ['The leaked text again', key.token],
        ['Where is the evidence kept?', 'quit'],
      ],
    );
    await gateway.close();
    expect(ran.stderr).toContain('not confirmed; nothing was done');
    expect(ran.stderr).toContain('is dead, the probe got 403');
    expect(await statusOf(key)).toBe('suspended');
  });
});

describe('a budget', () => {
  it('is restricted, decided and closed with a reason', async () => {
    const key = await seedKey(admin);
    const id = await seedIncident(admin, { keyIds: [key.id], type: 'budget' });
    const ran = await guided(
      [id],
      [
        ['Which keys is it about?', enter],
        ['How is it restricted', enter],
        ['Requests a minute', '5'],
        ['Who has to know?', enter],
        ['How does it go on?', enter],
        ['Reason', 'agreed with finance, OPS-12'],
        ['Root cause, lessons', enter],
        ['Root cause:', 'a loop in the exporter'],
        ['Lessons:', 'alerts at 80 %'],
        ['Still to be done', enter],
        ['Something is left', enter],
        ['Why all the same', 'it goes on restricted, OPS-12'],
      ],
    );
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain(`${id} is closed`);
    const [row] = await admin.sql`select rpm, status from keyctl.keys where id = ${key.id}`;
    expect(row).toEqual({ rpm: 5, status: 'active' });
  });
});

describe('what comes from outside', () => {
  it('acts on no terminal: titles, names, agents and addresses', async () => {
    const evil = '\x1b]0;owned\x07\x1b[2J\u202eevil';
    const key = await seedKey(admin, { name: `n${evil}` });
    const id = await seedIncident(admin, { keyIds: [key.id], title: 'a title' });
    await admin.sql`update keyctl.incidents set title = ${`t${evil}`} where incident_id = ${id}`;
    await seedUsage(admin, { keyId: key.id, times: 2, secondsAgo: 5, userAgent: evil, endpoint: `/${evil}` });
    const ran = await guided(
      [id],
      [
        ['Which keys is it about?', enter],
        ['How is it stopped?', 'quit'],
      ],
    );
    const plan = await runCommand(['incidents', 'run', id, '--plan'], { database, role: 'test_operator' });
    const texts = await runCommand(['incidents', 'run', id, '--step', 'notify'], {
      database,
      role: 'test_operator',
    });
    for (const text of [ran.stderr, plan.stdout, texts.stdout + texts.stderr]) {
      expect(text).toContain('\\x1b]0;owned\\x07');
      expect(text).not.toContain('\x1b]0');
      expect(text).not.toContain('\x1b[2J');
      expect(text).not.toContain('\u202e');
    }
  });
});

it('a delivered secret goes to its place, and a step with no key to replace issues none', async () => {
  const key = await seedKey(admin, { owner: 'alice@example.com' });
  const id = await seedIncident(admin, { keyIds: [key.id] });
  const secret = join(home, 'delivered.key');
  await writeFile(
    join(home, 'short.json'),
    '{"name": "short", "steps": [{"kind": "contain"}, {"kind": "replace"}]}',
  );
  const ran = await guided(
    [id, '--playbook', 'short.json'],
    [
      ['How is it stopped?', enter],
      [`Type ${wordOf(key)}`, wordOf(key)],
      ['Where does the secret go?', enter],
      ['Where to', `file:${secret}`],
    ],
  );
  expect(ran).toMatchObject({ code: 0 });
  expect(await readFile(secret, 'utf8')).toMatch(/^kc_\w{64}/);
  const again = await runCommand(
    ['incidents', 'run', id, '--step', 'replace', '--again', '--yes', '--json'],
    {
      database,
      role: 'test_operator',
    },
  );
  expect(JSON.parse(again.stdout)).toMatchObject({
    outcome: 'done',
    result: { keys: [{ outcome: 'repeated' }] },
  });
  const [row] =
    await admin.sql`select count(*)::int as n from keyctl.api_keys where family_id = ${key.familyId}`;
  expect(row).toEqual({ n: 2 });
});
