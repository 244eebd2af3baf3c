import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/actions/context.js';
import { createKey, type WantedKey } from '../../src/actions/create-key.js';
import { fileSink } from '../../src/actions/delivery/file-sink.js';
import { type Sink, SinkError } from '../../src/actions/delivery/sink.js';
import { type Connection, connect } from '../../src/db/connect.js';
import { openDatabase } from '../../src/db/database.js';
import { createKey as register } from '../../src/db/kernel-keys.js';
import { KeyctlError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import { matchesVerifier } from '../../src/domain/token.js';
import { bundled } from '../support/child.js';
import { contextOn } from '../support/context.js';
import { freshDatabase, newest, type TestDatabase } from '../support/postgres.js';
import { startProxy, type WireProxy } from '../support/tcp-proxy.js';
import { issue } from './delivery/issue.js';

let database: TestDatabase;
let admin: Connection;
let ctx: Context;
let home: string;
let proxy: WireProxy | null = null;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());
beforeEach(async () => {
  ctx = await contextOn(database);
  home = await mkdtemp(join(tmpdir(), 'keyctl-create-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
  await proxy?.close();
  proxy = null;
});

const wanted = (sinks: readonly Sink[]): WantedKey => ({
  prefix: 'fie_alice',
  owner: { email: 'alice@example.com' },
  settings: { name: 'alice-prod', scopes: ['workflow:read'] },
  sinks,
});

/** A sink in memory that writes down what happens to it, and how the key stands meanwhile. */
function witness(name: string, log: string[], failing?: 'stage' | 'commit'): Sink & { held: Secret | null } {
  const note = async (step: string, keyId: string | null) => {
    const rows = await admin.sql`select status from keyctl.keys where id = ${keyId}`;
    log.push(`${name} ${step} (${rows[0]?.status ?? 'no key'})`);
    if (step === failing) throw new SinkError('it is broken', 'mend it');
  };
  let keyId: string | null = null;
  const sink = {
    name,
    held: null as Secret | null,
    async stage(secret: Secret, key: { keyId: string }) {
      keyId = key.keyId;
      await note('stage', keyId);
      sink.held = secret;
    },
    commit: () => note('commit', keyId),
    discard: () => note('discard', keyId),
    recall: async () => null,
  };
  return sink;
}

async function refusal(work: Promise<unknown>): Promise<KeyctlError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KeyctlError);
  return error as KeyctlError;
}

const ofOperation = (operationId: string) => admin.sql`
  select k.id, k.status, k.revocation_code, k.delivered_to, k.salt, k.verifier,
    (select array_to_json(array_agg(a.action order by a.seq)) from keyctl.audit_log a where a.key_id = k.id) as audit
  from keyctl.api_keys k where id in (select key_id from keyctl.audit_log where operation_id = ${operationId})`;

describe('creating a key', () => {
  it('is pending while it is staged, active only when every sink holds it, and says which did', async () => {
    const log: string[] = [];
    const sinks = [witness('one', log), witness('two', log)];
    const { key, repeated, status } = await createKey(ctx, wanted(sinks));
    expect(log).toEqual([
      'one stage (pending)',
      'two stage (pending)',
      'one commit (active)',
      'two commit (active)',
    ]);
    expect({ repeated, status, version: key.version, deliveredTo: key.deliveredTo }).toEqual({
      repeated: false,
      status: 'active',
      version: 1,
      deliveredTo: ['one', 'two'],
    });

    const [row] = await ofOperation(ctx.operationId);
    expect(row).toMatchObject({ status: 'active', delivered_to: ['one', 'two'] });
    expect(row?.audit).toEqual(['key.created', 'key.activated']);
    const [activated] =
      await admin.sql`select record from keyctl.audit_log where key_id = ${key.keyId} and action = 'key.activated'`;
    expect(JSON.parse(activated?.record).details.delivered_to).toEqual(['one', 'two']);
    const held = sinks[0]?.held ?? new Secret('');
    expect(matchesVerifier(held, row?.salt, row?.verifier)).toBe(true);
  });

  it('leaves the secret in no table, audit row or error', async () => {
    const sink = witness('one', [], undefined);
    await createKey(ctx, wanted([sink]));
    const secret = sink.held?.reveal().slice(-52) ?? '';
    const found = await admin.sql`select from keyctl.api_keys k where to_jsonb(k)::text like ${`%${secret}%`}
      union all select from keyctl.audit_log a where to_jsonb(a)::text like ${`%${secret}%`}`;
    expect(secret).toHaveLength(52);
    expect(found).toHaveLength(0);
  });

  it('ends the pending key when a sink fails, takes back what was staged, and activates nothing (8)', async () => {
    const log: string[] = [];
    const file = fileSink(join(home, 'key'));
    const error = await refusal(
      createKey(ctx, wanted([file, witness('one', log), witness('two', log, 'stage')])),
    );
    expect(error).toMatchObject({ exitCode: 8, code: 'undelivered', outcome: 'not_done', hint: 'mend it' });
    expect(error.message).toContain('two: it is broken; nothing was activated');
    expect(log).toEqual(['one stage (pending)', 'two stage (pending)', 'one discard (revoked)']);
    expect(await readdir(home)).toEqual([]);
    const [row] = await ofOperation(ctx.operationId);
    expect(row).toMatchObject({ status: 'revoked', revocation_code: 'abandoned', delivered_to: [] });
    expect(row?.audit).toEqual(['key.created', 'key.revoked']);
  });

  it('says that a delivered key is not active when it was revoked meanwhile (4)', async () => {
    const revoking: Sink = {
      ...witness('rival', []),
      async stage(_secret, key) {
        await admin.sql`select keyctl.revoke_key(${randomUUID()}::uuid, '{}', ${key.keyId}, 'leaked while it was made')`;
      },
    };
    const file = fileSink(join(home, 'key'));
    const error = await refusal(createKey(ctx, wanted([file, revoking])));
    expect(error).toMatchObject({ exitCode: 4, outcome: 'not_done' });
    expect(error.message).toMatch(/was delivered, but is NOT active: .*revoked/);
    expect(await readdir(home)).toEqual([]);
  });

  it('says what is unfinished when a sink cannot commit: the key is active (6)', async () => {
    const log: string[] = [];
    const error = await refusal(createKey(ctx, wanted([witness('one', log, 'commit'), witness('two', log)])));
    expect(error).toMatchObject({ exitCode: 6, outcome: 'partial' });
    expect(error.message).toContain('is active, but its delivery could not be finished: one (it is broken)');
    expect(log.at(-1)).toBe('two commit (active)');
    expect((await ofOperation(ctx.operationId))[0]?.status).toBe('active');
  });

  it('counts an expiry from the database’s clock (F13)', async () => {
    const sinks = [witness('one', [])];
    const { key } = await createKey(ctx, {
      ...wanted(sinks),
      settings: { name: 'short', expires_in_seconds: 3600 },
    });
    const [row] =
      await admin.sql`select extract(epoch from expires_at - created_at)::int as seconds from keyctl.api_keys where id = ${key.keyId}`;
    expect(row?.seconds).toBe(3600);
  });
});

describe('the same operation again', () => {
  it('answers the first key without its secret, and makes no second one', async () => {
    const first = await createKey(ctx, wanted([witness('one', [])]));
    const log: string[] = [];
    const again = await createKey(ctx, wanted([witness('other', log)]));
    expect(again).toEqual({ key: first.key, repeated: true, status: 'active' });
    expect(log).toEqual([]);
    expect(await ofOperation(ctx.operationId)).toHaveLength(1);
  });

  it('gives two at once one key between them', async () => {
    const [one, two] = [witness('one', []), witness('two', [])];
    const other = await contextOn(database, { operationId: ctx.operationId });
    const settled = await Promise.allSettled([
      createKey(ctx, wanted([one])),
      createKey(other, wanted([two])),
    ]);
    const rows = await ofOperation(ctx.operationId);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.status).toBe('active');
    expect([one.held, two.held].filter((held) => held !== null)).toHaveLength(1);
    for (const each of settled) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'secret_lost', exitCode: 8 });
    }
  });

  it('says that the secret is lost when the first run died before delivering, and how to go on (8)', async () => {
    const { key } = issue();
    const lost = {
      id: key.keyId,
      prefix: 'kc',
      saltHex: '00',
      verifierHex: '00',
      hashScheme: 1,
      fingerprint: 'sha256:00',
    };
    const change = { operationId: ctx.operationId, context: ctx.actor };
    await ctx.db.change(ctx.operationId, (db) =>
      register(db, change, { key: lost, owner: null, settings: { name: 'lost' } }),
    );
    const log: string[] = [];
    const error = await refusal(createKey(ctx, wanted([witness('one', log)])));
    expect(error).toMatchObject({ exitCode: 8, code: 'secret_lost' });
    expect(error.hint).toContain(`keyctl revoke ${key.keyId} --reason`);
    expect(log).toEqual([]);
    expect((await ofOperation(ctx.operationId))[0]?.status).toBe('pending');

    await admin.sql`select keyctl.revoke_key(${randomUUID()}::uuid, '{}', ${key.keyId}, 'creation cut off before delivery')`;
    const after = await refusal(createKey(ctx, wanted([witness('one', log)])));
    expect(after).toMatchObject({ exitCode: 8, code: 'undelivered' });
    expect(after.message).toContain('revoked without ever being active');
  });

  it('does not take a file for the lost secret that only looks like it', async () => {
    const forged = issue();
    const genuine = { ...forged.key, id: forged.key.keyId };
    const key = {
      id: genuine.id,
      prefix: 'kc',
      saltHex: '00',
      verifierHex: '00',
      hashScheme: 1,
      fingerprint: 'sha256:00',
    };
    const change = { operationId: ctx.operationId, context: ctx.actor };
    await ctx.db.change(ctx.operationId, (db) =>
      register(db, change, { key, owner: null, settings: { name: 'x' } }),
    );
    // Right locator, right checksum, another secret than the one that was registered.
    await writeFile(join(home, 'key'), forged.token.reveal());
    const error = await refusal(createKey(ctx, wanted([fileSink(join(home, 'key'))])));
    expect(error).toMatchObject({ exitCode: 8, code: 'secret_lost' });
    expect((await ofOperation(ctx.operationId))[0]?.status).toBe('pending');
  });
});

describe('killed or cut off', () => {
  it('killed after staging: a pending key, and the same operation goes on with the file that is there', async () => {
    const creator = await bundled(join(import.meta.dirname, 'create-child.ts'));
    const path = join(home, 'key');
    const settings = JSON.stringify(database.settings('test_operator'));
    const child = spawn(process.execPath, [creator, settings, ctx.operationId, path]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await ofOperation(ctx.operationId))[0]?.status).toBe('pending');
    const secret = await readFile(path, 'utf8');

    const { key, repeated } = await createKey(ctx, wanted([fileSink(path)]));
    const [row] = await ofOperation(ctx.operationId);
    expect(row).toMatchObject({ id: key.keyId, status: 'active', delivered_to: [`file:${path}`] });
    expect(repeated).toBe(false);
    expect(await readFile(path, 'utf8')).toBe(secret);
    expect(matchesVerifier(new Secret(secret), row?.salt, row?.verifier)).toBe(true);
  });

  /** From its staging on, each such message is lost, and the connection with it: E executes, C says that it is done. */
  async function cutFromStaging(lostType: 'E' | 'C'): Promise<{ context: Context; cutting: Sink }> {
    let lost = false;
    const side = lostType === 'E' ? 'client' : 'server';
    proxy = await startProxy({
      target: { path: `${newest.socketDirectory}/.s.PGSQL.${newest.port}` },
      fate: ({ from, type }) => (lost && type === lostType && from === side ? 'cut' : 'forward'),
    });
    const settings = { ...database.settings('test_operator'), host: '127.0.0.1', port: proxy.port };
    const db = await openDatabase(() => connect(settings, { timeoutMs: 3000 }));
    const cutting = {
      ...witness('cut', []),
      async stage() {
        lost = true;
      },
      commit: async () => {},
    };
    return { context: { ...ctx, db }, cutting };
  }

  it.each([
    ['before', 'E', 'pending'],
    ['after', 'C', 'active'],
  ] as const)(
    'cut %s activation: 75, the file stays, and the same operation settles it',
    async (_when, lostType, left) => {
      const path = join(home, 'key');
      const { context, cutting } = await cutFromStaging(lostType);
      const error = await refusal(createKey(context, wanted([fileSink(path), cutting])));
      expect(error).toMatchObject({ exitCode: 75, outcome: 'unknown', operationId: ctx.operationId });
      expect(error.message).toContain('nobody knows whether it became active');
      const secret = await readFile(path, 'utf8');
      const status = async () => (await ofOperation(ctx.operationId))[0]?.status;
      await expect.poll(status, { timeout: 60_000 }).toBe(left);

      const { key, repeated } = await createKey(ctx, wanted([fileSink(path)]));
      expect(repeated).toBe(left === 'active');
      const rows = await ofOperation(ctx.operationId);
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({ id: key.keyId, status: 'active' });
      expect(await readFile(path, 'utf8')).toBe(secret);
      expect(matchesVerifier(new Secret(secret), rows[0]?.salt, rows[0]?.verifier)).toBe(true);
    },
  );
});
