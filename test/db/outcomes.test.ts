import { createConnection, createServer } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../../src/db/connect.js';
import { freshDatabase, newest, type TestDatabase } from '../support/postgres.js';
import {
  type ProxyOptions,
  refusingPort,
  startProxy,
  type WireMessage,
  type WireProxy,
} from '../support/tcp-proxy.js';

const operationId = '018f3c2e-0000-7000-8000-000000000001';

let database: TestDatabase;
let admin: Connection;
let proxy: WireProxy | null = null;

beforeAll(async () => {
  database = await freshDatabase(newest, 'empty');
  admin = await database.connect();
  await admin.sql.unsafe('create table public.done (what text)');
});
afterAll(() => database.drop());
afterEach(() => proxy?.close());

async function throughProxy(options: Omit<ProxyOptions, 'target'>, timeoutMs = 5000): Promise<Connection> {
  const target = { path: `${newest.socketDirectory}/.s.PGSQL.${newest.port}` };
  proxy = await startProxy({ target, ...options });
  return connect({ ...database.settings(), host: '127.0.0.1', port: proxy.port }, { timeoutMs });
}

const insert = (connection: Connection, what: string) =>
  connection.run({ sends: 'change', operationId }, (orm) =>
    orm.execute(sql`insert into public.done values (${what})`),
  );

/** Condition, not time: the server may still be at it when the client has given up. */
async function settled(): Promise<void> {
  const busy = sql`select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
  await expect.poll(async () => (await admin.execute(busy)).length, { timeout: 60_000 }).toBe(0);
}

async function isDone(what: string): Promise<boolean> {
  await settled();
  return (await admin.sql`select from public.done where what = ${what}`).length === 1;
}

/** The statement is described first, then executed: its messages come after these of connecting and of the hello. */
const executes = (message: WireMessage): boolean => message.from === 'client' && message.type === 'E';
const confirms = (message: WireMessage): boolean =>
  message.from === 'server' && message.type === 'C' && message.bytes.includes('INSERT');

describe('a change whose connection is lost (F2)', () => {
  const unknown = {
    code: 'outcome_unknown',
    exitCode: 75,
    outcome: 'unknown',
    operationId,
    hint: expect.stringContaining(`--operation-id ${operationId}`),
  };

  it('before the server executes it: outcome unknown, and it did not happen', async () => {
    const connection = await throughProxy({ fate: (message) => (executes(message) ? 'cut' : 'forward') });
    await expect(insert(connection, 'before')).rejects.toMatchObject(unknown);
    expect(await isDone('before')).toBe(false);
  });

  it('after the server committed it: outcome unknown, and it happened', async () => {
    const connection = await throughProxy({ fate: (message) => (confirms(message) ? 'cut' : 'forward') });
    await expect(insert(connection, 'after')).rejects.toMatchObject(unknown);
    expect(await isDone('after')).toBe(true);
  });

  it('in a black hole: outcome unknown when the deadline passes', async () => {
    const connection = await throughProxy(
      { fate: (message) => (confirms(message) ? 'hold' : 'forward') },
      600,
    );
    await expect(insert(connection, 'held')).rejects.toMatchObject(unknown);
    await proxy?.close();
    expect(await isDone('held')).toBe(true);
  });

  it('before it was sent at all: nothing was done, and that is said', async () => {
    const connection = await throughProxy({});
    await proxy?.close();
    await expect
      .poll(() => insert(connection, 'never').catch((error: unknown) => error))
      .toMatchObject({ code: 'unreachable', exitCode: 69, outcome: 'not_done' });
    expect(await isDone('never')).toBe(false);
  });

  it('while reading: 69, for nothing can have changed', async () => {
    const connection = await throughProxy({ fate: (message) => (executes(message) ? 'cut' : 'forward') });
    const reading = connection.run({ sends: 'read' }, (orm) => orm.execute(sql`select ${'x'}::text`));
    await expect(reading).rejects.toMatchObject({ code: 'unreachable', exitCode: 69, outcome: 'not_done' });
  });
});

describe('a change cut between Execute and Sync leaves no lock behind (F40)', () => {
  const syncs = (message: WireMessage): boolean =>
    message.from === 'client' && message.type === 'S' && proxy?.messages().at(-2)?.type === 'E';

  it('when the connection is closed', async () => {
    const connection = await throughProxy({ fate: (message) => (syncs(message) ? 'cut' : 'forward') });
    await expect(insert(connection, 'cut')).rejects.toMatchObject({ exitCode: 75 });
    expect(await isDone('cut')).toBe(false);
  });

  it.runIf(Number(newest.name) >= 17)(
    'when nobody ever closes it: the transaction itself has a limit',
    async () => {
      const connection = await throughProxy(
        { fate: (message) => (syncs(message) ? 'hold' : 'forward') },
        300,
      );
      await expect(insert(connection, 'held open')).rejects.toMatchObject({ exitCode: 75 });
      expect(await isDone('held open')).toBe(false);
    },
  );
});

describe('connecting (F3)', () => {
  const unreachable = { exitCode: 69, outcome: 'not_done' };

  it('gives up on a server that accepts and closes, after five attempts', async () => {
    const connecting = throughProxy({ onConnect: 'close' }, 10_000);
    await expect(connecting).rejects.toMatchObject({ ...unreachable, code: 'unreachable' });
    expect(proxy?.connections()).toBe(5);
  });

  it('gives up on a server that closes after the first message, too', async () => {
    const connecting = throughProxy({ fate: () => 'cut' }, 10_000);
    await expect(connecting).rejects.toMatchObject(unreachable);
    expect(proxy?.connections()).toBe(5);
  });

  it('stops trying when its deadline has passed, however many attempts are left', async () => {
    await expect(throughProxy({ onConnect: 'close' }, 120)).rejects.toMatchObject(unreachable);
    expect(proxy?.connections()).toBeLessThan(5);
  });

  it('gives up on a server that accepts and never answers', async () => {
    await expect(throughProxy({ onConnect: 'hold' }, 200)).rejects.toMatchObject({
      ...unreachable,
      message: expect.stringContaining('did not answer in time'),
    });
  });

  it('does not try a closed port again', async () => {
    const port = await refusingPort();
    const settings = { ...database.settings(), host: '127.0.0.1', port };
    await expect(connect(settings, { timeoutMs: 5000 })).rejects.toMatchObject({
      ...unreachable,
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  it('waits for a server that is starting up', async () => {
    let refused = 0;
    const starting = Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0');
    const head = Buffer.from([0x45, 0, 0, 0, starting.length + 4]);
    const server = createServer((client) => {
      refused += 1;
      client.on('error', () => {});
      if (refused < 3) {
        client.once('data', () => client.end(Buffer.concat([head, starting])));
        return;
      }
      const upstream = createConnection(`${newest.socketDirectory}/.s.PGSQL.${newest.port}`);
      upstream.on('error', () => {});
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const connection = await connect(
      { ...database.settings(), host: '127.0.0.1', port },
      { timeoutMs: 10_000 },
    );
    await connection.close();
    server.close();
    expect(refused).toBe(3);
  });
});
