import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { readRoutines } from '../../src/db/schema-files.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { seedKey } from '../support/seed-keys.js';

/**
 * `now()` stands still in a transaction (F13). Each change is made late in one, where a deadline counted by `now()` would
 * be short by as long as the transaction is old.
 */
let database: TestDatabase;
let connection: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  connection = await database.connect();
});
afterAll(() => database.drop());

async function lateInATransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
  const { sql } = connection;
  await sql.unsafe('begin');
  try {
    await sql.unsafe('select pg_sleep(0.02)');
    return await work(sql);
  } finally {
    await sql.unsafe('rollback');
  }
}

/** Milliseconds since the transaction's frozen `now()`. */
const age = (at: string) => `extract(epoch from ${at} - now()) * 1000`;

it('revocation, activation and the audit row carry the moment of the change', async () => {
  const active = await seedKey(connection);
  const pending = await seedKey(connection, { status: 'pending' });
  const [ages] = await lateInATransaction(async (sql) => {
    await sql`select keyctl.revoke_key(${randomUUID()}::uuid, '{}', ${active.id}, 'leaked in acme/app commit 7a3f21')`;
    await sql`select keyctl.activate_key(${randomUUID()}::uuid, '{}', ${pending.id}, '{terminal}')`;
    return await sql`select
      (select ${sql.unsafe(age('revoked_at'))} from keyctl.api_keys where id = ${active.id}) as revoked,
      (select ${sql.unsafe(age('activated_at'))} from keyctl.api_keys where id = ${pending.id}) as activated,
      (select min(${sql.unsafe(age('at'))}) from keyctl.audit_log where action in ('key.revoked', 'key.activated')
        and key_id in (${active.id}, ${pending.id})) as written`;
  });
  for (const milliseconds of Object.values(ages ?? {}))
    expect(Number(milliseconds)).toBeGreaterThanOrEqual(20);
});

it('an end that is counted from now is as long as was asked for', async () => {
  const key = await seedKey(connection);
  const [ages] = await lateInATransaction(async (sql) => {
    await sql`select keyctl.suspend_key(${randomUUID()}::uuid, '{}', ${key.id}, 'being looked into by carol', interval '1 hour')`;
    await sql`select keyctl.update_key(${randomUUID()}::uuid, '{}', ${key.id}, '{"expires_in_seconds": 3600}', null, 'ends with the contract')`;
    await sql`select keyctl.block_ip(${randomUUID()}::uuid, '{}', '192.0.2.0/24', 'scans us since noon', interval '1 hour')`;
    const hour = `- interval '1 hour'`;
    return await sql`select
      (select ${sql.unsafe(age(`suspended_until ${hour}`))} from keyctl.api_keys where id = ${key.id}) as suspended,
      (select ${sql.unsafe(age(`expires_at ${hour}`))} from keyctl.api_keys where id = ${key.id}) as expires,
      (select ${sql.unsafe(age(`blocked_until ${hour}`))} from keyctl.ip_blocks where cidr = '192.0.2.0/24') as blocked`;
  });
  for (const milliseconds of Object.values(ages ?? {}))
    expect(Number(milliseconds)).toBeGreaterThanOrEqual(20);
});

it('the decision looks at the clock, and not at when the transaction began', async () => {
  const key = await seedKey(connection);
  const decision = await lateInATransaction(async (sql) => {
    // Over by now, but not by the transaction's frozen clock.
    await sql`update keyctl.api_keys set expires_at = now() + interval '10 ms' where id = ${key.id}`;
    const [row] =
      await sql`select keyctl.decide(${key.id}) as decision, now() < k.expires_at as unexpired_by_now
      from keyctl.api_keys k where k.id = ${key.id}`;
    return row;
  });
  expect(decision).toEqual({ decision: 'expired', unexpired_by_now: true });
});

it('no file of the kernel reads a clock that stands still', async () => {
  const frozen = /\b(now\s*\(|current_timestamp|current_date|current_time|localtime|transaction_timestamp)/i;
  const code = (text: string) => text.replace(/--.*$/gm, '');
  const files = await readRoutines(path.resolve(import.meta.dirname, '../../drizzle'));
  expect(files.filter(({ text }) => frozen.test(code(text))).map(({ name }) => name)).toEqual([]);
});
