import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Executor } from '../../src/db/kernel.js';
import {
  acknowledgeIncident,
  closeIncident,
  linkIncidentKeys,
  markIncident,
  noteIncident,
  openIncident,
  watchIncidents,
} from '../../src/db/kernel-incidents.js';
import { resumeKey, revokeKey, suspendKey } from '../../src/db/kernel-keys.js';
import { KeyctlError } from '../../src/domain/errors.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { dice } from '../support/seed-events.js';
import { plainIncident, seedIncident, testChange } from '../support/seed-incident.js';
import { seedKey } from '../support/seed-keys.js';

const people = 5;
const each = Number(process.env.INCIDENT_OPERATIONS ?? 60);

describe.each(servers)('several people and jobs at once on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    await admin.sql`select keyctl.ensure_partitions(array[current_date - 1, current_date, current_date + 1])`;
  });
  afterAll(() => database.drop());

  it('nobody waits for ever, no change is lost, and every refusal is one in words', async () => {
    const keys = (await Promise.all(Array.from({ length: 4 }, () => seedKey(admin)))).map((key) => key.id);
    const ids = [
      await seedIncident(admin, { severity: 'low' }),
      await seedIncident(admin, { severity: 'low' }),
    ];
    const notes: string[] = [];
    const reason = 'leaked in acme/app commit 7a3f21';
    const problems: unknown[] = [];

    const person = async (number: number) => {
      const connection = await database.connect('test_operator');
      const roll = dice(number * 7919 + 1);
      const pick = <T>(all: readonly T[]): T => all[roll(all.length)] as T;
      const work = (db: Executor): Promise<unknown> => {
        const incidentId = pick(ids);
        const keyId = pick(keys);
        const change = testChange();
        const inside = { ...change, context: { ...change.context, incident_id: incidentId } };
        const note = randomUUID();
        return pick<() => Promise<unknown>>([
          () => suspendKey(db, inside, { keyId, reason, forSeconds: null }),
          () => resumeKey(db, inside, { keyId, reason }),
          () => linkIncidentKeys(db, change, { incidentId, keyIds: [keyId, pick(keys)], reason: null }),
          () => closeIncident(db, change, { incidentId, override: roll(2) === 0 ? reason : null }),
          () => acknowledgeIncident(db, change, incidentId),
          () => markIncident(db, change, { incidentId, mark: 'contained', text: reason }),
          () => watchIncidents(db, change, 10),
          () => openIncident(db, change, { ...plainIncident, keyIds: [keyId] }),
          async () => {
            await noteIncident(db, change, { incidentId, note });
            notes.push(note);
          },
          async () => {
            await admin.sql`insert into keyctl.usage_events (ts, key_id, id, status, ip_text)
              values (clock_timestamp(), ${keyId}, ${note}, 200, '198.51.100.17')`;
            await db.execute((await import('drizzle-orm')).sql`select keyctl.collect_touched()`);
          },
        ])();
      };
      for (let turn = 0; turn < each; turn += 1) {
        await connection.run({ sends: 'read' }, work).catch((error) => {
          const refused = error instanceof KeyctlError && [2, 3, 4].includes(error.exitCode);
          if (!refused) problems.push(error);
        });
      }
    };
    await Promise.all(Array.from({ length: people }, (_, number) => person(number)));
    expect(problems).toEqual([]);
    await admin.run({ sends: 'read' }, (db) =>
      revokeKey(db, testChange(), { keyId: keys[0] as string, reason, code: 'other' }),
    );

    const written =
      await admin.sql`select reason from keyctl.audit_log where action = 'incident.noted' order by reason`;
    expect(written.map((row) => row.reason)).toEqual(notes.sort());
    const numbers = await admin.sql`select number from keyctl.incidents order by number`;
    expect(numbers.map((row) => row.number)).toEqual(numbers.map((_, at) => at + 1));
    // Every closing and reopening stands in the log, in turn.
    const turns = await admin.sql`select incident_id, array_agg(action order by seq) as actions from (
      select distinct on (incident_id, operation_id, action) * from keyctl.audit_log
      where action in ('incident.closed', 'incident.reopened')) l group by 1`;
    expect(turns.length).toBeGreaterThan(0);
    for (const { actions } of turns) {
      expect(actions.filter((action: string, at: number) => action === actions[at - 1])).toEqual([]);
    }
    const [broken] = await admin.sql`select count(*)::int as n from keyctl.audit_log a
      where a.hash <> sha256(a.prev_hash || convert_to(a.record, 'UTF8'))`;
    expect(broken?.n).toBe(0);
  }, 60_000);
});
