import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { run } from '../../src/program.js';
import { type FakeMachine, fakeMachine, type Ran, runCommand } from '../support/fake-machine.js';
import { freshDatabase, newest, type TestDatabase } from '../support/postgres.js';
import { auditOf, seedKey } from '../support/seed-keys.js';
import {
  type Fate,
  type ProxyOptions,
  startProxy,
  type WireMessage,
  type WireProxy,
} from '../support/tcp-proxy.js';

/** What a command says when its session is lost, late or interrupted, and what is true then. */
let database: TestDatabase;
let admin: Connection;
let proxy: WireProxy;
const reason = 'leaked in acme/app commit 7a3f21';
const agreed = ['--reason', reason, '--yes'];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterEach(() => proxy.close());
afterAll(() => database.drop());

/** A command on its way through the proxy, with the machine it runs on. */
async function started(argv: readonly string[], options: Omit<ProxyOptions, 'target'>, query = '') {
  const target = { path: `${newest.socketDirectory}/.s.PGSQL.${newest.port}` };
  proxy = await startProxy({ target, ...options });
  const url = `postgres://test_operator@127.0.0.1:${proxy.port}/${database.name}?sslmode=disable${query}`;
  const machine = fakeMachine({ env: { DATABASE_URL: url } });
  return { machine, ended: run(argv, machine).then((code): Ran => ({ code, ...machine.written() })) };
}

const through = async (...given: Parameters<typeof started>): Promise<Ran> => (await started(...given)).ended;

/** The kernel's answer on its way back: the revocation is committed right after it. */
const answersRevocation = ({ from, type, bytes }: WireMessage) =>
  from === 'server' && type === 'D' && bytes.includes('"repeated"');
/** The statement is described first and executed then. */
let describesRevocation = false;
const executesRevocation = ({ from, type, bytes }: WireMessage) => {
  if (from === 'client' && type === 'P') describesRevocation = bytes.includes('revoke_key');
  return from === 'client' && type === 'E' && describesRevocation;
};

const errorIn = ({ stderr }: Ran) => JSON.parse(stderr).error;

describe('an answer that is lost after a change was sent', () => {
  it('is asked for again, and the first outcome is told', async () => {
    const key = await seedKey(admin);
    const ran = await through(['revoke', key.id, ...agreed, '--json'], {
      fate: (message) => (message.connection === 1 && answersRevocation(message) ? 'cut' : 'forward'),
    });
    expect(proxy.connections()).toBe(2);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const [row, ...more] = await auditOf(admin, key.id);
    expect(more).toEqual([]);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      operation_id: row?.operation_id,
      results: [{ outcome: 'revoked', audit_seq: row?.seq, reason }],
    });
  });

  it('when the change never arrived, the second try does the work, once', async () => {
    const key = await seedKey(admin);
    const ran = await through(['revoke', key.id, ...agreed], {
      fate: (message) => (message.connection === 1 && executesRevocation(message) ? 'cut' : 'forward'),
    });
    expect(ran.code).toBe(0);
    expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
  });

  it('is unknown (75) while the server stays away; the operation id then tells', async () => {
    const key = await seedKey(admin);
    const lost = (message: WireMessage) => message.connection > 1 || answersRevocation(message);
    const ran = await through(['revoke', key.id, ...agreed, '--json'], {
      fate: (message) => (lost(message) ? 'cut' : 'forward'),
    });
    expect(ran).toMatchObject({ code: 75, stdout: '' });
    const { operation_id: operation, ...told } = errorIn(ran);
    expect(told).toEqual({
      code: 'outcome_unknown',
      message: expect.stringContaining(`may or may not have happened (operation ${operation})`),
      hint: expect.stringContaining(`--operation-id ${operation}`),
      exit_code: 75,
      outcome: 'unknown',
    });

    const again = ['revoke', key.id, ...agreed, '--operation-id', operation, '--json'];
    const answer = JSON.parse((await runCommand(again, { database, role: 'test_operator' })).stdout);
    expect(answer).toMatchObject({ operation_id: operation, results: [{ outcome: 'revoked' }] });
    expect(await auditOf(admin, key.id)).toMatchObject([{ operation_id: operation }]);
  });

  it('names the operation id in words, too', async () => {
    const key = await seedKey(admin);
    const ran = await through(['revoke', key.id, ...agreed], {
      fate: (message) => (message.connection > 1 || answersRevocation(message) ? 'cut' : 'forward'),
    });
    const [row] = await auditOf(admin, key.id);
    expect(ran.code).toBe(75);
    expect(ran.stderr).toContain(`  operation: ${row?.operation_id}\n`);
  });

  it('of several keys, the others are revoked, and the one is told as unknown (6)', async () => {
    const keys = [await seedKey(admin), await seedKey(admin), await seedKey(admin)];
    const [first, second, third] = keys.map(({ id }) => id);
    const ran = await through(['revoke', ...keys.map(({ id }) => id), ...agreed, '--json'], {
      fate: (message) =>
        answersRevocation(message) && message.bytes.includes(second ?? '') ? 'cut' : 'forward',
    });
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout).results).toMatchObject([
      { key_id: first, outcome: 'revoked' },
      { key_id: second, outcome: 'unknown', error: expect.stringContaining('may or may not have happened') },
      { key_id: third, outcome: 'revoked' },
    ]);
    for (const { id } of keys) expect(await auditOf(admin, id)).toHaveLength(1);
  });

  it('and when there is no new session to be had, the others wait for none', async () => {
    const keys = [await seedKey(admin), await seedKey(admin), await seedKey(admin)];
    const ran = await through(['revoke', ...keys.map(({ id }) => id), ...agreed, '--json'], {
      fate: (message) => (message.connection > 1 || answersRevocation(message) ? 'cut' : 'forward'),
    });
    expect(ran.code).toBe(75);
    const { results } = JSON.parse(ran.stdout);
    expect(results.map((each: { outcome: string }) => each.outcome)).toEqual(['unknown', 'failed', 'failed']);
    // The first session, and five attempts at a second one.
    expect(proxy.connections()).toBe(6);
  });
});

describe('--timeout bounds every wait (69)', () => {
  it('for a server that accepts and never answers', async () => {
    const before = performance.now();
    const ran = await through(['keys', 'list', '--timeout', '1s', '--json'], { onConnect: 'hold' });
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(ran).toMatchObject({ code: 69, stdout: '' });
    expect(errorIn(ran)).toMatchObject({ code: 'unreachable', outcome: 'not_done' });
  });

  it('also where connect_timeout says more', async () => {
    const held = { onConnect: 'hold' } as const;
    const ran = await through(['keys', 'list', '--timeout', '1s'], held, '&connect_timeout=600');
    expect(ran.code).toBe(69);
  });

  it('for an answer that never comes', async () => {
    const ran = await through(['keys', 'list', '--timeout', '1s'], {
      fate: ({ from, type }) => (from === 'client' && type === 'E' ? 'hold' : 'forward'),
    });
    expect(ran).toMatchObject({ code: 69, stdout: '' });
    expect(ran.stderr).toContain('did not answer in time while reading; nothing was changed');
  });

  it('and the look at what would break, which has 2 s, holds up nothing', async () => {
    const key = await seedKey(admin);
    let slow = false;
    const ran = await through(['revoke', key.id, '--dry-run', '--json', '--timeout', '20s'], {
      fate({ from, type, bytes }) {
        if (from === 'client' && type === 'P') slow = bytes.includes('usage_events');
        return from === 'client' && type === 'E' && slow ? 'hold' : 'forward';
      },
    });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).keys).toMatchObject([{ key_id: key.id, last_hour: null, last_day: null }]);
  });
});

describe('an interrupt (130)', () => {
  const prompt = { timeout: 60_000 };
  /** Interrupts when this message passes, which goes nowhere any more. */
  function interruptAt(machine: () => FakeMachine, when: (message: WireMessage) => boolean) {
    return (message: WireMessage): Fate => {
      if (!when(message)) return 'forward';
      setImmediate(() => machine().interrupt());
      return 'hold';
    };
  }

  it('while connecting ends it at once; nothing was done', prompt, async () => {
    const { machine, ended } = await started(['keys', 'list', '--json'], { onConnect: 'hold' });
    await expect.poll(() => proxy.connections()).toBe(1);
    machine.interrupt();
    const ran = await ended;
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(errorIn(ran)).toMatchObject({
      code: 'interrupted',
      message: 'interrupted; nothing was done',
      exit_code: 130,
      outcome: 'not_done',
    });
  });

  it('while reading says that nothing was changed', prompt, async () => {
    const reads = ({ from, type }: WireMessage) => from === 'client' && type === 'E';
    const running = started(['keys', 'list'], { fate: interruptAt(() => machine, reads) });
    const { machine, ended } = await running;
    expect(await ended).toEqual({
      code: 130,
      stdout: '',
      stderr: 'keyctl: interrupted; nothing was changed\n',
    });
  });

  it('after a change was sent says that its outcome is unknown, and the operation id', prompt, async () => {
    const key = await seedKey(admin);
    const fate = interruptAt(() => machine, answersRevocation);
    const { machine, ended } = await started(['revoke', key.id, ...agreed, '--json'], { fate });
    const ran = await ended;
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    const [row] = await auditOf(admin, key.id);
    const operation = row?.operation_id;
    expect(errorIn(ran)).toMatchObject({
      code: 'interrupted',
      message: `interrupted; the change was sent and may or may not have happened (operation ${operation})`,
      hint: expect.stringContaining(`--operation-id ${operation}`),
      outcome: 'unknown',
      operation_id: operation,
    });
    expect(proxy.connections()).toBe(1);
  });

  it('among several keys: what was done is printed, nothing more is sent', prompt, async () => {
    const keys = [await seedKey(admin), await seedKey(admin), await seedKey(admin)];
    let answers = 0;
    const second = (message: WireMessage) => answersRevocation(message) && ++answers === 2;
    const argv = ['revoke', ...keys.map(({ id }) => id), ...agreed, '--json'];
    const { machine, ended } = await started(argv, { fate: interruptAt(() => machine, second) });
    const ran = await ended;
    expect(ran.code).toBe(130);
    const { results } = JSON.parse(ran.stdout);
    expect(results.map((each: { outcome: string }) => each.outcome)).toEqual([
      'revoked',
      'unknown',
      'failed',
    ]);
    expect(errorIn(ran)).toMatchObject({ code: 'interrupted', outcome: 'partial' });
    expect(await auditOf(admin, keys[2]?.id ?? '')).toEqual([]);
  });

  it('while a lost answer is asked for ends the asking, and the outcome is unknown', prompt, async () => {
    const key = await seedKey(admin);
    const { machine, ended } = await started(['revoke', key.id, ...agreed, '--json'], {
      fate: (message) =>
        message.connection === 1 && answersRevocation(message)
          ? 'cut'
          : message.connection > 1
            ? 'hold'
            : 'forward',
    });
    await expect.poll(() => proxy.messages().some(({ connection }) => connection === 2), prompt).toBe(true);
    machine.interrupt();
    const ran = await ended;
    expect(ran.code).toBe(130);
    expect(errorIn(ran)).toMatchObject({ outcome: 'unknown', operation_id: expect.any(String) });
  });

  it('leaves no listener behind: the next one ends the process as usual', async () => {
    const { machine, ended } = await started(['keys', 'list'], {});
    expect((await ended).code).toBe(0);
    machine.interrupt();
    expect(machine.written().stderr).toBe('');
  });
});
