import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { hostile } from '../../render/hostile.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, type SeededKey, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let folder: string;
/** A decoy that somebody tried: critical at its first event, whatever the history. */
let decoy: SeededKey;

const attacker = 'curl/8.5.0\u001b[31m\u202e';
const path = '/v1/export\u0007=HYPERLINK("x")';

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  folder = await mkdtemp(join(inject('scratch'), 'anomalies-'));
  decoy = await seedKey(admin, { name: 'backup-root\u001b]0;x\u0007', owner: 'zoe@example.com' });
  await admin.sql`update keyctl.api_keys set decoy = true, activated_at = now() - interval '60 days' where id = ${decoy.id}`;
  await seedUsage(admin, {
    ...{
      keyId: decoy.id,
      times: 3,
      secondsAgo: 1200,
      endpoint: path,
      userAgent: attacker,
      ip: '198.51.100.17',
    },
  });
});
afterAll(() => database.drop());

const anomalies = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  runCommand(['audit', 'anomalies', ...args], { database, role: 'test_operator', ...options });
const findings = (args: readonly string[]) =>
  runCommand(['audit', 'findings', ...args], { database, role: 'test_operator' });
const responses = (args: readonly string[]) =>
  runCommand(['audit', 'responses', ...args, '--reason', 'SEC-31: agreed'], { database, role: 'test_admin' });
/** Everything that a dry run must leave alone. */
const state = async () =>
  (
    await admin.sql`select (select seq from keyctl.audit_head)::int as seq, (select count(*) from keyctl.findings)::int as findings,
      (select judged_until from keyctl.detection_state) as judged, (select collected_at from keyctl.rollup_status) as rolled,
      (select count(*) from keyctl.usage_baselines)::int as baselines`
  )[0];

describe('audit anomalies', () => {
  it('a dry run shows what is there and changes nothing', async () => {
    const before = await state();
    const ran = await anomalies(['--dry-run']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('decoy');
    expect(ran.stdout).toContain('a dry run: nothing was rolled up, and no finding is kept');
    expect(await state()).toEqual(before);
  });

  it('a viewer sees it, and is told that nothing is kept', async () => {
    const before = await state();
    const ran = await anomalies([], { role: 'test_viewer' });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(decoy.id);
    expect(ran.stdout).toContain('findings are not kept: that takes keyctl_operator');
    expect(ran.stdout).toContain('rollups and baselines are as they were');
    expect(await state()).toEqual(before);
    expect((await anomalies(['--json'], { role: 'test_gateway' })).code).toBe(77);
  });

  it('keeps what it finds, once, and shows the points that make up the risk', async () => {
    const ran = await anomalies(['--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const answer = JSON.parse(ran.stdout);
    expect(Object.keys(answer)).toEqual(['findings', 'keys', 'alert_budget_per_day', 'as_of']);
    expect(answer.keys).toEqual([
      {
        ...{ key_id: decoy.id, external_id: null, risk: expect.any(Number), severity: 'critical' },
        families: expect.objectContaining({ lifecycle: expect.any(Number) }),
      },
    ]);
    const points = answer.findings.map((each: { risk_points: number }) => each.risk_points);
    expect(points.reduce((sum: number, each: number) => sum + each, 0)).toBe(answer.keys[0].risk);
    const found = answer.findings.find((each: { detector: string }) => each.detector === 'decoy');
    expect(found).toMatchObject({
      ...{
        finding_id: expect.stringMatching(/^fnd_/),
        family: 'lifecycle',
        severity: 'critical',
        key_id: decoy.id,
      },
      ...{ key_name: decoy.name, ip: '198.51.100.17', bits: null, expected_high: 0 },
      reproduce_sql: expect.stringContaining('observed'),
    });
    expect(Date.parse(found.detected_at)).toBeGreaterThan(Date.parse(found.window_start));
    expect((await auditOf(admin, decoy.id)).map(({ action }) => action)).toEqual(['finding.raised']);

    const { seq } = (await state()) ?? {};
    const again = JSON.parse((await anomalies(['--json'])).stdout);
    expect(again.findings).toEqual(answer.findings);
    expect((await state())?.seq).toBe(seq);
  });

  it('its query gives its number, run as a viewer', async () => {
    const answer = JSON.parse((await anomalies(['--json'])).stdout);
    const viewer = await database.connect('test_viewer');
    for (const {
      reproduce_sql: query,
      observed,
      expected_low: low,
      expected_high: high,
    } of answer.findings) {
      expect((await viewer.sql.unsafe(query))[0]).toEqual({
        observed,
        expected_low: low,
        expected_high: high,
      });
    }
  });

  it('for a cron entry ends with 7 while something is open, and 0 when somebody is on it', async () => {
    expect((await anomalies(['--fail-on-found', '--severity', 'high'])).code).toBe(7);
    const { stdout } = await findings(['list', '-o', 'ids']);
    const ids = stdout.trim().split('\n');
    expect((await findings(['ack', ...ids])).code).toBe(0);
    const ran = await anomalies(['--fail-on-found']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('acknowledged');
    await admin.sql`update keyctl.findings set status = 'open'`;
    expect((await anomalies(['--fail-on-found', '--since', '1m'])).code).toBe(0);
    expect((await anomalies([decoy.id, '--fail-on-found'])).code).toBe(7);
  });

  it('shows hostile text as what it is: on a terminal, in JSON and in CSV', async () => {
    const { stdout } = await findings([
      'show',
      (await findings(['list', '-o', 'ids'])).stdout.split('\n')[0] ?? '',
    ]);
    const table = await anomalies(['--color', 'never'], { terminal: { stdout: true, columns: 80 } });
    const csv = await anomalies(['-o', 'csv']);
    const json = await anomalies(['--json']);
    for (const text of [stdout, table.stdout, csv.stdout, json.stdout]) {
      expect(text).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
    expect(table.stdout).toContain('backup-root\\x1b]0;x\\x07');
    for (const line of table.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(JSON.parse(json.stdout).findings[0].key_name).toBe(decoy.name);
    // PostgreSQL holds neither NUL nor half a surrogate pair.
    const all = hostile.map(([, text]) => text.replace(/[\0\ud800-\udfff]/gu, '')).join(' ');
    await admin.sql`update keyctl.findings set evidence = jsonb_set(evidence, '{summary}', to_jsonb(${all}::text))`;
    const shown = (await findings(['list'])).stdout + (await anomalies(['--dry-run', '-o', 'csv'])).stdout;
    expect(shown.replaceAll('\r\n', '\n')).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
    );
  });

  it('a replay says when it would have been raised, and keeps nothing', async () => {
    const before = await state();
    const ran = await anomalies(['--replay', '--json'], { role: 'test_viewer' });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const found = JSON.parse(ran.stdout).findings.find(
      (each: { detector: string }) => each.detector === 'decoy',
    );
    // At most five minutes after the first of them: whoever asks every five minutes is told then.
    const late = Date.parse(found.detected_at) - Date.parse(found.window_start);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThanOrEqual(5 * 60_000);
    expect(await state()).toEqual(before);
    const nothing = await anomalies(['--replay', '--since', '2020-01-01', '--until', '2020-01-02']);
    expect(nothing.stdout).toContain('nothing unusual');
  });

  it.each([
    [['--replay', '--respond'], '--respond'],
    [['--severity', 'grave'], '--severity'],
    [['--alert-budget', '0'], '--alert-budget'],
    [['--notify', 'exec:/bin/true'], '--notify'],
    [['--respond', '--notify', '/bin/true'], '--notify'],
    [['--respond', '--notify', 'exec:true'], '--notify'],
    [['--networks', '/nonexistent.csv'], '--networks'],
    [['--since', '1h', '--until', '2h'], '--until'],
    [['--since', 'yesterday'], '--since'],
  ])('refuses %j in one line that names the flag (2)', async (args, flag) => {
    const ran = await anomalies(args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(flag);
    expect(ran.stderr).toContain('try: ');
  });

  it('an unknown KEY is not found (3)', async () => {
    expect((await anomalies(['key_000000000000'])).code).toBe(3);
  });
});

describe('audit anomalies --respond', () => {
  const respond = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
    anomalies(['--respond', ...args], { role: 'test_admin', ...options });

  it('without a rule does nothing, and says which command sets one', async () => {
    const ran = await respond();
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('keyctl audit responses set');
    expect((await respond(['--dry-run', '--json'])).stdout).toContain('"responses":[]');
  });

  it('tells the program that is named on this machine, with the finding on stdin', async () => {
    await responses(['set', 'tell', '--notify', '--detector', 'decoy']);
    const missing = await respond();
    expect(missing.code).toBe(6);
    expect(missing.stdout).toContain('no program was named: --notify exec:COMMAND');
    const hook = join(folder, 'page');
    await writeFile(hook, `#!/bin/sh\ncat > ${folder}/told.json\n`);
    await chmod(hook, 0o755);
    const told = await respond([], { env: { KEYCTL_NOTIFY: `exec:${hook}` } });
    expect(told.code).toBe(0);
    const finding = JSON.parse(await readFile(join(folder, 'told.json'), 'utf8'));
    expect(finding).toMatchObject({ detector: 'decoy', key_id: decoy.id, status: 'open' });
    expect((await auditOf(admin, decoy.id)).at(-1)).toMatchObject({
      ...{ action: 'finding.responded', actor_db: 'test_admin' },
      record: { details: { rule_name: 'tell', response: 'notify' } },
    });
    expect((await respond(['--notify', `exec:${hook}`])).stdout).toContain('no response was due');

    await responses(['set', 'tell-again', '--notify', '--detector', 'decoy']);
    await writeFile(hook, '#!/bin/sh\necho pager is down >&2; exit 3\n');
    const failed = await respond(['--notify', `exec:${hook}`]);
    expect(failed.code).toBe(6);
    expect(failed.stdout).toContain('it ended with exit code 3: pager is down');
  });

  it('suspends what a rule says: shown by a dry run, an admin’s alone, with a row of its own', async () => {
    await responses(['set', 'stop-decoys', '--suspend', '--for', '4h', '--detector', 'decoy']);
    const before = await state();
    const planned = await respond(['--dry-run']);
    expect(planned.stdout).toContain(`${decoy.id} would be suspended (stop-decoys, `);
    expect(await state()).toEqual(before);
    const denied = await respond([], { role: 'test_operator' });
    expect(denied).toMatchObject({ code: 77 });
    const done = await respond(['--json']);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout).responses).toMatchObject([
      {
        rule_name: 'stop-decoys',
        response: 'suspend',
        outcome: 'responded',
        key_id: decoy.id,
        audit_seq: expect.any(Number),
      },
    ]);
    const rows = (await auditOf(admin, decoy.id)).slice(-2);
    expect(rows.map(({ action }) => action)).toEqual(['key.suspended', 'finding.responded']);
    for (const { reason } of rows)
      expect(reason).toMatch(/^by response stop-decoys: finding fnd_\w{12}, critical decoy$/);
  });

  it('100 false critical findings stop three keys, and every one has its row', async () => {
    await admin.sql`delete from keyctl.responses`;
    await admin.sql`delete from keyctl.response_rules`;
    await responses(['set', 'stop-all', '--suspend', '--for', '1h']);
    const keys = await Promise.all(Array.from({ length: 100 }, () => seedKey(admin)));
    await admin.sql`insert into keyctl.findings (finding_id, detector, detector_family, severity, key_id, family_id, cause, onset_at,
        window_start, window_end, last_seen_at, observed, weight, evidence, reproduce_sql)
      select 'fnd_' || keyctl.random_locator(), 'decoy', 'lifecycle', 'critical', k, k, 'false', now(), now() - interval '5 minutes',
        now(), now(), 1, 0.97, '{"summary":"false","factors":[],"topIps":[],"topEndpoints":[],"historyDays":0,"suggests":null}', 'select 1'
      from unnest(${keys.map(({ id }) => id)}::text[]) k`;
    const ran = await respond();
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/9[78] responses left out: the number of this hour is used up/);
    const [count] = await admin.sql`select count(*) filter (where status = 'suspended')::int as suspended,
        (select count(*) from keyctl.audit_log a where action = 'key.suspended' and a.key_id = any (${keys.map(({ id }) => id)}))::int as rows
      from keyctl.api_keys where id = any (${keys.map(({ id }) => id)})`;
    expect(count?.suspended).toBeLessThanOrEqual(3);
    expect(count?.rows).toBe(count?.suspended);
    const again = await respond();
    expect(again.stdout).not.toContain('suspended until');
  });
});
