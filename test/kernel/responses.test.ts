import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Change } from '../../src/db/kernel.js';
import {
  type NewFinding,
  type RespondAnswer,
  type ResponseSettings,
  recordFindings,
  removeResponseRule,
  respondToFinding,
  setResponseRule,
} from '../../src/db/kernel-findings.js';
import { recentResponses, responseRules } from '../../src/db/reads/findings.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { newFinding } from '../support/seed-finding.js';
import { auditOf, bystanders, type SeededKey, seedKey } from '../support/seed-keys.js';

const reason = 'SEC-31: what the night shift agreed to';

function change(operationId: string = randomUUID()): Change {
  return { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
}

describe.each(servers)('automatic response in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let superuser: Connection;
  let admin: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    superuser = await database.connect();
    admin = await database.connect('test_admin');
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await superuser.sql`delete from keyctl.responses`;
    await superuser.sql`delete from keyctl.response_rules`;
  });

  const run = <T>(work: Parameters<typeof admin.run<T>>[1]) => admin.run({ sends: 'read' }, work);
  const set = (name: string, settings: ResponseSettings, operation = change()) =>
    run((db) => setResponseRule(db, operation, { name, settings, reason }));
  const found = async (key: SeededKey | null, parts: Partial<NewFinding> = {}): Promise<string> => {
    const finding = newFinding(key, { severity: 'critical', ...parts });
    await run((db) => recordFindings(db, change(), { findings: [finding], judgedUntil: null }));
    return finding.finding_id;
  };
  const respond = (findingId: string, ruleName: string, operation = change()): Promise<RespondAnswer> =>
    run((db) => respondToFinding(db, operation, { findingId, ruleName }));
  const keyRow = async (id: string) =>
    (
      await superuser.sql`select status, rpm, rph, burst, concurrency, suspension_reason,
      extract(epoch from suspended_until - suspended_at)::int as seconds from keyctl.api_keys where id = ${id}`
    )[0];

  it('suspends for a time, with a reason that names the finding, and a row of its own', async () => {
    const key = await seedKey(superuser);
    const others = await bystanders(superuser, [key.id]);
    await set('stop', { response: 'suspend', lasts_seconds: 14_400 });
    const id = await found(key);
    const operation = change();
    const answer = await respond(id, 'stop', operation);
    const why = `by response stop: finding ${id}, critical auth_burst`;
    expect(answer).toMatchObject({ outcome: 'responded', response: 'suspend', key_id: key.id, reason: why });
    expect(await keyRow(key.id)).toMatchObject({
      status: 'suspended',
      suspension_reason: why,
      seconds: 14_400,
    });
    expect((await auditOf(superuser, key.id)).slice(1)).toMatchObject([
      { action: 'key.suspended', reason: why, actor_db: 'test_admin' },
      {
        action: 'finding.responded',
        reason: why,
        record: { details: { rule_name: 'stop', response: 'suspend', finding: { finding_id: id } } },
      },
    ]);
    expect(await bystanders(superuser, [key.id])).toEqual(others);
    expect(await respond(id, 'stop', operation)).toMatchObject({ outcome: 'responded', repeated: true });
    expect(await respond(id, 'stop')).toMatchObject({ outcome: 'already_responded', audit_seq: null });
    expect(await run(recentResponses)).toMatchObject({ acted: 1, notified: 0 });
  });

  it('steps limits down to a quarter, once a day, and the record has what they were', async () => {
    const key = await seedKey(superuser);
    await superuser.sql`update keyctl.api_keys set rpm = 100, rph = 1000, burst = 3, concurrency = null where id = ${key.id}`;
    await set('slow', { response: 'step_down', least_severity: 'high' });
    expect(await respond(await found(key), 'slow')).toMatchObject({ outcome: 'responded', until: null });
    expect(await keyRow(key.id)).toMatchObject({
      status: 'active',
      rpm: 25,
      rph: 250,
      burst: 1,
      concurrency: null,
    });
    expect((await auditOf(superuser, key.id)).at(-1)).toMatchObject({
      action: 'finding.responded',
      record: {
        details: { before: { rpm: 100, rph: 1000, burst: 3 }, after: { rpm: 25, rph: 250, burst: 1 } },
      },
    });
    const more = await respond(await found(key, { cause: 'another' }), 'slow');
    expect(more).toMatchObject({ outcome: 'nothing_to_do', why: 'stepped_down', audit_seq: null });
    const unlimited = await seedKey(superuser);
    await superuser.sql`update keyctl.api_keys set rpm = null, rph = null, burst = null, concurrency = null where id = ${unlimited.id}`;
    expect(await respond(await found(unlimited), 'slow')).toMatchObject({
      outcome: 'nothing_to_do',
      why: 'no_limits',
    });
  });

  it('blocks the address for a time', async () => {
    await set('shut', { response: 'block_ip', lasts_seconds: 3600, detector: 'guessing' });
    const id = await found(null, { detector: 'guessing', ip: '::ffff:203.0.113.9' });
    expect(await respond(id, 'shut')).toMatchObject({ outcome: 'responded', until: expect.any(String) });
    const [block] =
      await superuser.sql`select cidr::text, reason, extract(epoch from blocked_until - blocked_at)::int as seconds
      from keyctl.ip_blocks`;
    expect(block).toEqual({
      ...{ cidr: '203.0.113.9/32', seconds: 3600 },
      reason: `by response shut: finding ${id}, critical guessing`,
    });
    const again = await found(null, { detector: 'guessing', ip: '203.0.113.9', cause: 'another' });
    expect(await respond(again, 'shut')).toMatchObject({ outcome: 'nothing_to_do', why: 'blocked' });
    const odd = await found(null, { detector: 'guessing', ip: 'AWS Internal' });
    expect(await respond(odd, 'shut')).toMatchObject({ outcome: 'nothing_to_do', why: 'no_address' });
    const actions =
      await superuser.sql`select action from keyctl.audit_log where key_id is null order by seq desc limit 4`;
    expect(actions.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['ip.blocked', 'finding.responded']),
    );
  });

  it('does nothing to keys that are over, suspended, or nobody’s', async () => {
    await set('stop', { response: 'suspend', lasts_seconds: 60, most_per_hour: 100 });
    const seeded = async (status: 'revoked' | 'suspended') => found(await seedKey(superuser, { status }));
    expect(await respond(await seeded('revoked'), 'stop')).toMatchObject({
      outcome: 'nothing_to_do',
      why: 'dead',
    });
    expect(await respond(await seeded('suspended'), 'stop')).toMatchObject({ why: 'suspended' });
    expect(await respond(await found(null, { detector: 'guessing', cause: 'none' }), 'stop')).toMatchObject({
      why: 'no_key',
    });
    expect(await run(recentResponses)).toMatchObject({ acted: 0, done: new Set() });
  });

  it('applies to what is open, recent, severe enough and of its detector', async () => {
    const key = await seedKey(superuser);
    await set('stop', {
      response: 'suspend',
      lasts_seconds: 60,
      least_severity: 'high',
      detector: 'auth_burst',
    });
    const applies = async (parts: Partial<NewFinding>) => respond(await found(key, parts), 'stop');
    const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    const cases: Partial<NewFinding>[] = [
      { severity: 'medium', cause: 'mild' },
      { detector: 'enumeration', cause: 'other' },
      { cause: 'old', onset_at: ago(26), window_start: ago(26), window_end: ago(25) },
    ];
    for (const parts of cases) expect(await applies(parts)).toMatchObject({ outcome: 'does_not_apply' });
    const known = await found(key, { cause: 'acknowledged' });
    await superuser.sql`update keyctl.findings set status = 'acknowledged' where finding_id = ${known}`;
    expect(await respond(known, 'stop')).toMatchObject({ outcome: 'does_not_apply' });
    expect((await keyRow(key.id))?.status).toBe('active');
    expect(await applies({ severity: 'high', cause: 'severe' })).toMatchObject({ outcome: 'responded' });
  });

  it('of 100 false critical findings stops no more keys than its cap, others’ counted, whoever asks at once', async () => {
    await set('stop', { response: 'suspend', lasts_seconds: 3600, most_per_hour: 3 });
    await set('slow', { response: 'step_down', most_per_hour: 4 });
    await set('tell', { response: 'notify', most_per_hour: 5 });
    const keys = await Promise.all(Array.from({ length: 100 }, () => seedKey(superuser)));
    await superuser.sql`update keyctl.api_keys set rpm = 100 where id = any (${keys.map(({ id }) => id)})`;
    const all = keys.map((key) => newFinding(key, { severity: 'critical' }));
    await run((db) => recordFindings(db, change(), { findings: all, judgedUntil: null }));
    const crowd = await Promise.all([1, 2, 3, 4].map(() => database.connect('test_admin')));
    const answers = await Promise.all(
      crowd.map(async (connection, at) => {
        const own: RespondAnswer[] = [];
        for (const { finding_id } of all.filter((_, n) => n % crowd.length === at)) {
          for (const ruleName of ['stop', 'slow', 'tell']) {
            const input = { findingId: finding_id, ruleName };
            own.push(await connection.run({ sends: 'read' }, (db) => respondToFinding(db, change(), input)));
          }
        }
        return own;
      }),
    );
    const done = (response: string) =>
      answers.flat().filter((each) => each.outcome === 'responded' && each.response === response);
    expect(done('suspend').length).toBeLessThanOrEqual(3);
    expect(done('suspend').length + done('step_down').length).toBe(4);
    expect(done('notify')).toHaveLength(5);
    expect(answers.flat().filter(({ outcome }) => outcome === 'capped').length).toBeGreaterThan(250);
    const [counted] = await superuser.sql`select
        (select count(*) from keyctl.api_keys where id = any (${keys.map(({ id }) => id)}) and status = 'suspended')::int as suspended,
        (select count(*) from keyctl.audit_log where action = 'finding.responded' and key_id = any (${keys.map(({ id }) => id)}))::int as rows`;
    expect(counted).toEqual({ suspended: done('suspend').length, rows: 9 });
  });

  it('rules are set by admins alone, in words that are checked, with their row', async () => {
    const made = await set('stop', { response: 'suspend', lasts_seconds: 3600, detector: 'decoy' });
    expect(made).toMatchObject({
      ...{ outcome: 'created', before: {} },
      after: {
        response: 'suspend',
        lasts_seconds: 3600,
        detector: 'decoy',
        least_severity: 'critical',
        most_per_hour: 3,
      },
    });
    expect(await set('stop', { most_per_hour: 5, detector: null })).toMatchObject({
      ...{
        outcome: 'set',
        before: { most_per_hour: 3, detector: 'decoy' },
        after: { most_per_hour: 5, detector: null },
      },
    });
    expect(await set('stop', { most_per_hour: 5 })).toMatchObject({ outcome: 'unchanged', audit_seq: null });
    const [row] =
      await superuser.sql`select reason, record::jsonb -> 'details' as details from keyctl.audit_log
      where action = 'policy.set' order by seq desc limit 1`;
    expect(row).toMatchObject({ reason, details: { response_rule: 'stop', after: { most_per_hour: 5 } } });
    expect(await run(responseRules)).toMatchObject([
      {
        name: 'stop',
        detector: null,
        response: 'suspend',
        lastsSeconds: 3600,
        mostPerHour: 5,
        setBy: 'test_admin',
      },
    ]);
    for (const wrong of [
      { response: 'revoke' },
      { response: 'suspend' },
      { response: 'notify', lasts_seconds: 60 },
      { response: 'block_ip', lasts_seconds: 5 },
      { response: 'notify', least_severity: 'low' },
      { response: 'notify', most_per_hour: 0 },
      { response: 'notify', detector: 'no such; drop' },
      { response: 'notify', command: '/bin/sh' },
    ])
      await expect(set('odd', wrong as ResponseSettings)).rejects.toMatchObject({ exitCode: 2 });
    await expect(set('No Name', { response: 'notify' })).rejects.toMatchObject({ exitCode: 2 });
    const remove = () => run((db) => removeResponseRule(db, change(), { name: 'stop', reason }));
    expect(await remove()).toMatchObject({
      outcome: 'removed',
      before: { response: 'suspend', most_per_hour: 5 },
    });
    await expect(remove()).rejects.toMatchObject({ exitCode: 3 });
    const id = await found(await seedKey(superuser));
    await expect(respond(id, 'stop')).rejects.toMatchObject({ exitCode: 3 });
    await expect(respond('fnd_000000000000', 'stop')).rejects.toMatchObject({ exitCode: 3 });
  });
});
