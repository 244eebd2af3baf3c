import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../src/db/connect.js';
import { createVerifier, type Query, type Verifier } from '../src/verify.js';
import { importedKey } from './support/imported-key.js';
import { freshDatabase, type TestDatabase } from './support/postgres.js';
import { decisionsByStatus, presentedTokens } from './support/presented.js';
import { type SeededKey, seedKey } from './support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let gateway: Connection;
let keys: Verifier;
let alice: SeededKey;
const foreign = 'sk-live-Zx81pQr0Lk2v';

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  gateway = await database.connect('test_gateway');
  keys = createVerifier({ query: gateway.sql });
  alice = await seedKey(admin, { prefix: 'fie_alice', scopes: ['workflow:*'] });
  await importedKey(admin, 'key_imported0001', foreign);
  await admin.sql`update keyctl.api_keys set rpm = 100, rph = 1000, allowed_ips = '{192.0.2.0/24}' where id = ${alice.id}`;
});
afterAll(() => database.drop());

const tokens = () => presentedTokens(alice.token, foreign);

describe('keyctl/verify, as a member of keyctl_gateway', () => {
  it('answers whose a key is, what it may, and its limits', async () => {
    expect(await keys.verify(alice.token, { ip: '192.0.2.7', scope: 'workflow:read' })).toEqual({
      valid: true,
      decision: 'ok',
      keyId: alice.id,
      version: 1,
      scopes: ['workflow:*'],
      limits: { rpm: 100, rph: 1000, burst: null, concurrency: null },
      successorId: null,
    });
  });

  it('judges every kind of text that can be presented', async () => {
    for (const [what, token, decision] of tokens()) {
      const seen = await keys.verify(token);
      expect([seen.decision, seen.valid], what).toEqual([decision, decision === 'ok']);
      if (seen.valid) continue;
      expect(seen).toMatchObject({
        keyId: null,
        version: null,
        scopes: [],
        limits: { rpm: 0, concurrency: 0 },
      });
    }
    expect((await keys.verify(undefined)).decision).toBe('malformed');
  });

  it.each(decisionsByStatus)('judges a key that is %s: %s', async (status, decision) => {
    const key = await seedKey(admin, { status });
    const seen = await keys.verify(key.token);
    expect([seen.decision, seen.keyId]).toEqual([decision, key.id]);
    expect(seen.limits.rpm).toBe(decision === 'ok' ? null : 0);
  });

  it('judges the request it is told of', async () => {
    expect((await keys.verify(alice.token, { ip: '198.51.100.1' })).decision).toBe('ip');
    expect((await keys.verify(alice.token, { scope: 'billing:read' })).decision).toBe('scope');
    // What the socket of a dual-stack server says of an IPv4 client.
    expect((await keys.verify(alice.token, { ip: '::ffff:192.0.2.7' })).decision).toBe('ok');
    expect((await keys.verify(alice.token, { ip: '::ffff:198.51.100.1' })).decision).toBe('ip');
  });

  it('does not ignore an address that is none', async () => {
    for (const ip of ['unknown', '192.0.2.0/24', '']) {
      await expect(keys.verify(alice.token, { ip })).rejects.toThrow('not an IP address');
    }
  });

  it('sees a revocation at once', async () => {
    const key = await seedKey(admin);
    expect((await keys.verify(key.token)).valid).toBe(true);
    await admin.sql`select keyctl.revoke_key(gen_random_uuid(), '{}', ${key.id}, 'leaked in acme/app commit 7a3f21')`;
    expect((await keys.verify(key.token)).decision).toBe('revoked');
  });

  it('names the successor of a key', async () => {
    const old = await seedKey(admin, { status: 'replaced' });
    const next = await seedKey(admin, { family: old });
    expect((await keys.verify(old.token)).successorId).toBe(next.id);
  });

  it('puts the token into no parameter, and asks nothing for a wrong checksum', async () => {
    const asked: unknown[] = [];
    const spying = createVerifier({
      query: async (text, parameters) => {
        asked.push([text, ...parameters]);
        return await gateway.sql.unsafe(text, [...parameters]);
      },
    });
    for (const [, token] of tokens()) await spying.verify(token);
    expect(asked).toHaveLength(tokens().length - 1);
    for (const [what, token] of tokens()) {
      if (token !== '') expect(JSON.stringify(asked), what).not.toContain(token.trim());
    }
  });

  it('works with clients that answer as pg does, numbers as text included', async () => {
    const query: Query = (text, parameters) => gateway.sql.unsafe(text, [...parameters]);
    const pg = {
      query: async (text: string, parameters: (string | null)[]) => ({
        rows: ((await query(text, parameters)) as Record<string, unknown>[]).map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [
              name,
              typeof value === 'number' ? String(value) : value,
            ]),
          ),
        ),
      }),
    };
    const seen = await createVerifier({ query: pg }).verify(alice.token);
    expect(seen).toMatchObject({ valid: true, version: 1, limits: { rpm: 100 } });
  });

  it('rejects when the database cannot be asked, so that nobody takes that for a yes or a no', async () => {
    const broken = createVerifier({ query: () => Promise.reject(new Error('gone')) });
    await expect(broken.verify(alice.token)).rejects.toThrow('gone');
  });

  it('refuses to judge a key of a newer hash scheme', async () => {
    const newer = createVerifier({
      query: async (text, parameters) =>
        (await gateway.sql.unsafe(text, [...parameters])).map((row) => ({ ...row, hash_scheme: 2 })),
    });
    await expect(newer.verify(alice.token)).rejects.toThrow('newer keyctl');
  });

  it('may read no table', async () => {
    await expect(gateway.sql`select id from keyctl.api_keys`).rejects.toThrow('permission denied');
  });
});

describe('recordUsage', () => {
  const eventsOf = (keyId: string) =>
    admin.sql`select id, key_version, method, endpoint, status, host(ip) as ip, ip_text, user_agent, tokens::int, cost_usd
      from keyctl.usage_events where key_id = ${keyId} order by ts`;

  it('writes events once, without queries and keys, and moves the last use', async () => {
    const key = await seedKey(admin);
    const event = {
      ...{
        keyId: key.id,
        version: 1,
        id: 'request-1',
        method: 'GET',
        status: 200,
        tokens: 12,
        costUsd: 0.25,
      },
      endpoint: `/v1/runs?api_key=${key.token}#x`,
      ip: '::ffff:192.0.2.7',
      userAgent: `curl/8.5 ${key.token} \0\ud800`,
    };
    expect(await keys.recordUsage([event, { keyId: key.id, status: 401, ip: 'unknown' }])).toBe(2);
    expect(await keys.recordUsage([{ ...event, at: new Date(0) }]).catch(String)).toContain('between 2000');
    expect(await eventsOf(key.id)).toMatchObject([
      {
        ...{
          id: 'request-1',
          key_version: 1,
          method: 'GET',
          endpoint: '/v1/runs',
          status: 200,
          ip: '192.0.2.7',
        },
        ...{ ip_text: '::ffff:192.0.2.7', user_agent: `curl/8.5 ${key.redacted} \ufffd\ufffd`, tokens: 12 },
      },
      { status: 401, ip: null, ip_text: 'unknown', endpoint: null },
    ]);
    const [row] =
      await admin.sql`select last_used_at is not null as used from keyctl.api_keys where id = ${key.id}`;
    expect(row?.used).toBe(true);
  });

  it('counts an event that is sent twice once', async () => {
    const key = await seedKey(admin);
    const event = { keyId: key.id, id: 'request-2', at: new Date(), status: 200 };
    expect([await keys.recordUsage([event]), await keys.recordUsage([event])]).toEqual([1, 0]);
    expect(await keys.recordUsage([])).toBe(0);
  });
});
