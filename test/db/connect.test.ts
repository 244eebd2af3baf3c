import { createServer } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../../src/db/connect.js';
import { KeyctlError } from '../../src/domain/errors.js';
import { freshDatabase, servers, settingsFor, type TestDatabase } from '../support/postgres.js';
import { startProxy } from '../support/tcp-proxy.js';

const timeoutMs = 20_000;

describe.each(servers)('a connection to PostgreSQL $name', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase(server, 'empty');
  });
  afterAll(() => database.drop());

  const opened = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await database.connect();
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  };

  it('shows where it leads and as whom', async () => {
    const { target } = await database.connect();
    expect(target).toEqual({
      host: server.socketDirectory,
      port: server.port,
      database: database.name,
      role: 'postgres',
      serverVersion: expect.stringMatching(new RegExp(`^${server.name}\\.`)),
      embedded: false,
      tls: false,
    });
  });

  it('carries its session settings from the first statement on', async () => {
    const names = [
      'application_name',
      'TimeZone',
      'client_encoding',
      'search_path',
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
    ];
    const hello = `select ${names.map((name) => `current_setting('${name}') as "${name}"`).join(', ')}`;
    const connection = await database.connect('postgres', { hello });
    expect(connection.greeting).toEqual({
      application_name: 'keyctl',
      TimeZone: 'UTC',
      client_encoding: 'UTF8',
      search_path: 'pg_catalog, pg_temp',
      statement_timeout: '18s',
      lock_timeout: '5s',
      idle_in_transaction_session_timeout: '3s',
    });
  });

  it('lets PGOPTIONS set what keyctl does not set itself, and nothing else', async () => {
    const settings = {
      ...database.settings(),
      serverOptions: '-c work_mem=65MB -c search_path=public -c statement_timeout=0',
    };
    const hello = `select current_setting('work_mem') as memory, current_setting('search_path') as path, current_setting('statement_timeout') as time`;
    const connection = await connect(settings, { timeoutMs, hello });
    await connection.close();
    expect(connection.greeting).toEqual({ memory: '65MB', path: 'pg_catalog, pg_temp', time: '18s' });
  });

  it('speaks one round trip after authentication before the first statement', async () => {
    const target = { path: `${server.socketDirectory}/.s.PGSQL.${server.port}` };
    const proxy = await startProxy({ target });
    const settings = { ...database.settings(), host: '127.0.0.1', port: proxy.port };
    const connection = await connect(settings, { timeoutMs });
    connection.destroy();
    await proxy.close();
    const spoken = proxy.messages().filter((message) => message.from === 'client');
    expect(spoken.map((message) => message.type)).toEqual(['', 'Q']);
  });

  it('takes and gives arrays, JSON, bytes and times without asking the server for types', async () => {
    const rows = await opened((connection) =>
      connection.run({ sends: 'read' }, (orm) =>
        orm.execute(sql`select ${sql.param(['a', 'b "c"', null])}::text[] as texts, array[1, null]::int4[] as numbers,
          '{"a": [1]}'::jsonb as json, '\\x00ff'::bytea as bytes, '2026-01-02 03:04:05.123456+02'::timestamptz as at`),
      ),
    );
    expect(rows[0]).toEqual({
      texts: ['a', 'b "c"', null],
      numbers: [1, null],
      json: { a: [1] },
      bytes: Buffer.from([0, 255]),
      at: '2026-01-02 01:04:05.123456+00',
    });
  });

  it('fails at once, and for good, when its session was ended', async () => {
    const connection = await database.connect();
    const other = await database.connect();
    const [row] = await connection.sql`select pg_backend_pid() as pid`;
    const gone = new Promise((resolve) => connection.sql`select pg_sleep(60)`.catch(resolve));
    await other.sql`select pg_terminate_backend(${row?.pid}::int, 5000)`;
    await gone;
    for (const sends of ['read', 'change'] as const) {
      const failed = connection.run({ sends, timeoutMs: 5000 }, (orm) => orm.execute(sql`select 1`));
      await expect(failed).rejects.toMatchObject({ code: 'unreachable', exitCode: 69, outcome: 'not_done' });
    }
  });

  it('lets no statement of a transaction run on outside of it (F1)', async () => {
    const connection = await database.connect();
    const other = await database.connect();
    await other.sql.unsafe('create table public.torn (n int)');
    const torn = connection.sql.begin(async (tx) => {
      await tx`insert into public.torn values (1)`;
      const [row] = await tx`select pg_backend_pid() as pid`;
      await other.sql`select pg_terminate_backend(${row?.pid}::int, 5000)`;
      await tx`select 1`.catch(() => {});
      const late = connection.run({ sends: 'change', timeoutMs: 1000 }, (orm) =>
        orm.execute(sql`insert into public.torn values (2)`),
      );
      await late.catch(() => {});
    });
    await expect(torn).rejects.toThrow();
    expect(await other.sql`select n from public.torn`).toEqual([]);
  });

  it('names the session that holds the lock when it waited in vain (F40)', async () => {
    const holder = await connect(database.settings(), { timeoutMs, lockTimeoutMs: 4000 });
    const connection = await connect(database.settings(), { timeoutMs, lockTimeoutMs: 100 });
    await holder.sql.unsafe(
      'create schema keyctl; create table keyctl.audit_head (one int); insert into keyctl.audit_head values (1)',
    );
    const held = holder.sql.unsafe(
      'begin; select pg_backend_pid() as pid; select * from keyctl.audit_head for update',
    );
    const [, pids] = (await held) as unknown as { pid: number }[][];
    const waiting = connection.run({ sends: 'change' }, (orm) =>
      orm.execute(sql`select * from keyctl.audit_head for update`),
    );
    await expect(waiting).rejects.toMatchObject({
      code: 'blocked',
      exitCode: 69,
      outcome: 'not_done',
      message: expect.stringContaining(
        `held by process ${pids?.[0]?.pid} (keyctl, role postgres, idle in transaction`,
      ),
      hint: expect.stringContaining(`pg_terminate_backend(${pids?.[0]?.pid})`),
    });
    holder.destroy();
    await connection.close();
  });

  it('copies out on a session of its own, without a time limit, which is destroyed afterwards (F29)', async () => {
    const connection = await database.connect();
    const copy = await connection.copyClient();
    const [row] = await copy.sql`select current_setting('statement_timeout') as time`;
    const lines: string[] = [];
    for await (const chunk of await copy.sql`copy (select generate_series(1, 3)) to stdout`.readable())
      lines.push(String(chunk));
    copy.destroy();
    expect([row?.time, lines.join('')]).toEqual(['0', '1\n2\n3\n']);
    expect(await connection.sql`select 1 as still`).toEqual([{ still: 1 }]);
  });
});

it('refuses a server before 15 by what it reports', async () => {
  const server = createServer((socket) => {
    socket.once('data', () => {
      const status = Buffer.from('server_version\u000014.9\0');
      const head = Buffer.alloc(5);
      head.write('S');
      head.writeUInt32BE(4 + status.length, 1);
      const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
      socket.write(Buffer.concat([Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]), head, status, ready]));
      socket.once('data', () => socket.write(Buffer.concat([Buffer.from([0x49, 0, 0, 0, 4]), ready])));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const [any] = servers;
  const settings = { ...settingsFor(any as (typeof servers)[0], 'x', 'y'), host: '127.0.0.1', port };
  const refused = connect(settings, { timeoutMs });
  await expect(refused).rejects.toMatchObject({ code: 'server_too_old', exitCode: 78 });
  await expect(refused).rejects.toBeInstanceOf(KeyctlError);
  server.close();
});
