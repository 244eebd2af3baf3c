import { lstat, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { type EventSeed, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let key: SeededKey;

const metrics = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  runCommand(['audit', 'metrics', ...args], { database, role: 'test_viewer', ...options });

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  key = await seedKey(admin, { name: 'payroll-secret-name', owner: 'named@example.com' });
});
afterAll(() => database.drop());

/**
 * What `promtool check metrics` and the format's own text ask: HELP, then TYPE, then the samples of one name, each name once,
 * no duplicate of a label set, numbers that parse, gauges not named like counters, units in full; a newline at the end.
 */
function parsed(text: string): ReadonlyMap<string, number> {
  expect(text.endsWith('\n')).toBe(true);
  const samples = new Map<string, number>();
  const families = new Set<string>();
  let family = '';
  let awaits: 'HELP' | 'TYPE' | 'sample' = 'HELP';
  for (const row of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z][a-z0-9_]*) \S.*\.$/.exec(row);
    const type = /^# TYPE ([a-z][a-z0-9_]*) gauge$/.exec(row);
    if (help?.[1] !== undefined) {
      expect(awaits).not.toBe('TYPE');
      expect(families).not.toContain(help[1]);
      family = help[1];
      families.add(family);
      expect(family).toMatch(/^keyctl_/);
      expect(family).not.toMatch(/_(total|count|sum|bucket|info|ms|percent)$/);
      awaits = 'TYPE';
    } else if (type !== null) {
      expect([awaits, type[1]]).toEqual(['TYPE', family]);
      awaits = 'sample';
    } else {
      expect(awaits).toBe('sample');
      const sample =
        /^([a-z_0-9]+)(\{[a-z]+="[^"\\]+"(?:,[a-z]+="[^"\\]+")*\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/.exec(
          row,
        );
      expect({ row, name: sample?.[1] }).toEqual({ row, name: family });
      const series = `${sample?.[1]}${sample?.[2] ?? ''}`;
      expect(samples.has(series)).toBe(false);
      samples.set(series, Number(sample?.[3]));
    }
  }
  expect(awaits).toBe('sample');
  return samples;
}

describe('audit metrics', () => {
  it('of a database without requests has no share and no latency, instead of a wrong one', async () => {
    const { code, stdout } = await metrics();
    expect(code).toBe(0);
    const samples = parsed(stdout);
    expect(samples.get('keyctl_keys{status="active"}')).toBe(1);
    expect(samples.get('keyctl_keys{status="suspended"}')).toBe(0);
    expect(samples.get('keyctl_requests{key="known"}')).toBe(0);
    expect(samples.get('keyctl_findings_open{severity="critical"}')).toBe(0);
    for (const name of [
      'authentication_success_ratio',
      'request_latency_p95_seconds',
      'budget_use_max_ratio',
    ])
      expect(samples.has(`keyctl_${name}`)).toBe(false);
  });

  it('counts the last hour, budgets and what is due, and names nobody', async () => {
    const event = (minutes: number, status: number): EventSeed => ({
      ts: new Date(Date.now() - minutes * 60_000).toISOString(),
      key_id: key.id,
      id: `${minutes}-${status}`,
      ...{ status, latency_ms: 250, cost_usd: 0.01, ip_text: '198.51.100.7', user_agent: 'agent/1' },
    });
    await seedEvents(admin, [
      ...[200, 200, 200, 401, 403, 404, 429, 500].map((status, at) => event(at / 60, status)),
      event(90, 500),
    ]);
    await admin.sql`update keyctl.api_keys set budget_usd = 0.16, exempt_reason = 'the vendor cannot',
      activated_at = clock_timestamp() - interval '300 days' where id = ${key.id}`;
    const due = await seedKey(admin);
    await admin.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '300 days' where id = ${due.id}`;

    await admin.sql`insert into keyctl.findings (finding_id, detector, detector_family, severity, ip, cause, onset_at, window_start,
        window_end, observed, weight, evidence, reproduce_sql)
      values ('fnd_000000000001', 'guessing', 'auth', 'medium', '192.0.2.1', '', now(), now(), now(), 1, 0.1, '{}', 'select 1')`;
    await admin.sql`update keyctl.detection_state set judged_until = now()`;
    const { stdout } = await metrics();
    const samples = parsed(stdout);
    const shown = (name: string) => samples.get(`keyctl_${name}`);
    expect(shown('requests{key="known"}')).toBe(8);
    expect(shown('refusals{reason="authentication"}')).toBe(1);
    expect(shown('refusals{reason="forbidden"}')).toBe(1);
    expect(shown('refusals{reason="rate_limit"}')).toBe(1);
    expect(shown('responses{class="ok"}')).toBe(3);
    expect(shown('responses{class="refused"}')).toBe(3);
    expect(shown('responses{class="client_error"}')).toBe(1);
    expect(shown('responses{class="server_error"}')).toBe(1);
    expect(shown('authentication_success_ratio')).toBe(0.875);
    expect(shown('request_latency_p95_seconds')).toBe(0.25);
    expect(shown('budgets_reached{percent="50"}')).toBe(1);
    expect(shown('budgets_reached{percent="90"}')).toBe(0);
    expect(shown('rotations_due')).toBe(1);
    expect(shown('rotations_overdue')).toBe(1);
    expect(shown('policy_violations{kind="exempt"}')).toBe(1);
    expect(shown('usage_as_of_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 60);
    expect(shown('findings_open{severity="medium"}')).toBe(1);
    expect(shown('detection_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 60);
    for (const name of [key.id, 'payroll-secret-name', 'named@example.com', '198.51.100.7', 'agent/1'])
      expect(stdout).not.toContain(name);
  });

  it('writes a file that others can read, whole, and replaces the last one', async () => {
    const folder = await mkdtemp(join(inject('scratch'), 'metrics-'));
    const path = join(folder, 'keyctl.prom');
    for (const _each of [1, 2]) {
      const ran = await metrics(['--textfile', path]);
      expect(ran).toMatchObject({ code: 0, stdout: '' });
      parsed(await readFile(path, 'utf8'));
      expect(await readdir(folder)).toEqual(['keyctl.prom']);
    }
    expect((await lstat(path)).mode & 0o777).toBe(0o644);
  });

  it('is JSON with --json', async () => {
    const { metrics: list } = JSON.parse((await metrics(['--json'])).stdout);
    expect(list[0]).toMatchObject({ name: 'keyctl_keys', samples: expect.any(Array) });
  });

  it.each([
    ['a folder that is not there', ['--textfile', '/nonexistent/x.prom'], {}, 2, /--textfile: .*ENOENT/],
    ['a device', ['--textfile', '/dev/null'], {}, 2, /is no regular file/],
    ['JSON in a text file', ['--textfile', 'x.prom', '--json'], {}, 2, /--textfile: is no place for -o json/],
    ['an argument', ['x'], {}, 2, /argument/],
    ['a gateway', [], { role: 'test_gateway' }, 77, /keyctl_viewer/],
  ] as const)('refuses %s', async (_name, args, options, code, message) => {
    const ran = await metrics(args, options);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr).toMatch(message);
  });
});
