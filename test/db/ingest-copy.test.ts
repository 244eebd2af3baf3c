import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { batchBuilder, copyIntoInbox, copyLine } from '../../src/db/ingest-copy.js';
import { ingestOpen, ingestTake } from '../../src/db/kernel-ingest.js';
import type { LogEvent } from '../../src/domain/ingest/event.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';

const event = (changes: Partial<LogEvent> = {}): LogEvent => ({
  time: { text: '2026-08-20T03:12:09.123456Z', at: Date.UTC(2026, 7, 20, 3, 12, 9, 123) },
  ...{ presented: 'ci', keyVersion: null, method: null, endpoint: null, object: null, feature: null },
  ...{ status: null, ip: null, ipText: null, userAgent: null, bytes: null, latencyMs: null, tokens: null },
  ...{ costUsd: null, model: null, requestId: null },
  ...changes,
});

let database: TestDatabase;
let operator: Connection;
beforeAll(async () => {
  database = await freshDatabase();
  operator = await database.connect('test_operator');
});
afterAll(() => database.drop());

const run = '6f1c1e0a-7d5e-4e0b-9a53-1d2f3c4b5a69';

describe('events on their way into an inbox', () => {
  it('arrive as they are, whatever stands in them', async () => {
    const hostile = 'a\tb\nc\rd\\e\\N \\. \x1b]52;c;aGk=\x07 \u202e \u{1f511} \x08\x0b\x0c \'";--';
    const events = [
      event({
        presented: '\\N',
        userAgent: hostile,
        endpoint: '\\.',
        ip: '203.0.113.7',
        ipText: '203.0.113.7',
      }),
      event({ presented: hostile, bytes: Number.MAX_SAFE_INTEGER, costUsd: '99999998.999999', status: 999 }),
    ];
    const batches = batchBuilder();
    for (const [at, each] of events.entries()) batches.add(each, `id-${at}`);
    const batch = batches.rest();
    if (batch === null) throw new Error('nothing to copy');
    const inbox = await ingestOpen(operator, run);
    const client = await operator.copyClient();
    await copyIntoInbox(client, { inbox: `${inbox}_2`, batch, timeoutMs: 10_000, target: operator.target });
    await client.close();
    expect(await ingestTake(operator, { runId: run, lane: 2 })).toMatchObject({ events: 0, stray: 2 });
    const rows =
      await operator.sql`select presented, user_agent, endpoint, bytes, cost_usd, status, host(ip) as ip,
      ts = '2026-08-20T03:12:09.123456Z' as exact from keyctl.stray_events order by id`;
    expect([...rows]).toEqual([
      {
        ...{
          presented: '\\N',
          user_agent: hostile,
          endpoint: '\\.',
          bytes: null,
          cost_usd: null,
          status: null,
        },
        ip: '203.0.113.7',
        exact: true,
      },
      {
        ...{ presented: hostile, user_agent: null, endpoint: null, bytes: '9007199254740991' },
        cost_usd: '99999998.999999',
        status: 999,
        ip: null,
        exact: true,
      },
    ]);
  });

  it('are refused by name where the inbox is none of ours', async () => {
    const client = await operator.copyClient();
    const batch = { chunks: [Buffer.from(copyLine(event(), 'x'))], rows: 1 };
    const into = (inbox: string) =>
      copyIntoInbox(client, { inbox, batch, timeoutMs: 10_000, target: operator.target });
    await expect(into('api_keys')).rejects.toThrow('not an inbox');
    await expect(into(`inbox_${'0'.repeat(32)}_1`)).rejects.toMatchObject({ exitCode: 78 });
    await client.close();
  });

  it('that the server refuses, even with the last byte, end the copy with an error and not with silence', async () => {
    const client = await operator.copyClient();
    const inbox = `inbox_${run.replaceAll('-', '')}_1`;
    const bad = { chunks: [Buffer.from('not\ta\trow\n')], rows: 1 };
    const copying = copyIntoInbox(client, { inbox, batch: bad, timeoutMs: 10_000, target: operator.target });
    await expect(copying).rejects.toMatchObject({ exitCode: 1 });
    client.destroy();
  });

  it('that meet a dead connection end with exit 69', async () => {
    const client = await operator.copyClient();
    const [row] = await client.sql`select pg_backend_pid() as pid`;
    const admin = await database.connect();
    const inbox = `inbox_${run.replaceAll('-', '')}_1`;
    const line = Buffer.from(copyLine(event(), 'x').repeat(500));
    async function* endless() {
      yield line;
      await admin.sql`select pg_terminate_backend(${row?.pid ?? 0})`;
      for (let n = 0; n < 10_000; n++) yield line;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of endless()) chunks.push(chunk);
    const copying = copyIntoInbox(client, {
      inbox,
      batch: { chunks, rows: 1 },
      timeoutMs: 10_000,
      target: operator.target,
    });
    await expect(copying).rejects.toMatchObject({ exitCode: 69 });
  });
});

describe('batches', () => {
  it('end before a statement would have to make too many partitions at once', () => {
    const batches = batchBuilder();
    for (let week = 0; week < 130; week++) {
      const at = Date.UTC(2000, 0, 3) + week * 7 * 86_400_000;
      batches.add(event({ time: { text: new Date(at).toISOString(), at } }), `id-${week}`);
    }
    expect(batches.full().map((batch) => batch.rows)).toEqual([60, 60]);
    expect(batches.rest()?.rows).toBe(10);
    expect(batches.rest()).toBeNull();
  });

  it('end at 30,000 rows, and sooner with long ones', () => {
    const short = batchBuilder();
    for (let n = 0; n < 30_001; n++) short.add(event(), 'x');
    expect(short.full().map((batch) => batch.rows)).toEqual([30_000]);
    const long = batchBuilder();
    for (let n = 0; n < 2000; n++) long.add(event({ userAgent: 'u'.repeat(16_000) }), 'x');
    expect(
      long
        .full()
        .every((batch) => batch.chunks.reduce((sum, chunk) => sum + chunk.length, 0) < 13 * 1024 * 1024),
    ).toBe(true);
  });
});
