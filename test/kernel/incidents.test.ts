import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Executor } from '../../src/db/kernel.js';
import { addFollowUp, finishFollowUp } from '../../src/db/kernel-incident-follow-ups.js';
import { setIncidentTargets } from '../../src/db/kernel-incident-targets.js';
import {
  acknowledgeIncident,
  assignIncident,
  changeIncident,
  closeIncident,
  correctTime,
  linkIncidentKeys,
  linkUrl,
  markIncident,
  noteIncident,
  openIncident,
} from '../../src/db/kernel-incidents.js';
import { blockIp } from '../../src/db/kernel-ip-blocks.js';
import { resumeKey, revokeKey, suspendKey } from '../../src/db/kernel-keys.js';
import { type IncidentRow, incidentRow, listIncidents } from '../../src/db/reads/incidents.js';
import type { IncidentMark } from '../../src/domain/incident.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { incidentLog, plainIncident, seedIncident, testChange } from '../support/seed-incident.js';
import { auditOf, seedKey } from '../support/seed-keys.js';

const reason = 'leaked in acme/app commit 7a3f21';

describe.each(servers)('incidents in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let operator: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    operator = await database.connect('test_operator');
  });
  afterAll(() => database.drop());

  const call = <T>(work: (db: Executor) => Promise<T>): Promise<T> => operator.run({ sends: 'read' }, work);
  const row = async (id: string) => (await call((db) => incidentRow(db, id))) as IncidentRow;
  const actions = async (id: string) => (await incidentLog(admin, id)).map((each) => each.action);
  const mark = (incidentId: string, what: IncidentMark, text: string | null = null) =>
    call((db) => markIncident(db, testChange(), { incidentId, mark: what, text }));
  const close = (incidentId: string, override: string | null = null) =>
    call((db) => closeIncident(db, testChange(), { incidentId, override }));
  const within = (incidentId: string, operationId = randomUUID()) => {
    const change = testChange(operationId);
    return { ...change, context: { ...change.context, incident_id: incidentId } };
  };

  it('are numbered without gaps, also when several are opened at once, and one operation opens one', async () => {
    const others = await Promise.all([1, 2, 3, 4].map(() => database.connect('test_operator')));
    const before = Number((await admin.sql`select last_number from keyctl.incident_counter`)[0]?.last_number);
    const twice = testChange();
    const opened = await Promise.all(
      others.map((each, at) =>
        each.run({ sends: 'read' }, (db) => openIncident(db, at < 2 ? twice : testChange(), plainIncident)),
      ),
    );
    const ids = [...new Set(opened.map((each) => each.incident_id))].sort();
    expect(ids).toEqual([1, 2, 3].map((n) => `INC-${before + n}`).sort());
    expect(opened[0]?.incident_id).toBe(opened[1]?.incident_id);
    expect(opened.filter((each) => each.repeated)).toHaveLength(1);
    expect(opened[0]?.audit_seq).toBe(opened[1]?.audit_seq);
  });

  it('begin with what they were opened with, linked keys and rows of both', async () => {
    const key = await seedKey(admin);
    const detectedAt = '2026-08-20T02:11:00.000Z';
    const opened = await call((db) =>
      openIncident(db, testChange(), {
        ...plainIncident,
        severity: 'high',
        lead: 'jdoe',
        detectedAt,
        keyIds: [key.id],
      }),
    );
    expect(opened).toMatchObject({
      outcome: 'opened',
      state: 'open',
      lead: 'jdoe',
      key_ids: [key.id],
      repeated: false,
    });
    const log = await incidentLog(admin, opened.incident_id);
    expect(log.map(({ action, key_id }) => [action, key_id])).toEqual([
      ['incident.opened', null],
      ['incident.key_linked', key.id],
    ]);
    expect(log[0]?.details).toMatchObject({
      type: 'leak',
      severity: 'high',
      lead: 'jdoe',
      key_ids: [key.id],
    });
    expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({ action: 'incident.key_linked' });
    const [first] = await admin.sql`select action from keyctl.audit_log where seq = ${opened.audit_seq}`;
    expect(first?.action).toBe('incident.opened');
    const found = await row(opened.incident_id);
    expect(found).toMatchObject({
      state: 'open',
      keys: 1,
      keys_usable: 1,
      keys_dead: 0,
      next_clock: 'acknowledge',
    });
    expect(Date.parse(found.acknowledge_due_at) - Date.parse(detectedAt)).toBe(300_000);
    expect(Date.parse(found.contain_due_at) - Date.parse(detectedAt)).toBe(1_800_000);
  });

  it.each([
    ['an empty title', { title: ' ' }, 2],
    ['a title of two lines', { title: 'a\nb' }, 2],
    ['a title that is too long', { title: 'x'.repeat(201) }, 2],
    ['another type', { type: 'fire' as never }, 2],
    ['another severity', { severity: 'info' as never }, 2],
    ['a detection in the future', { detectedAt: '2999-01-01T00:00:00Z' }, 2],
    ['a key that there is not', { keyIds: ['key_000000000000'] }, 3],
  ])('%s opens none, and takes no number', async (_what, wrong, exitCode) => {
    const counter = () => admin.sql`select last_number from keyctl.incident_counter`;
    const before = await counter();
    await expect(
      call((db) => openIncident(db, testChange(), { ...plainIncident, ...wrong })),
    ).rejects.toMatchObject({
      exitCode,
    });
    expect(Array.from(await counter())).toEqual(Array.from(before));
  });

  it('are acknowledged once: the first time stands', async () => {
    const id = await seedIncident(admin);
    const operation = testChange();
    const first = await call((db) => acknowledgeIncident(db, operation, id));
    expect(first).toMatchObject({ outcome: 'acknowledged', state: 'acknowledged', repeated: false });
    expect(await call((db) => acknowledgeIncident(db, operation, id))).toEqual({ ...first, repeated: true });
    expect(await call((db) => acknowledgeIncident(db, testChange(), id))).toMatchObject({
      outcome: 'already_acknowledged',
      audit_seq: null,
    });
    expect((await row(id)).next_clock).toBe('contain');
    expect(await actions(id)).toEqual(['incident.opened', 'incident.acknowledged']);
  });

  it('notes, pages and a lead are written down, each operation once', async () => {
    const id = await seedIncident(admin);
    const [noted, assigned, linked] = [testChange(), testChange(), testChange()];
    const note = { incidentId: id, note: 'the CI log is public\nsince 02:11' };
    const page = { incidentId: id, url: 'https://example.com/OPS-7', title: 'the ticket' };
    for (let twice = 0; twice < 2; twice += 1) {
      await call((db) => noteIncident(db, noted, note));
      await call((db) => assignIncident(db, assigned, { incidentId: id, lead: 'jdoe' }));
      await call((db) => linkUrl(db, linked, page));
    }
    expect((await incidentLog(admin, id)).slice(1)).toMatchObject([
      { action: 'incident.noted', reason: 'the CI log is public\nsince 02:11' },
      { action: 'incident.assigned', details: { lead: 'jdoe', lead_before: null } },
      { action: 'incident.url_linked', details: { url: 'https://example.com/OPS-7' } },
    ]);
    expect(await call((db) => linkUrl(db, testChange(), page))).toMatchObject({ outcome: 'already_linked' });
    expect(
      await call((db) => assignIncident(db, testChange(), { incidentId: id, lead: 'jdoe' })),
    ).toMatchObject({
      outcome: 'unchanged',
    });
    await expect(
      call((db) => noteIncident(db, testChange(), { ...note, note: ' \n ' })),
    ).rejects.toMatchObject({ exitCode: 2 });
    for (const url of ['javascript:alert(1)', 'https://a b', 'ftp://x', '']) {
      await expect(
        call((db) => linkUrl(db, testChange(), { ...page, url })),
        url,
      ).rejects.toMatchObject({ exitCode: 2 });
    }
  });

  it('change with a reason, and the row says what it was', async () => {
    const id = await seedIncident(admin);
    const changed = await call((db) =>
      changeIncident(db, testChange(), {
        incidentId: id,
        changes: { severity: 'critical', title: 'worse' },
        reason,
      }),
    );
    expect(changed).toMatchObject({
      outcome: 'changed',
      before: { severity: 'medium' },
      after: { severity: 'critical', title: 'worse' },
    });
    expect(await row(id)).toMatchObject({ severity: 'critical', title: 'worse', review_required: true });
    expect(
      await call((db) =>
        changeIncident(db, testChange(), { incidentId: id, changes: { title: 'worse' }, reason }),
      ),
    ).toMatchObject({ outcome: 'unchanged' });
    for (const changes of [
      { severity: 'info' },
      { type: 'x' },
      { lead: 'x' },
      { detected_at: '2999-01-01T00:00:00Z' },
      { title: '' },
    ]) {
      await expect(
        call((db) => changeIncident(db, testChange(), { incidentId: id, changes: changes as never, reason })),
      ).rejects.toMatchObject({ exitCode: 2 });
    }
  });

  describe('a change of a key that names an incident', () => {
    it('links the key, stands in its timeline, and contains it with the last one', async () => {
      const [one, two] = [await seedKey(admin), await seedKey(admin)];
      const id = await seedIncident(admin, { keyIds: [one.id] });
      await call((db) => suspendKey(db, within(id), { keyId: two.id, reason, forSeconds: null }));
      expect(await row(id)).toMatchObject({ state: 'open', keys: 2, keys_usable: 1, contained_at: null });
      const revoked = await call((db) =>
        revokeKey(db, within(id), { keyId: one.id, reason, code: 'leaked' }),
      );
      const [said] = await admin.sql`select action from keyctl.audit_log where seq = ${revoked.audit_seq}`;
      expect(said?.action).toBe('key.revoked');
      expect(await row(id)).toMatchObject({
        state: 'contained',
        keys_usable: 0,
        keys_dead: 2,
        next_clock: 'investigate',
      });
      expect((await row(id)).acknowledged_at).not.toBeNull();
      expect(await actions(id)).toEqual([
        ...['incident.opened', 'incident.key_linked', 'key.suspended', 'key.revoked', 'incident.contained'],
      ]);
    });

    it('a suspension that ends by itself contains nothing', async () => {
      const key = await seedKey(admin);
      const id = await seedIncident(admin);
      await call((db) => suspendKey(db, within(id), { keyId: key.id, reason, forSeconds: 3600 }));
      expect(await row(id)).toMatchObject({ state: 'open', keys_usable: 1 });
    });

    it('a key that comes to it alive undoes the containment', async () => {
      const id = await seedIncident(admin, { keyIds: [(await seedKey(admin, { status: 'revoked' })).id] });
      expect((await row(id)).state).toBe('contained');
      const late = await seedKey(admin);
      await call((db) =>
        linkIncidentKeys(db, testChange(), { incidentId: id, keyIds: [late.id], reason: null }),
      );
      expect(await row(id)).toMatchObject({ state: 'acknowledged', contained_at: null });
      await call((db) => revokeKey(db, within(id), { keyId: late.id, reason, code: 'leaked' }));
      expect((await row(id)).state).toBe('contained');
    });

    it('is refused for an incident that there is not (3), or that is closed (4), and nothing is done', async () => {
      const key = await seedKey(admin);
      const closed = await seedIncident(admin);
      await close(closed);
      const before = await auditOf(admin, key.id);
      const revoke = (incidentId: string) =>
        call((db) => revokeKey(db, within(incidentId), { keyId: key.id, reason, code: 'leaked' }));
      await expect(revoke('INC-99999')).rejects.toMatchObject({
        exitCode: 3,
        message: 'INC-99999: no such incident',
      });
      await expect(revoke(closed)).rejects.toMatchObject({ exitCode: 4 });
      await expect(
        call((db) => blockIp(db, within(closed), { cidr: '198.51.100.0/24', reason, forSeconds: null })),
      ).rejects.toMatchObject({ exitCode: 4 });
      expect(await auditOf(admin, key.id)).toEqual(before);
      const [still] = await admin.sql`select status from keyctl.keys where id = ${key.id}`;
      expect(still?.status).toBe('active');
    });

    it('repeated after the incident was closed, it gets its first answer', async () => {
      const key = await seedKey(admin);
      const id = await seedIncident(admin);
      const operation = within(id);
      const first = await call((db) => revokeKey(db, operation, { keyId: key.id, reason, code: 'leaked' }));
      await close(id);
      expect(await call((db) => revokeKey(db, operation, { keyId: key.id, reason, code: 'leaked' }))).toEqual(
        {
          ...first,
          repeated: true,
        },
      );
    });
  });

  it('keys are linked once, and the same operation again gets its first answer', async () => {
    const id = await seedIncident(admin);
    const keys = [await seedKey(admin), await seedKey(admin)].map((key) => key.id).sort();
    const operation = testChange();
    const input = { incidentId: id, keyIds: keys, reason: 'seen from the same address' };
    const first = await call((db) => linkIncidentKeys(db, operation, input));
    expect(first).toMatchObject({ outcome: 'linked', key_ids: keys, repeated: false });
    expect(await call((db) => linkIncidentKeys(db, operation, input))).toMatchObject({
      outcome: 'linked',
      key_ids: keys,
      audit_seq: first.audit_seq,
      repeated: true,
    });
    expect(await call((db) => linkIncidentKeys(db, testChange(), input))).toMatchObject({
      outcome: 'already_linked',
    });
    expect(await actions(id)).toEqual(['incident.opened', 'incident.key_linked', 'incident.key_linked']);
    await close(id, 'a drill: nothing was leaked');
    await expect(call((db) => linkIncidentKeys(db, testChange(), input))).rejects.toMatchObject({
      exitCode: 4,
    });
  });

  describe('marks', () => {
    it('go through the states, and each clock stops at its own', async () => {
      const key = await seedKey(admin);
      const id = await seedIncident(admin, { keyIds: [key.id] });
      await expect(mark(id, 'contained')).rejects.toMatchObject({
        exitCode: 4,
        message: expect.stringContaining(key.id),
      });
      await expect(mark(id, 'recovered')).rejects.toMatchObject({ exitCode: 4 });
      await call((db) => revokeKey(db, within(id), { keyId: key.id, reason, code: 'leaked' }));
      expect(await mark(id, 'contained')).toMatchObject({ outcome: 'already_marked', state: 'contained' });
      await mark(id, 'investigated', 'a token in a CI log');
      expect((await row(id)).next_clock).toBe('recover');
      await mark(id, 'recovering');
      expect((await row(id)).state).toBe('recovering');
      await mark(id, 'recovered');
      await mark(id, 'reviewed', 'scan logs before they are published');
      expect(await row(id)).toMatchObject({
        state: 'recovering',
        next_clock: null,
        root_cause: 'a token in a CI log',
        lessons: 'scan logs before they are published',
      });
    });

    it('a root cause can be said better, and its time stays', async () => {
      const id = await seedIncident(admin);
      const first = await mark(id, 'investigated', 'a token in a log');
      const second = await mark(id, 'investigated', 'a token in the public log of CI run 812');
      expect(second).toMatchObject({ outcome: 'marked', at: first.at });
      expect((await row(id)).root_cause).toContain('812');
      expect(await mark(id, 'investigated', 'a token in the public log of CI run 812')).toMatchObject({
        outcome: 'already_marked',
      });
    });

    it('contained while a key is usable needs a reason that says how', async () => {
      const key = await seedKey(admin);
      const id = await seedIncident(admin, { type: 'budget', keyIds: [key.id] });
      await expect(mark(id, 'contained', 'test')).rejects.toMatchObject({ exitCode: 2 });
      await mark(id, 'contained', 'limited to 5 requests a minute');
      expect((await incidentLog(admin, id)).at(-1)).toMatchObject({
        action: 'incident.contained',
        reason: 'limited to 5 requests a minute',
        details: { usable_keys: [key.id], by_itself: false },
      });
    });

    it.each([
      ['another word', 'closed', null],
      ['no root cause', 'investigated', null],
      ['empty lessons', 'reviewed', '  '],
      ['a novel', 'reviewed', 'x'.repeat(10_001)],
    ])('%s is refused', async (_what, what, text) => {
      await expect(mark(await seedIncident(admin), what as IncidentMark, text)).rejects.toMatchObject({
        exitCode: 2,
      });
    });
  });

  describe('closing', () => {
    const playbook = {
      name: 'compromise',
      steps: [
        { name: 'contain', required: true },
        { name: 'tell', required: false },
        { name: 'close', required: true },
      ],
    };
    const step = (id: string, state: string, why: string | null) =>
      admin.sql`insert into keyctl.incident_steps (incident_id, step, state, operation_id, taken_by, reason)
        values (${id}, 'contain', ${state}, gen_random_uuid(), 'test', ${why})`;

    it.each([
      // severity, keys, step of the playbook, reason of its skipping, reviewed → what is left
      ['low', [], null, null, false, []],
      ['medium', ['revoked', 'replaced', 'expired', 'suspended', 'pending'], null, null, false, []],
      ['low', ['active'], null, null, false, ['usable_key']],
      ['low', ['retiring', 'revoked'], null, null, false, ['usable_key']],
      ['low', [], 'none', null, false, ['open_step']],
      ['low', [], 'running', null, false, ['open_step']],
      ['low', [], 'done', null, false, []],
      ['low', [], 'skipped', null, false, ['unexplained_skip']],
      ['low', [], 'skipped', 'nothing to contain', false, []],
      ['high', [], null, null, false, ['review_missing']],
      ['critical', [], null, null, false, ['review_missing']],
      ['critical', [], null, null, true, []],
      ['high', ['active'], 'skipped', null, false, ['usable_key', 'unexplained_skip', 'review_missing']],
    ] as const)(
      '%s with %j, step %s (%s), reviewed %s leaves %j',
      async (severity, statuses, state, why, reviewed, left) => {
        const keys: string[] = [];
        for (const status of statuses) keys.push((await seedKey(admin, { status })).id);
        const id = await seedIncident(admin, { severity, keyIds: keys });
        if (state !== null)
          await admin.sql`update keyctl.incidents set playbook = ${JSON.stringify(playbook)}::text::jsonb where incident_id = ${id}`;
        if (state !== null && state !== 'none') await step(id, state, why);
        if (reviewed) await mark(id, 'reviewed', 'nothing new was learned');
        if (left.length === 0) {
          expect(await close(id)).toMatchObject({ outcome: 'closed', left: [] });
          expect(await row(id)).toMatchObject({ state: 'closed', next_clock: null });
          return;
        }
        await expect(close(id)).rejects.toMatchObject({
          exitCode: 4,
          message: expect.stringContaining(`${id} cannot be closed: `),
        });
        expect((await row(id)).state).not.toBe('closed');
        await expect(close(id, 'test')).rejects.toMatchObject({ exitCode: 2 });
        const closed = await close(id, 'a drill: no key was ever out');
        expect(closed.left.map((each) => each.kind)).toEqual(left);
        expect((await incidentLog(admin, id)).at(-1)).toMatchObject({
          action: 'incident.closed',
          reason: 'a drill: no key was ever out',
          details: { left: closed.left },
        });
      },
    );

    it('once; afterwards only notes, follow-ups and corrections are taken', async () => {
      const id = await seedIncident(admin);
      const operation = testChange();
      const first = await call((db) => closeIncident(db, operation, { incidentId: id, override: null }));
      expect(await call((db) => closeIncident(db, operation, { incidentId: id, override: null }))).toEqual({
        ...first,
        repeated: true,
      });
      expect(await close(id)).toMatchObject({ outcome: 'already_closed', closed_at: first.closed_at });
      await expect(call((db) => acknowledgeIncident(db, testChange(), id))).rejects.toMatchObject({
        exitCode: 4,
      });
      await expect(
        call((db) => assignIncident(db, testChange(), { incidentId: id, lead: 'x' })),
      ).rejects.toMatchObject({ exitCode: 4 });
      await expect(mark(id, 'reviewed', 'late')).rejects.toMatchObject({ exitCode: 4 });
      await call((db) => noteIncident(db, testChange(), { incidentId: id, note: 'seen by the auditors' }));
    });
  });

  it('a time is corrected with a reason: the log stays, the timeline and the clock follow', async () => {
    const id = await seedIncident(admin);
    await call((db) => acknowledgeIncident(db, testChange(), id));
    const [logged] = await admin.sql`select seq::float8 as seq, at::text from keyctl.audit_log
      where incident_id = ${id} and action = 'incident.acknowledged'`;
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const input = {
      incidentId: id,
      auditSeq: Number(logged?.seq),
      at,
      reason: 'acknowledged by phone an hour before',
    };
    const operation = testChange();
    const first = await call((db) => correctTime(db, operation, input));
    expect(first).toMatchObject({ outcome: 'corrected', phase: 'acknowledged' });
    expect(await call((db) => correctTime(db, operation, input))).toEqual({ ...first, repeated: true });
    expect(await call((db) => correctTime(db, testChange(), input))).toMatchObject({ outcome: 'unchanged' });
    expect(new Date((await row(id)).acknowledged_at ?? '').toISOString()).toBe(at);
    const [entry] =
      await admin.sql`select at::text, logged_at::text, correction_reason from keyctl.incident_timeline
      where incident_id = ${id} and seq = ${logged?.seq as number}`;
    expect(entry).toMatchObject({ logged_at: logged?.at, correction_reason: input.reason });
    expect(new Date(String(entry?.at)).toISOString()).toBe(at);
    await expect(
      call((db) => correctTime(db, testChange(), { ...input, at: '2999-01-01T00:00:00Z' })),
    ).rejects.toMatchObject({ exitCode: 2 });
    await expect(
      call((db) => correctTime(db, testChange(), { ...input, auditSeq: 1 })),
    ).rejects.toMatchObject({ exitCode: 3 });
    await expect(
      call((db) => correctTime(db, testChange(), { ...input, auditSeq: first.audit_seq as number })),
    ).rejects.toMatchObject({ exitCode: 2 });
  });

  it('follow-ups have an owner and a day, and are done once', async () => {
    const id = await seedIncident(admin);
    await close(id);
    const input = {
      incidentId: id,
      title: 'scan CI logs',
      owner: 'platform@example.com',
      dueOn: '2026-01-31',
    };
    const operation = testChange();
    const added = await call((db) => addFollowUp(db, operation, input));
    expect(await call((db) => addFollowUp(db, operation, input))).toEqual({ ...added, repeated: true });
    expect(await row(id)).toMatchObject({ follow_ups_open: 1, follow_ups_overdue: 1 });
    expect(await call((db) => finishFollowUp(db, testChange(), added.follow_up_id))).toMatchObject({
      outcome: 'done',
    });
    expect(await call((db) => finishFollowUp(db, testChange(), added.follow_up_id))).toMatchObject({
      outcome: 'already_done',
    });
    expect(await row(id)).toMatchObject({ follow_ups_open: 0, follow_ups_overdue: 0 });
    await expect(call((db) => finishFollowUp(db, testChange(), 'fup_000000000000'))).rejects.toMatchObject({
      exitCode: 3,
    });
    for (const wrong of [{ title: '' }, { owner: ' ' }]) {
      await expect(call((db) => addFollowUp(db, testChange(), { ...input, ...wrong }))).rejects.toMatchObject(
        { exitCode: 2 },
      );
    }
  });

  it('targets belong to administrators, and clocks follow at once', async () => {
    const id = await seedIncident(admin, { severity: 'low' });
    const set = (db: Executor) =>
      setIncidentTargets(db, testChange(), { severity: 'low', targets: { acknowledge_seconds: 86_400 } });
    await expect(call(set)).rejects.toMatchObject({ exitCode: 77 });
    const administrator = await database.connect('test_admin');
    const answered = await administrator.run({ sends: 'read' }, set);
    expect(answered).toMatchObject({
      outcome: 'set',
      before: { acknowledge_seconds: 300 },
      after: { acknowledge_seconds: 86_400 },
    });
    expect(await administrator.run({ sends: 'read' }, set)).toMatchObject({ outcome: 'unchanged' });
    const { acknowledge_due_at, detected_at } = await row(id);
    expect(Date.parse(acknowledge_due_at) - Date.parse(detected_at)).toBe(86_400_000);
    for (const targets of [{ acknowledge_seconds: 0 }, { review_seconds: 5 }, { contain_seconds: 'x' }]) {
      await expect(
        administrator.run({ sends: 'read' }, (db) =>
          setIncidentTargets(db, testChange(), { severity: 'low', targets: targets as never }),
        ),
      ).rejects.toMatchObject({ exitCode: 2 });
    }
  });

  it('are listed open first, worst first, closed last', async () => {
    const wanted = [
      await seedIncident(admin, { severity: 'critical' }),
      await seedIncident(admin, { severity: 'high' }),
      await seedIncident(admin, { severity: 'low' }),
    ];
    const done = await seedIncident(admin, { severity: 'low' });
    await close(done);
    const { rows } = await call((db) => listIncidents(db, { filter: {}, limit: 1000, offset: 0 }));
    const order = rows.map((each) => each.incident_id).filter((id) => [...wanted, done].includes(id));
    expect(order).toEqual([...wanted, done]);
    const narrowed = await call((db) =>
      listIncidents(db, { filter: { open: true, severities: ['critical', 'high'] }, limit: 1, offset: 0 }),
    );
    expect(narrowed.rows[0]?.severity).toBe('critical');
    expect(narrowed.nextOffset).toBe(1);
  });

  it.each(['test_viewer', 'test_auditor', 'test_gateway'] as const)('%s changes none', async (role) => {
    const id = await seedIncident(admin);
    const other = await database.connect(role);
    const functions =
      await admin.sql`select p.proname, pg_get_function_identity_arguments(p.oid) as arguments,
      has_function_privilege(${role}, p.oid, 'execute') as may
      from pg_proc p where p.pronamespace = 'keyctl'::regnamespace and p.proname = any (${[
        ...[
          'open_incident',
          'acknowledge_incident',
          'assign_incident',
          'note_incident',
          'link_incident_keys',
          'link_url',
        ],
        ...[
          'change_incident',
          'mark_incident',
          'close_incident',
          'correct_time',
          'add_follow_up',
          'finish_follow_up',
        ],
        ...[
          'take_step',
          'finish_step',
          'skip_step',
          'set_playbook',
          'set_incident_targets',
          'watch_incidents',
        ],
        ...['link_keys', 'lock_incident', 'enter_incident', 'settle_containment', 'watch_inbox'],
      ]}::text[])`;
    expect(functions).toHaveLength(23);
    expect(functions.filter((each) => each.may)).toEqual([]);
    await expect(
      other.run({ sends: 'read' }, (db) => noteIncident(db, testChange(), { incidentId: id, note: 'x' })),
    ).rejects.toMatchObject({ exitCode: 77 });
  });

  it('a key that comes back to life is not closed over', async () => {
    const key = await seedKey(admin, { status: 'suspended' });
    const id = await seedIncident(admin, { keyIds: [key.id] });
    await call((db) => resumeKey(db, within(id), { keyId: key.id, reason: 'it was a false alarm' }));
    await expect(close(id)).rejects.toMatchObject({ exitCode: 4 });
  });
});
