import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type NewFinding, recordFindings } from '../../../src/db/kernel-findings.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { newFinding } from '../../support/seed-finding.js';
import { auditOf, type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let operator: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  operator = await database.connect('test_operator');
});
afterAll(() => database.drop());

const run = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['audit', 'findings', ...args], { database, role: 'test_operator', ...options });
const why = ['--reason', 'FP-12: our own load test, agreed with ops'];
const seeded = async (key: SeededKey | null, parts: Partial<NewFinding> = {}): Promise<string> => {
  const finding = newFinding(key, parts);
  const change = { operationId: randomUUID(), context: { actor_os: null, actor_claimed: null, host: null } };
  await operator.run({ sends: 'read' }, (db) =>
    recordFindings(db, change, { findings: [finding], judgedUntil: null }),
  );
  return finding.finding_id;
};
const statusOf = async (id: string) =>
  (
    await admin.sql`select status, incident_id, status_reason from keyctl.findings where finding_id = ${id}`
  )[0];
const seq = async () => (await admin.sql`select seq::int from keyctl.audit_head`)[0]?.seq;

describe('audit findings list and show', () => {
  it('lists what is open, by key, severity, detector and status; dismissed ones with --all', async () => {
    const [one, two] = [await seedKey(admin, { name: 'billing-api' }), await seedKey(admin)];
    const [high, low, gone] = [
      await seeded(one),
      await seeded(one, { severity: 'low', detector: 'origin_ip', detector_family: 'origin', cause: 'x' }),
      await seeded(two),
    ];
    await run(['dismiss', gone, ...why]);
    const ids = async (...args: string[]) =>
      (await run(['list', ...args, '-o', 'ids'])).stdout.trim().split('\n');
    expect((await ids()).toSorted()).toEqual([high, low].toSorted());
    expect(await ids('--all')).toContain(gone);
    expect(await ids('--status', 'dismissed')).toEqual([gone]);
    expect(await ids('--severity', 'high')).toEqual([high]);
    expect(await ids('--detector', 'origin_ip')).toEqual([low]);
    expect(await ids('--key', 'billing-api', '--limit', '1')).toHaveLength(1);
    expect(await ids('--since', '1m')).toEqual(['']);
    expect(await ids('--until', '2020-01-01')).toEqual(['']);
    const json = JSON.parse((await run(['list', '--json'], { role: 'test_viewer' })).stdout);
    expect(json.next_cursor).toBeNull();
    expect(json.findings[0]).toMatchObject({ key_name: 'billing-api', status: 'open', incident_id: null });
    expect((await run(['list', '--since', '1m'])).stdout).toBe('no such finding\n');
  });

  it('shows the evidence, the numbers and the query', async () => {
    const id = await seeded(await seedKey(admin), { reproduce_sql: 'select 1\nfrom nothing' });
    const shown = await run(['show', id], { role: 'test_viewer' });
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    for (const text of [
      ...[
        '147 refusals from 198.51.100.17',
        '147, expected 0 to 2 (28 days of history)',
        'select 1\nfrom nothing',
      ],
      ...['network 198.51.100.0/24 (usual: 192.0.2.0/24)', '/v1/export (new)', 'keyctl revoke key_'],
    ])
      expect(shown.stdout).toContain(text);
    expect(JSON.parse((await run(['show', id, '--json'])).stdout)).toMatchObject({
      ...{ finding_id: id, evidence: { top_ips: [{ value: '198.51.100.17', requests: 147, new: true }] } },
    });
  });

  it('what is no id is refused (2), what is not there is not found (3)', async () => {
    for (const verb of ['show', 'ack']) {
      expect(await run([verb, 'fnd_short'])).toMatchObject({ code: 2, stdout: '' });
      const missing = await run([verb, 'fnd_000000000000']);
      expect(missing.code).toBe(3);
      expect(missing.stderr).toContain(database.name);
    }
    expect((await run(['list', '--status', 'odd'])).code).toBe(2);
    expect((await run(['list', '--key', 'key_000000000000'])).code).toBe(3);
    expect((await run(['list'], { role: 'test_gateway' })).code).toBe(77);
  });
});

describe('audit findings ack', () => {
  it('says who looks into it, once', async () => {
    const key = await seedKey(admin);
    const [one, two] = [await seeded(key), await seeded(key, { cause: 'b' })];
    const planned = JSON.parse((await run(['ack', one, two, '--dry-run', '--json'])).stdout);
    expect(planned).toMatchObject({ dry_run: true, count: 2 });
    expect((await statusOf(one))?.status).toBe('open');
    const operation = randomUUID();
    const ran = await run(['ack', one, two, '--operation-id', operation, '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ...{ operation_id: operation, audit_seq: expect.any(Number), incident_id: null },
      results: [
        { finding_id: one, outcome: 'acknowledged' },
        { finding_id: two, outcome: 'acknowledged' },
      ],
    });
    const before = await seq();
    expect((await run(['ack', one, two, '--operation-id', operation, '--json'])).stdout).toBe(ran.stdout);
    expect((await run(['ack', one])).stdout).toContain('acknowledged already');
    expect(await seq()).toBe(before);
    expect((await auditOf(admin, key.id)).at(-1)?.action).toBe('finding.acknowledged');
    expect((await run(['ack', one], { role: 'test_viewer' })).code).toBe(77);
  });

  it('what was dismissed cannot be acknowledged: 4 alone, 6 beside others', async () => {
    const key = await seedKey(admin);
    const [gone, open] = [await seeded(key), await seeded(key, { cause: 'b' })];
    await run(['dismiss', gone, ...why]);
    expect((await run(['ack', gone])).code).toBe(4);
    expect((await run(['ack', gone, open])).code).toBe(6);
    expect((await statusOf(open))?.status).toBe('acknowledged');
  });
});

describe('audit findings dismiss', () => {
  it('takes a reason, and keeps quiet until a date if asked', async () => {
    const key = await seedKey(admin);
    const id = await seeded(key);
    expect((await run(['dismiss', id])).code).toBe(2);
    expect((await run(['dismiss', id, '--reason', 'test'])).code).toBe(2);
    expect((await run(['dismiss', id, '--suppress-until', '2020-01-01', ...why])).code).toBe(2);
    expect((await run(['dismiss', id, '--suppress-until', '900d', ...why])).code).toBe(2);
    expect((await run(['dismiss', id, '--dry-run'])).stdout).toContain('these would change:');
    expect((await statusOf(id))?.status).toBe('open');
    const ran = await run(['dismiss', id, '--suppress-until', '7d', ...why]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/dismissed, and not raised again until 20\d\d-/);
    expect(await statusOf(id)).toMatchObject({ status: 'dismissed', status_reason: why[1] });
    expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({
      action: 'finding.dismissed',
      reason: why[1],
    });
    expect(
      (await admin.sql`select cause from keyctl.finding_suppressions where family_id = ${key.id}`).length,
    ).toBe(1);
    expect((await run(['dismiss', id, ...why])).stdout).toContain('dismissed already');
    expect((await run(['dismiss', id, ...why], { role: 'test_viewer' })).code).toBe(77);
  });
});

describe('audit findings escalate', () => {
  it('opens an incident of the gravest one’s severity, and makes all of them part of it', async () => {
    const key = await seedKey(admin, { name: 'evil\u001b[31m\nname' });
    const ids = [
      await seeded(key, { severity: 'low' }),
      await seeded(key, { severity: 'critical', cause: 'b' }),
    ];
    expect((await run(['escalate', ...ids])).code).toBe(2);
    expect((await run(['escalate', ...ids, '--incident', 'seven'])).code).toBe(2);
    expect((await run(['escalate', ...ids, '--incident', 'INC-999'])).code).toBe(3);
    expect(
      JSON.parse((await run(['escalate', ...ids, '--incident', 'new', '--dry-run', '--json'])).stdout).count,
    ).toBe(2);
    const ran = await run(['escalate', ...ids, '--incident', 'new', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const { incident_id: incident } = JSON.parse(ran.stdout);
    const [opened] =
      await admin.sql`select severity, type, title from keyctl.incidents where incident_id = ${incident}`;
    expect(opened).toEqual({ severity: 'critical', type: 'abuse', title: 'auth_burst of evil [31m name' });
    expect(await statusOf(ids[0] ?? '')).toMatchObject({ status: 'escalated', incident_id: incident });
    const actions =
      await admin.sql`select action from keyctl.audit_log where incident_id = ${incident} order by seq`;
    expect(actions.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['incident.opened', 'incident.key_linked', 'finding.escalated']),
    );
    expect((await run(['escalate', ...ids, '--incident', incident])).stdout).toContain('part of it already');
    const other = await run(['escalate', await seeded(await seedKey(admin)), '--incident', 'new', '--json']);
    const elsewhere = await run(['escalate', ...ids, '--incident', JSON.parse(other.stdout).incident_id]);
    expect(elsewhere.code).toBe(4);
    await admin.sql`update keyctl.incidents set state = 'closed', closed_at = now() where incident_id = ${incident}`;
    const late = await run(['escalate', await seeded(await seedKey(admin)), '--incident', incident]);
    expect(late.code).toBe(4);
    expect(late.stderr).toContain('is closed');
  });
});
