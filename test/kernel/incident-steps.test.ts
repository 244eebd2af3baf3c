import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Executor } from '../../src/db/kernel.js';
import {
  finishStep,
  type PlaybookSnapshot,
  setPlaybook,
  skipStep,
  takeStep,
} from '../../src/db/kernel-incident-steps.js';
import { closeIncident } from '../../src/db/kernel-incidents.js';
import { incidentRow } from '../../src/db/reads/incidents.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { incidentLog, seedIncident, testChange } from '../support/seed-incident.js';

const playbook = {
  name: 'compromise',
  steps: [
    { name: 'identify', required: true, why: 'which key is it' },
    { name: 'tell', required: false },
    { name: 'contain', required: true },
  ],
};

describe.each(servers)('steps of an incident in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let operator: Connection;
  let colleague: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    operator = await database.connect('test_operator');
    colleague = await database.connect('test_admin');
  });
  afterAll(() => database.drop());

  const on = <T>(connection: Connection, work: (db: Executor) => Promise<T>): Promise<T> =>
    connection.run({ sends: 'read' }, work);
  const begun = async (kept: PlaybookSnapshot = playbook) => {
    const incidentId = await seedIncident(admin, { severity: 'low' });
    await on(operator, (db) => setPlaybook(db, testChange(), { incidentId, playbook: kept }));
    return incidentId;
  };
  const take = (
    connection: Connection,
    incidentId: string,
    more: { step?: string; holder?: string; takeOver?: boolean; again?: boolean; operation?: string } = {},
  ) => {
    const {
      step = 'identify',
      holder = 'run-1',
      takeOver = false,
      again = false,
      operation = randomUUID(),
    } = more;
    return on(connection, (db) =>
      takeStep(db, testChange(operation), { incidentId, step, holder, takeOver, again }),
    );
  };
  const finish = (
    connection: Connection,
    incidentId: string,
    result: Record<string, unknown> = {},
    step = 'identify',
  ) => on(connection, (db) => finishStep(db, testChange(), { incidentId, step, result }));
  const actions = async (id: string) => (await incidentLog(admin, id)).map((each) => each.action).slice(2);

  it('the playbook is kept as it was when the walkthrough began', async () => {
    const incidentId = await begun();
    const other = { name: 'budget', steps: [{ name: 'limit', required: true }] };
    const again = (kept: PlaybookSnapshot) =>
      on(operator, (db) => setPlaybook(db, testChange(), { incidentId, playbook: kept }));
    expect(await again(playbook)).toMatchObject({ outcome: 'already_set', playbook });
    expect(await again(other)).toMatchObject({ outcome: 'set', playbook: other });
    await take(operator, incidentId, { step: 'limit' });
    expect(await again(playbook)).toMatchObject({ outcome: 'already_set', playbook: other });
  });

  it.each([
    ['no name', { name: '', steps: [{ name: 'a', required: true }] }],
    ['no step', { name: 'x', steps: [] }],
    ['steps that are no list', { name: 'x', steps: 'a' }],
    [
      'two steps of one name',
      {
        name: 'x',
        steps: [
          { name: 'a', required: true },
          { name: 'a', required: false },
        ],
      },
    ],
    ['a step without a word on its need', { name: 'x', steps: [{ name: 'a' }] }],
    ['a step named in capitals', { name: 'x', steps: [{ name: 'A b', required: true }] }],
    [
      'too many',
      { name: 'x', steps: Array.from({ length: 51 }, (_, at) => ({ name: `s${at}`, required: true })) },
    ],
  ])('a playbook with %s is refused', async (_what, wrong) => {
    await expect(begun(wrong as PlaybookSnapshot)).rejects.toMatchObject({ exitCode: 2 });
  });

  it('one of two takes a step, the other sees who has it and since when', async () => {
    const incidentId = await begun();
    const [one, two] = await Promise.all([
      take(operator, incidentId, { holder: 'run-1' }),
      take(colleague, incidentId, { holder: 'run-2' }),
    ]);
    expect([one.outcome, two.outcome].sort()).toEqual(['held', 'taken']);
    const [first, second] = one.outcome === 'taken' ? [one, two] : [two, one];
    expect(second).toMatchObject({
      taken_by: first.taken_by,
      step_operation_id: first.step_operation_id,
      audit_seq: null,
    });
    expect(second.idle_seconds).toBeLessThan(60);
    expect(await actions(incidentId)).toEqual(['incident.step_taken']);
  });

  it('who comes back to it, or takes it over, goes on under the same operation', async () => {
    const incidentId = await begun();
    const first = await take(operator, incidentId);
    expect(first.step_operation_id).toMatch(/^[0-9a-f-]{36}$/);
    await admin.sql`update keyctl.incident_steps set heard_at = heard_at - interval '1 hour' where incident_id = ${incidentId}`;
    const held = await take(colleague, incidentId, { holder: 'run-2' });
    expect(held.idle_seconds).toBeGreaterThan(3599);
    expect(await take(operator, incidentId)).toMatchObject({
      outcome: 'resumed',
      step_operation_id: first.step_operation_id,
    });
    expect((await take(colleague, incidentId, { holder: 'run-2' })).idle_seconds).toBeLessThan(60);
    const over = await take(colleague, incidentId, { holder: 'run-2', takeOver: true });
    expect(over).toMatchObject({ outcome: 'taken_over', step_operation_id: first.step_operation_id });
    expect(over.taken_by).toMatch(/^test_admin /);
    expect(await take(operator, incidentId)).toMatchObject({ outcome: 'held', taken_by: over.taken_by });
    expect((await incidentLog(admin, incidentId)).at(-1)).toMatchObject({
      action: 'incident.step_taken_over',
      details: { step: 'identify', from: { taken_by: first.taken_by } },
    });
  });

  it('the same operation again gets its first answer, also after its answer was lost', async () => {
    const incidentId = await begun();
    const operation = randomUUID();
    const first = await take(operator, incidentId, { operation, holder: 'run-1' });
    expect(first.step_operation_id).toBe(operation);
    const again = await take(operator, incidentId, { operation, holder: 'run-1' });
    expect(again).toMatchObject({ outcome: 'resumed', step_operation_id: operation });
    await finish(operator, incidentId, { key_id: 'key_1' });
    expect(await take(operator, incidentId, { operation, holder: 'run-1' })).toEqual({
      ...first,
      repeated: true,
    });
  });

  it('a result is kept, and stands when somebody finishes it a second time', async () => {
    const incidentId = await begun();
    await take(operator, incidentId);
    expect(await finish(operator, incidentId, { keys: 3 })).toMatchObject({
      outcome: 'finished',
      result: { keys: 3 },
    });
    expect(await finish(colleague, incidentId, { keys: 4 })).toMatchObject({
      outcome: 'already_done',
      result: { keys: 3 },
    });
    expect(await take(colleague, incidentId, { holder: 'run-2' })).toMatchObject({
      outcome: 'already_done',
      result: { keys: 3 },
    });
    const again = await take(colleague, incidentId, { holder: 'run-2', again: true });
    expect(again.outcome).toBe('taken');
    expect(await on(operator, (db) => incidentRow(db, incidentId))).toMatchObject({
      steps: 3,
      steps_done: 0,
      next_step: 'identify',
    });
    await finish(colleague, incidentId, { keys: 5 });
    expect(await on(operator, (db) => incidentRow(db, incidentId))).toMatchObject({
      steps_done: 1,
      next_step: 'contain',
    });
  });

  it('a step is left out with or without a reason, and the reason can come later', async () => {
    const incidentId = await begun();
    const skip = (step: string, reason: string | null, holder = 'run-1') =>
      on(operator, (db) => skipStep(db, testChange(), { incidentId, step, holder, reason }));
    expect(await skip('identify', null)).toMatchObject({ outcome: 'skipped', reason: null });
    expect(await skip('identify', null)).toMatchObject({ outcome: 'already_skipped' });
    expect(await on(operator, (db) => incidentRow(db, incidentId))).toMatchObject({ next_step: 'identify' });
    await expect(skip('identify', 'test')).rejects.toMatchObject({ exitCode: 2 });
    expect(await skip('identify', 'the report names the key')).toMatchObject({ outcome: 'skipped' });
    expect(await on(operator, (db) => incidentRow(db, incidentId))).toMatchObject({ next_step: 'contain' });
    expect(await take(operator, incidentId)).toMatchObject({ outcome: 'taken' });
    await finish(operator, incidentId);
    expect(await skip('identify', null)).toMatchObject({ outcome: 'already_done' });
    await take(colleague, incidentId, { step: 'contain', holder: 'run-2' });
    await expect(skip('contain', null)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('test_admin'),
    });
  });

  it('refuses what is not there, not under way, too large, or over', async () => {
    const bare = await seedIncident(admin, { severity: 'low' });
    await expect(take(operator, bare)).rejects.toMatchObject({ exitCode: 4 });
    const incidentId = await begun();
    await expect(take(operator, 'INC-99999')).rejects.toMatchObject({ exitCode: 3 });
    await expect(take(operator, incidentId, { step: 'dance' })).rejects.toMatchObject({ exitCode: 3 });
    await expect(finish(operator, incidentId)).rejects.toMatchObject({ exitCode: 4 });
    await take(operator, incidentId);
    await expect(finish(operator, incidentId, { text: 'x'.repeat(100_001) })).rejects.toMatchObject({
      exitCode: 2,
    });
    await on(operator, (db) =>
      closeIncident(db, testChange(), { incidentId, override: 'a drill: nothing was leaked' }),
    );
    await expect(finish(operator, incidentId)).rejects.toMatchObject({ exitCode: 4 });
    await expect(take(operator, incidentId, { step: 'tell' })).rejects.toMatchObject({ exitCode: 4 });
  });
});
