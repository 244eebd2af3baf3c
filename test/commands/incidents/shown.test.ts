import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { hostile } from '../../render/hostile.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedIncident } from '../../support/seed-incident.js';
import { type SeededKey, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let leaked: SeededKey;
let id: string;

const incidents = (argv: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['incidents', ...argv], { database, role: 'test_viewer', ...options });

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  expect((await incidents(['list'])).stdout).toContain('no open incident in ');
  leaked = await seedKey(admin, { status: 'revoked', name: 'alice-prod' });
  const usable = await seedKey(admin, { name: 'bob-prod' });
  id = await seedIncident(admin, { severity: 'high', keyIds: [leaked.id, usable.id], lead: 'jdoe' });
  await seedUsage(admin, { keyId: leaked.id, times: 4, secondsAgo: 0, status: 401, ip: '198.51.100.17' });
  await admin.sql`update keyctl.usage_events set ts = clock_timestamp() where key_id = ${leaked.id}`;
  const operator = { role: 'test_operator' } as const;
  expect(await runCommand(['audit', 'rollup'], { database, ...operator })).toMatchObject({ code: 0 });
  await incidents(['note', id, 'the CI log was public | since 02:11'], operator);
  await admin.sql`update keyctl.incidents set detected_at = clock_timestamp() - interval '6 minutes' where incident_id = ${id}`;
});
afterAll(() => database.drop());

describe('incidents list', () => {
  it('shows the clock that runs, over with a sign, and a sign for each key', async () => {
    const ran = await incidents(['list']);
    expect(ran.stdout).toMatch(
      new RegExp(
        `${id}\\s+● high\\s+open\\s+key in public repo acme/app\\s+acknowledge −01:\\d\\d\\s+jdoe\\s+●✗`,
      ),
    );
    const plain = await incidents(['list'], { terminal: { unicode: false } });
    expect(plain.stdout).toMatch(/acknowledge -01:\d\d/);
  });

  it('narrows by severity, state and clock, in pages', async () => {
    const low = await seedIncident(admin, { severity: 'low' });
    const ids = async (...argv: string[]) =>
      (await incidents(['list', '-o', 'ids', ...argv])).stdout.trim().split('\n');
    expect(await ids()).toEqual([id, low]);
    expect(await ids('--open')).toEqual([id, low]);
    expect(await ids('--severity', 'low', 'medium')).toEqual([low]);
    expect(await ids('--overdue')).toEqual([id]);
    expect(await ids('--limit', '1')).toEqual([id]);
    const first = await incidents(['list', '--limit', '1']);
    expect(first.stdout).toContain('more: --cursor 1');
    expect(await ids('--limit', '1', '--cursor', '1')).toEqual([low]);
    await runCommand(['incidents', 'close', low, '--yes'], { database, role: 'test_operator' });
    expect(await ids()).toEqual([id]);
    expect(await ids('--all')).toEqual([id, low]);
    expect((await incidents(['list', '--severity', 'critical', '--all'])).stdout).toContain('fits');
  });
});

describe('incidents show', () => {
  it('shows clocks, keys, attempts and what keeps it open', async () => {
    const { code, stdout } = await incidents(['show', id]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/▲ acknowledge {2}−01:\d\d/);
    expect(stdout).toMatch(/· contain {2}23:\d\d left/);
    expect(stdout).toContain('4 requests from 198.51.100.17');
    expect(stdout).toMatch(/revoked {2}dead since \S+Z\s+4\s+refused since\s+alice-prod/);
    expect(stdout).toMatch(/to close\s+key_\w+ is usable/);
    expect((await incidents(['show', 'INC-99999'])).code).toBe(3);
  });

  it('is part of what keys show says of its keys', async () => {
    const shown = await runCommand(['keys', 'show', leaked.id], { database, role: 'test_viewer' });
    expect(shown.stdout).toMatch(new RegExp(`incident\\s+${id} {2}● high {2}open {2}key in public repo`));
    const json = await runCommand(['keys', 'show', leaked.id, '--json'], { database, role: 'test_viewer' });
    expect(JSON.parse(json.stdout).incidents).toEqual([
      { incident_id: id, title: 'key in public repo acme/app', severity: 'high', state: 'open' },
    ]);
  });
});

describe('incidents timeline', () => {
  it('tells what happened in the order of the log', async () => {
    const { stdout } = await incidents(['timeline', id]);
    const at = (text: string) => stdout.indexOf(text);
    expect(at('opened: key in public repo acme/app (high leak)')).toBeGreaterThan(0);
    expect(at('used after its death: 4 refused, new from 198.51.100.17')).toBeGreaterThan(at('key linked'));
    expect(at('the CI log was public | since 02:11')).toBeGreaterThan(at('used after its death'));
  });

  it('is Markdown, JSON and CSV too', async () => {
    const markdown = (await incidents(['timeline', id, '--format', 'md'])).stdout.trimEnd().split('\n');
    expect(markdown.slice(0, 4)).toEqual([
      `# ${id}: key in public repo acme/app`,
      '',
      '| Time (UTC) | What | Key | Who | Why | Audit |',
      '|---|---|---|---|---|---|',
    ]);
    expect(markdown.at(-1)).toContain('the CI log was public \\| since 02:11');
    const json = JSON.parse((await incidents(['timeline', id, '--format', 'json'])).stdout);
    expect(json).toMatchObject({ incident_id: id, next_cursor: null });
    expect(json.entries).toHaveLength(markdown.length - 4);
    expect(JSON.parse((await incidents(['timeline', id, '--json'])).stdout)).toEqual(json);
    const csv = (await incidents(['timeline', id, '--format', 'csv'])).stdout;
    expect(csv.split('\r\n')[0]).toMatch(/^seq,at,logged_at,action,what,/);
    expect((await incidents(['timeline', 'INC-99999'])).code).toBe(3);
  });

  it('reads further than a page', async () => {
    const long = await seedIncident(admin);
    await admin.sql`select count(keyctl.note_incident(gen_random_uuid(), '{}', ${long}, 'note ' || n)) from generate_series(1, 1100) n`;
    const { entries } = JSON.parse((await incidents(['timeline', long, '--json'])).stdout);
    expect(entries).toHaveLength(1101);
    const markdown = (await incidents(['timeline', long, '--format', 'md'])).stdout;
    expect(markdown.match(/^# /gm)).toHaveLength(1);
    await runCommand(['incidents', 'close', long, '--yes'], { database, role: 'test_operator' });
  });
});

describe('hostile texts', () => {
  const storable = hostile.filter(
    ([, text]) => !text.includes('\0') && Buffer.from(text).toString() === text,
  );

  it('are only shown, wherever an incident is shown', async () => {
    const keys = await Promise.all(storable.map(([, text]) => seedKey(admin, { name: text })));
    const bad = await seedIncident(admin, { keyIds: keys.map((key) => key.id) });
    const all = storable.map(([, text]) => text).join(' ');
    await admin.sql`update keyctl.incidents set title = ${all}, lead = ${all}, root_cause = ${all}, lessons = ${all},
      playbook = '{"name":"p","steps":[{"name":"contain","required":true}]}' where incident_id = ${bad}`;
    await admin.sql`insert into keyctl.incident_steps (incident_id, step, state, operation_id, taken_by, reason)
      values (${bad}, 'contain', 'skipped', gen_random_uuid(), ${all}, ${all})`;
    for (const [at, [, text]] of storable.entries()) {
      await admin.sql`insert into keyctl.incident_links (incident_id, url, title) values (${bad}, ${text}, ${text})`;
      await admin.sql`insert into keyctl.incident_attempts values (${keys[at]?.id ?? ''}, now(), ${text}, false, 1, now(), now())`;
      await admin.sql`insert into keyctl.incident_follow_ups values (${`fup_${at}`}, ${bad}, ${text}, ${text}, '2026-01-01')`;
      const context = JSON.stringify({ incident_id: bad, actor_os: text, actor_claimed: text, host: text });
      for (const action of ['incident.noted', 'incident.url_linked', 'incident.reopened', 'thing.done']) {
        await admin.sql`select keyctl.append_audit(gen_random_uuid(), ${context}::text::jsonb, ${action}, null, null, ${text},
          ${JSON.stringify({ url: text, requests: text, ips: [text] })}::text::jsonb, '{}')`;
      }
    }
    for (const argv of [
      ...[['show', bad], ['list'], ['list', '--follow-ups'], ['close', bad, '--dry-run']],
      ...[
        ['timeline', bad],
        ['timeline', bad, '--format', 'md'],
        ['timeline', bad, '--format', 'csv'],
      ],
    ]) {
      const { code, stdout } = await incidents(argv);
      expect(code).toBe(0);
      // Our own line ends only: whatever else acts on a terminal was made visible.
      const acting = argv.includes('csv') ? /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]/ : /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u;
      expect({ argv, found: acting.exec(stdout)?.[0] }).toEqual({ argv, found: undefined });
    }
    const rows = (await incidents(['timeline', bad, '--format', 'md'])).stdout.trimEnd().split('\n').slice(4);
    expect(rows.filter((each) => !/^\| \d{4}-\d\d-\d\d \S+Z \| .* \| \d+ \|$/.test(each))).toEqual([]);
    expect(rows).toHaveLength(1 + keys.length + 4 * storable.length);
    const { entries } = JSON.parse((await incidents(['timeline', bad, '--json'])).stdout);
    const noted = entries.filter((each: { action: string }) => each.action === 'incident.noted');
    expect(noted.map((each: { reason: string }) => each.reason)).toEqual(storable.map(([, text]) => text));
  });
});
