import { lstat, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedAudit } from '../../support/seed-audit.js';
import { type EventSeed, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const hostile = '<img src=x onerror=alert(1)>|`x`\u202e';

let database: TestDatabase;
let admin: Connection;
let folder: string;
let leaked: SeededKey;
let loud: SeededKey;

const report = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['audit', 'report', ...args], { database, role: 'test_viewer', ...options });
const json = async (...args: string[]) => JSON.parse((await report([...args, '--json'])).stdout);
const verdicts = (value: { checks: { code: string; verdict: string }[] }) =>
  Object.fromEntries(value.checks.map(({ code, verdict }) => [code, verdict]));

/** `times` requests of a key, from `days` ago on. */
function requests(key: SeededKey, days: number, times: number, event: Partial<EventSeed>): EventSeed[] {
  return Array.from({ length: times }, (_each, at) => ({
    ts: new Date(Date.now() - days * 86_400_000 - at * 1000).toISOString(),
    key_id: key.id,
    id: `${days}-${at}-${JSON.stringify(event)}`,
    status: 200,
    ...event,
  }));
}

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  folder = await mkdtemp(join(inject('scratch'), 'report-'));
  loud = await seedKey(admin, { name: 'loud', owner: 'loud@example.com' });
  const old = await seedKey(admin, { name: 'old', owner: 'old@example.com' });
  await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '100 days',
    created_at = created_at where id = ${old.id}`;
  // Its successor came in time; the key of another family waited for 200 days.
  const [early, late] = [await seedKey(admin, { name: 'early' }), await seedKey(admin, { name: 'late' })];
  await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '30 days' where id = ${early.id}`;
  await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '200 days' where id = ${late.id}`;
  for (const each of [early, late]) {
    await admin.sql`update keyctl.api_keys set status = 'replaced', replaced_at = clock_timestamp() - interval '2 days',
      usable_until = clock_timestamp() - interval '1 day' where id = ${each.id}`;
    await seedKey(admin, { family: each });
  }
  leaked = await seedKey(admin, { name: 'leaked' });
  await seedAudit(admin, [{ action: 'key.exposed', keyId: leaked.id, reason: null }]);
  await admin.sql`select keyctl.revoke_key(gen_random_uuid(), '{"ticket": "SEC-9"}'::jsonb, ${leaked.id}, 'leaked in acme/app commit 7a3f21', 'leaked')`;
  await seedKey(admin, { name: hostile, status: 'revoked' });
  await seedEvents(admin, [
    ...requests(loud, 1, 95, { latency_ms: 100, cost_usd: 0.01 }),
    ...requests(loud, 3, 5, { status: 401, latency_ms: 900 }),
    ...requests(loud, 40, 7, { status: 500 }),
  ]);
}, 60_000);
afterAll(() => database.drop());

describe('audit report', () => {
  it('counts requests of its window, by day, with the silence between', async () => {
    const month = await json('monthly');
    expect(month.usage).toMatchObject({
      requests: 100,
      errors: 5,
      unauthenticated: 5,
      limited: 0,
      server_errors: 0,
      stray: 0,
      p95_latency_ms: 100,
    });
    expect(month.usage.cost_usd).toBeCloseTo(0.95);
    expect(month.usage.steps).toHaveLength(30);
    const days = month.usage.steps.filter((step: { requests: number }) => step.requests > 0);
    const sum = (name: string) =>
      days.reduce((total: number, step: Record<string, number>) => total + (step[name] ?? 0), 0);
    expect([sum('requests'), sum('errors')]).toEqual([100, 5]);
    expect((await json('daily')).usage.steps).toHaveLength(24);
    expect((await json('weekly')).usage).toMatchObject({ requests: 100 });
    expect((await json('compliance')).usage).toMatchObject({ requests: 107, server_errors: 7 });
    expect((await json('monthly', '--since', '50d', '--until', '30d')).usage).toMatchObject({ requests: 7 });
  });

  it('agrees with plain SQL about keys', async () => {
    const { keys } = await json('monthly');
    const [counted] = await admin.sql`select jsonb_object_agg(status, n) as by_status from (
      select status, count(*) as n from keyctl.keys group by 1) s`;
    expect(keys.by_status).toEqual(counted?.by_status);
    expect(keys).toMatchObject({ created: 8, created_before: 0, rotations_due: 1, rotations_overdue: 1 });
    expect(keys.oldest_age_seconds).toBeGreaterThan(99 * 86_400);
    const ages = Object.fromEntries(
      keys.ages.map((each: { from_days: number; keys: number }) => [each.from_days, each.keys]),
    );
    expect(ages).toEqual({ 0: 3, 30: 0, 90: 1, 180: 0, 365: 0 });
    // Never used since 100 days; the others were made just now.
    expect(keys).toMatchObject({ stale_7_days: 1, stale_30_days: 1, never_used: 4, without_owner: 2 });
  });

  it('tells rotations in time from late ones, and counts what is overdue as late', async () => {
    const { rotations, overdue_rotations } = await json('monthly');
    expect(rotations).toMatchObject({ activated: 2, on_time: 1, late: 2, overdue: 1 });
    expect(rotations.on_time_share).toBeCloseTo(1 / 3);
    expect(rotations.days).toMatchObject([{ on_time: 1, late: 1 }]);
    expect(overdue_rotations).toMatchObject([{ name: 'old', owner: 'old@example.com' }]);
  });

  it('gives the time from detection where one is recorded, and says where none is', async () => {
    const month = await json('monthly');
    expect(month.revocations).toHaveLength(2);
    const [mine] = month.revocations.filter((each: { key_id: string }) => each.key_id === leaked.id);
    expect(mine).toMatchObject({ code: 'leaked', reason: 'leaked in acme/app commit 7a3f21' });
    expect(mine.seconds_from_detection).toBeGreaterThan(0);
    expect(month.mean_seconds_from_detection).toBe(mine.seconds_from_detection);
    const { stdout } = await report(['monthly']);
    expect(stdout).toContain('over the 1 with a detection in the record');
    expect(stdout).toMatch(/seeded: it leaked long ago \| not recorded \|/);
  });

  it('counts changes without a ticket', async () => {
    const { changes } = await json('monthly');
    const [counted] = await admin.sql`select count(*)::int as reasoned,
      (count(*) filter (where record::json ->> 'ticket' is null))::int as ticketless from keyctl.audit_log where reason is not null`;
    expect(changes).toMatchObject({ with_reason: counted?.reasoned, without_ticket: counted?.ticketless });
    expect(changes.with_reason - changes.without_ticket).toBe(1);
  });

  it('lists evidence by control and passes no verdict', async () => {
    const { evidence } = await json('compliance');
    expect(new Set(evidence.map((each: { framework: string }) => each.framework))).toEqual(
      new Set(['SOC 2', 'ISO 27001', 'NIST CSF']),
    );
    for (const each of evidence)
      expect(Object.values(each).filter((text) => typeof text !== 'string' || text === '')).toEqual([]);
    expect((await json('monthly')).evidence).toEqual([]);
    for (const format of ['md', 'html']) {
      const { stdout } = await report(['compliance', '--format', format]);
      expect(stdout).toContain('CC6.1');
      expect(stdout).toContain('keyctl audit verify');
      expect(stdout).not.toMatch(/complian|conform|certif|passed/i);
    }
  });

  it('every command behind a figure can be typed', async () => {
    const { evidence } = await json('compliance');
    const sources: string[] = evidence.map((each: { source: string }) => each.source);
    const commands = new Set(
      sources.flatMap((text) => text.split('; ')).filter((text) => !/^SQL/.test(text)),
    );
    for (const command of commands) {
      const ran = await runCommand(command.split(' ').slice(1), { database, role: 'test_auditor' });
      expect({ command, code: ran.code }).toEqual({ command, code: 0 });
    }
  });
});

describe('the thresholds of audit report', () => {
  it('5 % of failed authentications is not over 5 %, and one more is', async () => {
    expect(verdicts(await json('monthly'))).toEqual({
      auth_failures: 'ok',
      rate_limit_violations: 'ok',
      budget: 'not_measured',
      errors: 'warning',
      latency_p95: 'ok',
    });
    expect((await report(['monthly', '--fail-on', 'critical'])).code).toBe(0);
    expect((await report(['monthly', '--fail-on', 'warning'])).code).toBe(7);

    await seedEvents(admin, [
      ...requests(loud, 5, 1, { status: 401 }),
      ...requests(loud, 4, 9, { status: 429, latency_ms: 201 }),
    ]);
    const spender = await seedKey(admin, { name: 'spender' });
    await admin.sql`update keyctl.api_keys set budget_usd = 0.1 where id = ${spender.id}`;
    await seedEvents(admin, requests(spender, 0, 1, { cost_usd: 0.089, latency_ms: 201 }));
    expect(verdicts(await json('monthly')).budget).toBe('ok');
    await seedEvents(admin, requests(spender, 0, 1, { cost_usd: 0.001 }));
    const after = await report(['monthly', '--fail-on', 'critical', '--json']);
    expect(after.code).toBe(7);
    expect(verdicts(JSON.parse(after.stdout))).toEqual({
      auth_failures: 'critical',
      rate_limit_violations: 'warning',
      budget: 'critical',
      errors: 'warning',
      latency_p95: 'warning',
    });
  });

  it('requests that named no key of ours failed to authenticate', async () => {
    await seedEvents(admin, requests(loud, 60, 9, {}));
    await admin.sql`insert into keyctl.stray_events (ts, presented, id, status)
      values (clock_timestamp() - interval '60 days 1 minute', 'nobody', 'stray', 200)`;
    const ran = await json('daily', '--since', '61d', '--until', '59d');
    expect(ran.usage).toMatchObject({ requests: 9, stray: 1, unauthenticated: 0 });
    expect(ran.checks[0]).toMatchObject({ code: 'auth_failures', value: 0.1, verdict: 'critical' });
  });

  it('a window without requests is not "ok" but not measured, and fails nothing', async () => {
    const ran = await report(['daily', '--since', '300d', '--until', '299d', '--json']);
    expect(verdicts(JSON.parse(ran.stdout))).toMatchObject({
      auth_failures: 'not_measured',
      rate_limit_violations: 'not_measured',
      errors: 'not_measured',
      latency_p95: 'not_measured',
    });
  });
});

describe('the forms of audit report', () => {
  it('HTML is one page that loads nothing and escapes a hostile name', async () => {
    const { code, stdout } = await report(['monthly', '--format', 'html']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<!doctype html>/);
    expect(stdout).toContain('&lt;img src=x onerror=alert(1)&gt;|&#96;x&#96;\\u{202e}');
    expect(stdout).not.toMatch(/<img|<script|\u202e/);
    for (const plot of ['Requests a day', 'Errors a day', 'Rotations a day', 'Age of active keys'])
      expect(stdout).toMatch(new RegExp(`<figure><figcaption>${plot}`));
  });

  it('Markdown escapes the same name', async () => {
    const { stdout } = await report(['monthly']);
    expect(stdout).toContain('\\<img src=x onerror=alert(1)\\>\\|\\`x\\`\\\\u{202e}');
  });

  it('writes a file at once, readable by its owner alone, and leaves nothing else', async () => {
    const own = await mkdtemp(join(folder, 'out-'));
    const path = join(own, 'monthly.html');
    await writeFile(path, 'an older one');
    const ran = await report(['monthly', '--format', 'html', '--out', path]);
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain(`written to ${path}`);
    expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect((await lstat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(own)).toEqual(['monthly.html']);
    const asJson = join(own, 'monthly.json');
    expect((await report(['monthly', '--json', '--out', asJson])).code).toBe(0);
    expect(JSON.parse(await readFile(asJson, 'utf8'))).toMatchObject({ kind: 'monthly' });
  });

  it('--out follows no link', async () => {
    const own = await mkdtemp(join(folder, 'link-'));
    await writeFile(join(own, 'theirs'), 'not ours');
    await symlink(join(own, 'theirs'), join(own, 'report.md'));
    const ran = await report(['daily', '--out', join(own, 'report.md')]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('is no regular file');
    expect(await readFile(join(own, 'theirs'), 'utf8')).toBe('not ours');
  });

  it.each([
    ['an unknown kind', ['yearly'], 2, /daily, weekly, monthly, compliance/],
    ['no kind', [], 2, /kind/],
    ['an unknown form', ['daily', '--format', 'pdf'], 2, /--format/],
    ['an unknown severity', ['daily', '--fail-on', 'info'], 2, /--fail-on/],
    ['two forms at once', ['daily', '--format', 'html', '--json'], 2, /--format: -o json has a form/],
    ['CSV into a file', ['daily', '-o', 'csv', '--out', 'x'], 2, /--out: takes Markdown/],
    [
      'a folder that is not there',
      ['daily', '--out', '/nonexistent/x.md'],
      2,
      /cannot be written \(ENOENT\)/,
    ],
    ['a window that ends before it begins', ['daily', '--since', '1d', '--until', '2d'], 2, /--until/],
  ] as const)('refuses %s', async (_name, args, code, message) => {
    const ran = await report(args);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr).toMatch(message);
  });

  it('a gateway may not read it', async () => {
    expect((await report(['daily'], { role: 'test_gateway' })).code).toBe(77);
  });
});
