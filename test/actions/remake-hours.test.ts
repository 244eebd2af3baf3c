import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Context } from '../../src/actions/context.js';
import { remakeHours } from '../../src/actions/remake-hours.js';
import type { Connection, CopyClient } from '../../src/db/connect.js';
import { contextOn } from '../support/context.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { rollupsOfEvents, storedRollups } from '../support/rollup-oracle.js';
import { seedCrowd } from '../support/seed-events.js';
import { seedKey } from '../support/seed-keys.js';

const hourMs = 3_600_000;
const hours = 40;

let database: TestDatabase;
let admin: Connection;
let ctx: Context;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  ctx = await contextOn(database);
  const keys = [(await seedKey(admin)).id, (await seedKey(admin)).id];
  for (let hour = 1; hour <= hours; hour += 1) {
    const at = new Date(Math.floor(Date.now() / hourMs) * hourMs - hour * hourMs).toISOString();
    await seedCrowd(admin, { keys, hour: at, events: hour % 2 === 0 ? 300 : 4 });
  }
});
beforeEach(async () => {
  await admin.sql.unsafe('truncate keyctl.usage_hours, keyctl.usage_touched');
  await admin.sql`update keyctl.rollup_state set seen = null`;
  await admin.sql`select keyctl.collect_touched()`;
});
afterAll(() => database.drop());

const second = (copyClient: () => Promise<CopyClient>): Context => ({
  ...ctx,
  db: { ...ctx.db, copyClient },
});
const agree = async () => expect(await storedRollups(admin)).toEqual(await rollupsOfEvents(admin));

it('remakes what is queued in two sessions, each hour in one of them', async () => {
  let opened = 0;
  const watched = second(() => {
    opened += 1;
    return ctx.db.copyClient();
  });
  expect(await remakeHours(watched, 300)).toBe(hours * 2);
  expect(opened).toBe(1);
  await agree();
});

it('opens no second session for what two batches hold', async () => {
  const none = second(() => Promise.reject(new Error('there is no second session')));
  expect(await remakeHours(none, 100_000)).toBe(hours * 2);
  await agree();
});

it('does all of it in the first session when no second one is to be had', async () => {
  const none = second(() => Promise.reject(new Error('too many connections')));
  expect(await remakeHours(none, 300)).toBe(hours * 2);
  await agree();
});

it('does what is left when the second session breaks off', async () => {
  const lost = second(async () => {
    const client = await ctx.db.copyClient();
    client.destroy();
    return client;
  });
  expect(await remakeHours(lost, 300)).toBe(hours * 2);
  await agree();
});
