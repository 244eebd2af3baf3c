import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { type ExportRecord, recordExport } from '../../src/db/kernel-export.js';
import { freshDatabase, servers, type TestDatabase, type TestRole } from '../support/postgres.js';

const record: ExportRecord = {
  ...{ what: 'audit', format: 'ndjson', filter: { actor: 'jdoe' }, rows: 3, bytes: 900 },
  ...{ sha256: 'ab'.repeat(32), complete: true, first_seq: 1, last_seq: 3 },
};

describe.each(servers)('exports in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
  });
  afterAll(() => database.drop());

  const recordAs = async (role: TestRole, given: unknown = record, operationId: string = randomUUID()) => {
    const connection = await database.connect(role);
    const change = { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
    return await connection.run({ sends: 'read' }, (db) => recordExport(db, change, given as ExportRecord));
  };
  const rows = () =>
    admin.sql`select seq::int, action, key_id, actor_db, record::jsonb -> 'details' as details
      from keyctl.audit_log where action = 'audit.exported' order by seq`;

  it.each(['test_auditor', 'test_operator', 'test_admin'] as const)(
    '%s writes one down, whole',
    async (role) => {
      const answer = await recordAs(role);
      expect(answer).toMatchObject({ outcome: 'recorded', repeated: false, audit_seq: expect.any(Number) });
      expect((await rows()).at(-1)).toEqual({
        ...{ seq: answer.audit_seq, action: 'audit.exported', key_id: null, actor_db: role, details: record },
      });
    },
  );

  it.each(['test_viewer', 'test_gateway'] as const)('%s may not', async (role) => {
    const before = await rows();
    await expect(recordAs(role)).rejects.toMatchObject({ exitCode: 77 });
    expect(await rows()).toEqual(before);
  });

  it('the same operation again gets the first answer, also of two at once', async () => {
    const operation = randomUUID();
    const before = (await rows()).length;
    const answers = await Promise.all([1, 2, 3].map(() => recordAs('test_auditor', record, operation)));
    expect(new Set(answers.map((answer) => answer.audit_seq)).size).toBe(1);
    expect(answers.filter((answer) => !answer.repeated)).toHaveLength(1);
    expect((await rows()).length).toBe(before + 1);
  });

  it.each<[what: string, change: Record<string, unknown>]>([
    ['an unknown kind', { what: 'secrets' }],
    ['no kind', { what: null }],
    ['an unknown form', { format: 'xml' }],
    ['a sum that is none', { sha256: 'ab' }],
    ['a negative count', { rows: -1 }],
    ['no count', { bytes: null }],
    ['a field of somebody else', { token: 'x' }],
  ])('refuses %s, and writes nothing', async (_what, change) => {
    const before = await rows();
    await expect(recordAs('test_auditor', { ...record, ...change })).rejects.toMatchObject({ exitCode: 2 });
    expect(await rows()).toEqual(before);
  });
});
