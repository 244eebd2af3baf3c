import { chmod, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, type Ran, runCommand } from '../../support/fake-machine.js';
import { startGateway } from '../../support/gateway.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { incidentLog, seedIncident } from '../../support/seed-incident.js';
import { bystanders, type KeySeed, type SeededKey, seedKey, seedUsage } from '../../support/seed-keys.js';

/** `incidents run --step`: every step without a terminal, as a script or a chat bot drives it. */
let database: TestDatabase;
let admin: Connection;
let home: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  home = await mkdtemp(join(inject('scratch'), 'run-'));
});
afterAll(() => database.drop());

const run = (argv: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['incidents', 'run', ...argv], {
    database,
    role: 'test_operator',
    workingDirectory: home,
    ...options,
  });
const step = (id: string, name: string, argv: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  run([id, '--step', name, ...argv, '--json'], options);
const told = (ran: Ran) => JSON.parse(ran.stdout);
const actions = async (id: string) => (await incidentLog(admin, id)).map((each) => each.action);
const statusOf = async ({ id }: SeededKey) =>
  (await admin.sql`select status from keyctl.keys where id = ${id}`)[0]?.status;
const alice: KeySeed = { owner: 'alice@example.com' };

/** An incident of a leaked key, with so many steps done as are named. */
async function leak(seed: KeySeed = alice): Promise<{ id: string; key: SeededKey }> {
  const key = await seedKey(admin, seed);
  return { id: await seedIncident(admin, { keyIds: [key.id] }), key };
}

/** The log reaches beyond whatever was revoked until now. */
async function eventNow(): Promise<void> {
  const somebody = await seedKey(admin);
  await seedUsage(admin, { keyId: somebody.id, times: 1, secondsAgo: 0 });
}

describe('--plan', () => {
  it('shows the steps of a playbook without a database, each with why, what and how it is checked', async () => {
    const ran = await runCommand(['incidents', 'run', '--plan', '--playbook', 'departure', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const plan = told(ran);
    expect(plan).toMatchObject({ incident_id: null, playbook: 'departure', begun: false });
    expect(plan.steps[0]).toMatchObject({ step: 'gather', state: 'open', required: true });
    for (const each of plan.steps)
      for (const name of ['why', 'does', 'checks']) expect(each[name]).not.toBe('');
  });

  it('of an incident changes nothing, and tells who did what', async () => {
    const { id } = await leak();
    expect(told(await run([id, '--plan', '--json']))).toMatchObject({ begun: false, next_step: 'identify' });
    expect(await actions(id)).toEqual(['incident.opened', 'incident.key_linked']);
    await step(id, 'identify');
    const ran = await run([id, '--plan']);
    expect(ran.stdout).toMatch(/1\. identify {2}✓ done \S+ by test_operator \(tester@test-host\)/);
    expect(ran.stdout).toMatch(/2\. blast-radius {2}· open/);
  });

  it('--dry-run of a step is the plan', async () => {
    const { id, key } = await leak();
    const ran = await step(id, 'contain', ['--how', 'revoke', '--dry-run']);
    expect(told(ran)).toMatchObject({ incident_id: id, begun: false });
    expect(await statusOf(key)).toBe('active');
  });
});

describe('a playbook file', () => {
  it('of a team is followed, and kept as it was when the walkthrough began', async () => {
    const { id } = await leak();
    const file = join(home, 'team.json');
    await writeFile(
      file,
      '{"name": "team", "steps": [{"kind": "identify"}, {"kind": "task", "text": "call legal"}, {"kind": "close"}]}',
    );
    expect(told(await step(id, 'identify', ['--playbook', 'team.json']))).toMatchObject({
      next_step: 'task',
    });
    await writeFile(file, 'no JSON any more');
    expect((await run([id, '--plan'])).stdout).toContain('call legal');
    const done = await step(id, 'task', ['--note', 'they answer tomorrow']);
    expect(told(done)).toMatchObject({ outcome: 'done', result: { note: 'they answer tomorrow' } });
    expect((await incidentLog(admin, id)).at(-2)).toMatchObject({
      action: 'incident.noted',
      reason: 'they answer tomorrow',
    });
    const other = await step(id, 'identify', ['--playbook', 'compromise']);
    expect(other).toMatchObject({ code: 4, stdout: '' });
    expect(other.stderr).toContain('follows the playbook team already');
  });

  it('with a mistake is refused (2) with the place, and nothing is begun', async () => {
    const { id } = await leak();
    await writeFile(join(home, 'bad.json'), '{"name": "bad",\n "steps": [{"kind": "explode"}]}');
    const ran = await run([id, '--step', 'identify', '--playbook', 'bad.json']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('bad.json:2:21: steps[0].kind: one of identify');
    const missing = await run([id, '--step', 'identify', '--playbook', 'nowhere.json']);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('nowhere.json is none of compromise, departure, abuse, budget');
    expect(await actions(id)).not.toContain('incident.playbook_set');
  });
});

describe('what is refused', () => {
  const refusals: readonly (readonly [
    code: number,
    name: string,
    argv: (id: string) => readonly string[],
    said: string,
  ])[] = [
    [2, 'no terminal and no step', (id) => [id], 'no terminal'],
    [2, 'a step of no incident', () => ['--step', 'contain'], 'of which incident?'],
    [2, '--skip without a step', (id) => [id, '--skip', 'told by phone, see OPS-7'], 'goes with --step'],
    [2, '--take-over without a step', (id) => [id, '--take-over'], 'goes with --step'],
    [2, 'contain without saying how', (id) => [id, '--step', 'contain', '--yes'], '--how'],
    [
      2,
      'two sources of a leak',
      (id) => [id, '--step', 'identify', '--from', 'a', '--key', 'b'],
      'one thing at a time',
    ],
    [2, 'lessons without a root cause', (id) => [id, '--step', 'learn', '--lessons', 'x'], '--root-cause'],
    [2, 'a reason that says nothing', (id) => [id, '--step', 'watch', '--skip', 'test'], '--skip'],
    [
      2,
      'a follow-up without a day',
      (id) => [id, '--step', 'learn', '--follow-up', 'scan logs'],
      'what; who; until when',
    ],
    [
      3,
      'an incident that there is not',
      () => ['INC-99999', '--step', 'contain', '--how', 'revoke', '--yes'],
      'INC-99999 not found in',
    ],
    [3, 'a step that there is not', (id) => [id, '--step', 'dance'], 'one of identify, blast-radius'],
    [4, 'closing while something is left', (id) => [id, '--step', 'close', '--yes'], 'cannot be closed'],
    [5, 'revoking without --yes', (id) => [id, '--step', 'contain', '--how', 'revoke'], '--yes'],
    [5, 'closing without --yes', (id) => [id, '--step', 'close'], '--yes'],
    [
      78,
      'a signed bundle without a key',
      (id) => [id, '--step', 'preserve', '--out', 'x.tar'],
      'no key to sign with',
    ],
  ];
  it.each(refusals)('(%i) %s', async (code, _name, argv, said) => {
    const { id, key } = await leak();
    const ran = await run([...argv(id)]);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(await statusOf(key)).toBe('active');
    if (code === 2 || code === 5)
      expect(await actions(id)).toEqual(['incident.opened', 'incident.key_linked']);
  });

  it('(77) whoever may only read', async () => {
    const { id } = await leak();
    const ran = await step(id, 'identify', [], { role: 'test_viewer' });
    expect(ran).toMatchObject({ code: 77, stdout: '' });
  });

  it('(8) a secret that cannot be delivered; the old key stays as it was', async () => {
    const { id } = await leak();
    await step(id, 'contain', ['--how', 'revoke', '--yes']);
    const ran = await step(id, 'replace', ['--deliver', 'file:/nonexistent/new.key', '--yes']);
    expect(ran.code).toBe(8);
    expect(told(ran)).toMatchObject({
      outcome: 'not_done',
      problem: expect.stringContaining('/nonexistent'),
    });
    const again = await step(id, 'replace', ['--deliver', `file:${join(home, `${id}.key`)}`, '--yes']);
    expect(told(again)).toMatchObject({ outcome: 'done', result: { keys: [{ outcome: 'rotated' }] } });
  });
});

describe('identify', () => {
  it('finds the keys in a piped text, keeps nothing of it, and links them', async () => {
    const key = await seedKey(admin, alice);
    const id = await seedIncident(admin);
    const before = await step(id, 'identify');
    expect(before).toMatchObject({ code: 2, stdout: '' });
    const ran = await step(id, 'identify', ['--from', '-'], { stdin: `curl -H "Bearer ${key.token}"` });
    expect(told(ran)).toMatchObject({
      outcome: 'done',
      result: { keys: [{ key_id: key.id }] },
      next_step: 'blast-radius',
    });
    const stored =
      await admin.sql`select string_agg(record, '') || (select string_agg(result::text, '') from keyctl.incident_steps) as all
      from keyctl.audit_log`;
    expect(String(stored[0]?.all)).not.toContain(key.token);
  });

  it('takes a scanner’s report, and KEYs', async () => {
    const [first, second] = [await seedKey(admin), await seedKey(admin)];
    const report = join(home, 'gitleaks.json');
    await writeFile(report, JSON.stringify([{ RuleID: 'x', Secret: first.token, File: 'a', StartLine: 1 }]));
    const id = await seedIncident(admin);
    expect(told(await step(id, 'identify', ['--from-report', report]))).toMatchObject({
      result: { keys: [{ key_id: first.id }] },
    });
    const again = told(await step(id, 'identify', ['--key', second.id, '--again']));
    expect(again.result.keys.map((each: { key_id: string }) => each.key_id).sort()).toEqual(
      [first.id, second.id].sort(),
    );
  });
});

describe('blast-radius', () => {
  it('counts use since the leak, tells new addresses, and links other keys seen from them', async () => {
    const { id, key } = await leak();
    const other = await seedKey(admin, { owner: 'bob@example.com' });
    await seedUsage(admin, { keyId: key.id, times: 9, secondsAgo: 5 * 86_400, ip: '192.0.2.10' });
    await seedUsage(admin, { keyId: key.id, times: 7, secondsAgo: 30, ip: '192.0.2.10' });
    await seedUsage(admin, {
      keyId: key.id,
      times: 5,
      secondsAgo: 30,
      ip: '203.0.113.66',
      endpoint: '/v1/export',
    });
    await seedUsage(admin, { keyId: other.id, times: 2, secondsAgo: 30, ip: '203.0.113.66' });
    const { result } = told(await step(id, 'blast-radius', ['--since', '1h', '--link', other.id]));
    expect(result).toMatchObject({
      ...{ requests: 12, refused: 0, new_ip_count: 1, ip_count: 2, linked: [other.id] },
      new_ips: [{ ip: '203.0.113.66', requests: 5, accepted: 5 }],
      other_keys: [{ key_id: other.id, requests: 2, accepted: 2, ips: 1 }],
    });
    expect(
      result.data_out.map((each: { endpoint: string; known: boolean }) => [each.endpoint, each.known]),
    ).toEqual(
      expect.arrayContaining([
        ['/v1/export', false],
        ['/v1/runs', true],
      ]),
    );
    const linked = await admin.sql`select key_id from keyctl.incident_keys where incident_id = ${id}`;
    expect(linked.map((row) => row.key_id).sort()).toEqual([key.id, other.id].sort());
  });
});

describe('contain', () => {
  it('revokes the linked keys and blocks addresses, in the incident’s name; nobody else is touched', async () => {
    const { id, key } = await leak();
    const untouched = await bystanders(admin, [key.id]);
    const ran = await step(id, 'contain', ['--how', 'revoke', '--block-ip', '198.51.100.7', '--yes']);
    expect(ran.code).toBe(0);
    expect(told(ran)).toMatchObject({
      state: 'contained',
      result: { keys: [{ key_id: key.id, outcome: 'revoked' }], usable: [] },
    });
    expect(await actions(id)).toEqual(
      expect.arrayContaining(['key.revoked', 'ip.blocked', 'incident.contained', 'incident.step_finished']),
    );
    expect(await bystanders(admin, [key.id])).toEqual(untouched);
    const [row] =
      await admin.sql`select revocation_code, revocation_reason from keyctl.api_keys where id = ${key.id}`;
    expect(row).toEqual({
      revocation_code: 'leaked',
      revocation_reason: `${id}: key in public repo acme/app`,
    });
  });

  it('suspends, the whole family and all keys of the owner when that is asked for', async () => {
    const owner = { owner: `zed${Date.now()}@example.com` };
    const first = await seedKey(admin, { ...owner, status: 'retiring' });
    const successor = await seedKey(admin, { ...owner, family: first });
    const elsewhere = await seedKey(admin, { ...owner, workspace: 'ws_other' });
    const id = await seedIncident(admin, { keyIds: [first.id] });
    const ran = await step(id, 'contain', ['--how', 'suspend', '--family', '--all-of-owner', '--yes']);
    expect(told(ran)).toMatchObject({ outcome: 'done', state: 'contained' });
    for (const key of [first, successor, elsewhere]) expect(await statusOf(key)).toBe('suspended');
  });

  it('(6) is not done while a key comes back by itself', async () => {
    const { id, key } = await leak();
    await admin.sql`select keyctl.suspend_key(gen_random_uuid(), '{}', ${key.id}, 'looked into, OPS-12', interval '1 hour')`;
    const ran = await step(id, 'contain', ['--how', 'suspend', '--yes']);
    expect(ran.code).toBe(6);
    expect(told(ran)).toMatchObject({ outcome: 'not_done', result: { usable: [key.id] } });
    expect(told(await step(id, 'contain', ['--how', 'revoke', '--yes']))).toMatchObject({ outcome: 'done' });
  });

  it('done once more answers what was done, and by whom', async () => {
    const { id } = await leak();
    const first = told(await step(id, 'contain', ['--how', 'revoke', '--yes']));
    const second = told(await step(id, 'contain', ['--how', 'revoke', '--yes']));
    expect(second).toEqual({ ...first, outcome: 'already_done' });
    expect((await actions(id)).filter((each) => each === 'key.revoked')).toHaveLength(1);
  });
});

describe('prove', () => {
  it('(7) is not done until the log reaches beyond the death', async () => {
    const { id } = await leak();
    await step(id, 'contain', ['--how', 'suspend', '--yes']);
    const early = await step(id, 'prove', ['--within', '1s']);
    expect(early.code).toBe(7);
    expect(told(early)).toMatchObject({
      outcome: 'not_done',
      problem: expect.stringContaining('not proven dead'),
    });
    await eventNow();
    expect(told(await step(id, 'prove', ['--within', '5s']))).toMatchObject({
      outcome: 'done',
      result: { keys: [{ dead: true }] },
    });
  });

  it('tries the token that stands on stdin: refused is dead, let in is not (7)', async () => {
    const { id, key } = await leak();
    await step(id, 'contain', ['--how', 'revoke', '--yes']);
    const [lets, refuses] = [await startGateway([200]), await startGateway([401])];
    const probe = (url: string) => ['--probe', url, '--within', '1s'];
    const alive = await step(id, 'prove', probe(lets.url), { stdin: key.token });
    expect([alive.code, told(alive).result.keys[0].probe_status]).toEqual([7, 200]);
    const dead = await step(id, 'prove', probe(refuses.url), { stdin: key.token });
    expect([dead.code, told(dead).result.keys[0].probe_status]).toEqual([0, 401]);
    await lets.close();
    await refuses.close();
  });
});

describe('preserve', () => {
  it('seals a bundle and keeps its hash; without a file the counts alone', async () => {
    const { id } = await leak();
    const out = join(home, `${id}.tar`);
    const { result } = told(await step(id, 'preserve', ['--out', out, '--unsigned']));
    expect(result).toMatchObject({
      kept: 'bundle',
      path: out,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await stat(out)).size).toBe(result.bytes);
    const counts = told(await step(id, 'preserve', ['--again']));
    expect(counts.result).toMatchObject({ kept: 'counts', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});

describe('test and watch', () => {
  it('(7) a replacement that is not let in is not done', async () => {
    const { id, key } = await leak();
    await step(id, 'contain', ['--how', 'revoke', '--yes']);
    const secret = join(home, `${id}.key`);
    await step(id, 'replace', ['--deliver', `file:${secret}`, '--yes']);
    const token = await readFile(secret, 'utf8');
    const gateway = await startGateway([403, 200]);
    const tried = await step(id, 'test', ['--probe', gateway.url], { stdin: token });
    expect([tried.code, told(tried).outcome]).toEqual([7, 'not_done']);
    const worked = await step(id, 'test', ['--probe', gateway.url], { stdin: token });
    expect(told(worked)).toMatchObject({
      outcome: 'done',
      result: { tested_with_token: 1, keys: [{ token: 'ok', probe_status: 200 }] },
    });
    await gateway.close();
    expect(await actions(id)).toContain('incident.recovered');

    await seedUsage(admin, {
      keyId: key.id,
      times: 3,
      secondsAgo: -2,
      status: 401,
      ip: '203.0.113.9',
      userAgent: 'curl/8.5',
    });
    expect(told(await step(id, 'watch')).result.keys).toMatchObject([{ key_id: key.id, let_in: 0 }]);
  });
});

describe('notify', () => {
  it('drafts the texts, hands each to a program, and keeps no address in the record', async () => {
    const { id } = await leak({ owner: 'hidden.person@example.com' });
    const log = join(home, `${id}.sent`);
    const program = join(home, 'send');
    await writeFile(
      program,
      `#!/bin/sh\n{ echo "$KEYCTL_AUDIENCE|$KEYCTL_TO|$KEYCTL_SUBJECT"; cat; } >>${log}\n`,
    );
    await chmod(program, 0o755);
    const ran = await step(id, 'notify', ['--send', program, '--tell-security', 'soc@example.com']);
    expect(told(ran)).toMatchObject({
      outcome: 'done',
      drafts: [
        { audience: 'owner', to: ['hidden.person@example.com'] },
        { to: ['soc@example.com'] },
        { to: [] },
      ],
      result: { texts: [{ sent: true }, { sent: true }, { sent: true }] },
    });
    const sent = await readFile(log, 'utf8');
    expect(sent).toContain(`owner|hidden.person@example.com|${id}: your API key was stopped`);
    const [row] =
      await admin.sql`select string_agg(record, '') as all from keyctl.audit_log where incident_id = ${id}`;
    expect(String(row?.all)).not.toContain('hidden.person');
  });

  it('(6) a program that fails leaves the step open', async () => {
    const { id } = await leak();
    const ran = await step(id, 'notify', ['--send', '/bin/false']);
    expect(ran.code).toBe(6);
    expect(told(ran)).toMatchObject({ outcome: 'not_done', problem: expect.stringContaining('/bin/false') });
  });
});

describe('skip, take over, reopen', () => {
  it('a step is skipped with a reason, which stands in the timeline', async () => {
    const { id } = await leak();
    const ran = await step(id, 'notify', ['--skip', 'told by phone, see OPS-7']);
    expect(told(ran)).toMatchObject({ outcome: 'skipped', result: { reason: 'told by phone, see OPS-7' } });
    expect((await incidentLog(admin, id)).at(-1)).toMatchObject({
      action: 'incident.step_skipped',
      reason: 'told by phone, see OPS-7',
    });
  });

  it('(4) a step that somebody else has is theirs, until it is taken over', async () => {
    const { id, key } = await leak();
    // Not done, so it stays theirs.
    await step(id, 'prove', ['--within', '1s']);
    const other = { user: { name: 'ben', uid: 0 } };
    await admin.sql`select keyctl.revoke_key(gen_random_uuid(), '{}', ${key.id}, 'leaked in acme/app', 'leaked')`;
    await eventNow();
    const held = await step(id, 'prove', ['--within', '1s'], other);
    expect(held).toMatchObject({ code: 4, stdout: '' });
    expect(held.stderr).toContain('test_operator (tester@test-host) is at step prove');
    expect(told(await step(id, 'prove', ['--within', '2s', '--take-over'], other))).toMatchObject({
      outcome: 'done',
      by: 'test_operator (ben@test-host)',
    });
  });

  it('an incident that opened again has its containment and proof to do again', async () => {
    const { id, key } = await leak();
    await step(id, 'contain', ['--how', 'suspend', '--yes']);
    await eventNow();
    await step(id, 'prove', ['--within', '2s']);
    await admin.sql`select keyctl.close_incident(gen_random_uuid(), '{}', ${id}, 'a drill, OPS-12')`;
    await seedUsage(admin, { keyId: key.id, times: 2, secondsAgo: -1 });
    await runCommand(['audit', 'rollup'], { database, role: 'test_operator' });
    const plan = told(await run([id, '--plan', '--json']));
    expect(plan.state).not.toBe('closed');
    const states = Object.fromEntries(
      plan.steps.map((each: { step: string; state: string }) => [each.step, each.state]),
    );
    expect(states).toMatchObject({ contain: 'again', prove: 'again', identify: 'open' });
    expect(told(await step(id, 'contain', ['--how', 'revoke', '--yes']))).toMatchObject({ outcome: 'done' });
    expect(await statusOf(key)).toBe('revoked');
  });
});

describe('departure', () => {
  it('stops every key of a person in every workspace, and is proven only when none is usable', async () => {
    const owner = { owner: 'mallory@example.com' };
    const keys = [
      await seedKey(admin, { ...owner, workspace: 'ws_a' }),
      await seedKey(admin, { ...owner, workspace: 'ws_b', status: 'suspended' }),
      await seedKey(admin, { ...owner, status: 'retiring' }),
      await seedKey(admin, { ...owner, status: 'pending' }),
    ];
    const dead = await seedKey(admin, { ...owner, status: 'revoked' });
    const id = await seedIncident(admin, { type: 'departure', title: 'mallory leaves', severity: 'low' });
    const gathered = told(await step(id, 'gather', ['--owner', 'Mallory@example.com']));
    expect(gathered.result.keys.map((each: { key_id: string }) => each.key_id).sort()).toEqual(
      keys.map((key) => key.id).sort(),
    );
    expect(gathered.result.dead_already).toBe(1);
    expect(JSON.stringify(gathered.result)).not.toContain('@');
    await step(id, 'contain', ['--how', 'revoke', '--yes']);
    for (const key of [...keys, dead]) expect(await statusOf(key)).toBe('revoked');
    const late = await seedKey(admin, owner);
    await eventNow();
    const open = await step(id, 'prove', ['--within', '1s']);
    expect([open.code, told(open).result.usable]).toEqual([7, [late.id]]);
    await admin.sql`select keyctl.revoke_key(gen_random_uuid(), '{}', ${late.id}, 'mallory left, OPS-9', 'departed')`;
    expect(told(await step(id, 'prove', ['--within', '2s']))).toMatchObject({
      outcome: 'done',
      result: { usable: [] },
    });
    expect(told(await step(id, 'close', ['--yes']))).toMatchObject({ outcome: 'done', state: 'closed' });
  });
});

describe('budget', () => {
  it('restricts first, then decides; a key that is kept takes a reason to close', async () => {
    const { id, key } = await leak();
    await admin.sql`update keyctl.incidents set type = 'budget' where incident_id = ${id}`;
    await step(id, 'identify');
    const restricted = told(
      await step(id, 'restrict', ['--rpm', '10', '--budget', '50', '--suspend-for', '2h', '--yes']),
    );
    expect(restricted).toMatchObject({
      outcome: 'done',
      state: 'contained',
      result: { settings: { rpm: 10, budget_usd: '50' } },
    });
    const [row] =
      await admin.sql`select rpm, status, suspended_until is not null as ends from keyctl.keys where id = ${key.id}`;
    expect(row).toEqual({ rpm: 10, status: 'suspended', ends: true });
    await step(id, 'blast-radius');
    const decided = told(
      await step(id, 'decide', ['--decision', 'lift', '--reason', 'agreed with finance, OPS-12', '--yes']),
    );
    expect(decided).toMatchObject({ outcome: 'done', result: { decision: 'lift', resumed: [key.id] } });
    expect(await statusOf(key)).toBe('active');
    await step(id, 'learn', ['--root-cause', 'a loop in the exporter', '--lessons', 'alerts at 80 %']);
    expect((await step(id, 'close', ['--yes'])).code).toBe(4);
    expect(
      told(await step(id, 'close', ['--yes', '--override', 'it goes on restricted, OPS-12'])),
    ).toMatchObject({ state: 'closed' });
  });

  it('(2) nothing to restrict by; abuse can end in revocation', async () => {
    const { id, key } = await leak();
    await admin.sql`update keyctl.incidents set type = 'abuse' where incident_id = ${id}`;
    expect(await step(id, 'restrict', ['--yes'])).toMatchObject({ code: 2, stdout: '' });
    const ran = await step(id, 'decide', [
      '--decision',
      'revoke',
      '--reason',
      'abused for scraping',
      '--yes',
    ]);
    expect(told(ran)).toMatchObject({ outcome: 'done', result: { decision: 'revoke' } });
    expect(await statusOf(key)).toBe('revoked');
  });
});
