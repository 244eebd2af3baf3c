import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { connect } from '../../src/db/connect.js';
import { freshDatabase, newest, settingsFor, type TestDatabase } from '../support/postgres.js';
import { type Pty, type PtyOptions, startPty } from '../support/pty.js';
import { seedFinding } from '../support/seed-findings.js';
import { auditOf, type KeySeed, type SeededKey, seedKey, seedUsage } from '../support/seed-keys.js';

/** `keyctl audit review` in a real terminal, on a real database. */
let database: TestDatabase;
let admin: Connection;
const reason = 'leaked in acme/app commit 7a3f21';
const open: Pty[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
beforeEach(() => admin.sql`delete from keyctl.findings`);
afterEach(() => {
  for (const pty of open.splice(0)) pty.close();
});
afterAll(() => database.drop());

async function review(flags: readonly string[] = [], options: PtyOptions = {}): Promise<Pty> {
  const { host, port } = database.settings();
  const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
  const pty = await startPty(['audit', 'review', ...flags], {
    ...options,
    env: { DATABASE_URL: url, ...options.env },
  });
  open.push(pty);
  return pty;
}

/** A key in use with a finding; the higher the weight, the further up. */
async function found(seed: KeySeed, weight: number): Promise<SeededKey & { readonly findingId: string }> {
  const key = await seedKey(admin, seed);
  const summary = `147 refusals, then accepted: ${key.name}`;
  const about = { keyId: key.id, familyId: key.familyId, family: 'auth', detector: 'auth_success' };
  const findingId = await seedFinding(admin, { ...about, weight, evidence: { summary } });
  return { ...key, findingId };
}

async function leaves(pty: Pty): Promise<number> {
  const { code, settings } = await pty.ended();
  for (const setting of ['isig', 'icanon', 'echo', 'icrnl', 'opost']) {
    expect(settings.split(/\s+/)).toContain(setting);
  }
  expect(pty.cursor().shown).toBe(true);
  return code;
}

describe('a person reviews', () => {
  it('sees the worst key and why, revokes it as on the command line, and leaves', async () => {
    const alice = await found({ name: 'alice-prod', owner: 'alice@example.com' }, 0.95);
    await found({ name: 'bob-batch' }, 0.4);
    await seedUsage(admin, { keyId: alice.id, times: 40, secondsAgo: 4 });
    const pty = await review();
    await pty.sees(/›.▲ +95 alice-prod v1/);
    await pty.sees('147 refusals, then accepted: alice-prod');
    await pty.sees('billing-worker 40');
    pty.type('r');
    await pty.sees('40 requests in the last hour');
    await pty.sees('Reason (kept in the audit log):');
    pty.paste(reason);
    pty.type('\r');
    await pty.sees('Kind of reason');
    pty.type('\r');
    await pty.sees(`Type ${alice.id.slice(4, 8)} to revoke it`);
    await pty.sees(`keyctl revoke ${alice.id} --reason 'leaked in acme/app`);
    expect(await auditOf(admin, alice.id)).toEqual([]);
    pty.type(`${alice.id.slice(4, 8)}\r`);
    await pty.sees('✓ revoked');
    expect(await auditOf(admin, alice.id)).toMatchObject([
      { action: 'key.revoked', reason, actor_db: 'test_operator' },
    ]);
    await pty.sees('✗ revoked');
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
  });

  it('marks two keys, suspends both, and acknowledges what was found', async () => {
    const keys = [await found({ name: 'first' }, 0.9), await found({ name: 'second' }, 0.8)];
    await found({ name: 'third' }, 0.7);
    const pty = await review();
    await pty.sees('third v1');
    pty.type('  ');
    await pty.sees('2 marked');
    pty.type('s');
    await pty.sees(/in use[\s\S]*in use/);
    pty.type(`${reason}\r4h\r2`);
    await pty.sees('Type 2 to suspend these 2 keys');
    await pty.sees(`keys suspend ${keys.map(({ id }) => id).join(' ')}`.slice(0, 60));
    pty.type('\r');
    await pty.sees(/suspended[\s\S]*suspended/);
    for (const { id } of keys)
      expect(await auditOf(admin, id)).toMatchObject([{ action: 'key.suspended', reason }]);
    pty.type('gk a\r');
    await pty.sees(/✓ fnd_\w+ acknowledged/);
    expect(await auditOf(admin, keys[0]?.id ?? '')).toMatchObject([{}, { action: 'finding.acknowledged' }]);
    const [row] =
      await admin.sql`select status from keyctl.findings where finding_id = ${keys[0]?.findingId ?? ''}`;
    expect(row).toEqual({ status: 'acknowledged' });
    pty.type('i');
    await pty.sees('Incident (INC-7, or new):');
    pty.type('\r');
    await pty.sees(/fnd_\w+ .*INC-1/);
    // What was acknowledged has left the list: the next key is the one that is meant now.
    const actions = (await auditOf(admin, keys[1]?.id ?? '')).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['key.suspended', 'finding.escalated']));
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
  });

  it('keeps the selected key when worse ones come in, and the picture when the database is away', async () => {
    await found({ name: 'first' }, 0.9);
    await found({ name: 'second' }, 0.8);
    const pty = await review();
    await pty.sees('second v1');
    pty.type('j');
    await pty.sees(/›.▲ +80 second/);
    await found({ name: 'worse' }, 0.97);
    await pty.sees('97 worse v1');
    await pty.sees(/›.▲ +80 second/);
    const server = await connect(settingsFor(newest, 'postgres', 'postgres'), { timeoutMs: 20_000 });
    await server.sql.unsafe(`alter database ${database.name} allow_connections false`);
    await server.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = ${database.name} and usename = 'test_operator'`;
    await pty.sees(/this picture is \d+ s old/);
    expect(pty.screen().join('\n')).toMatch(/›.▲ +80 second/);
    await server.sql.unsafe(`alter database ${database.name} allow_connections true`);
    await server.close();
    await pty.sees('3 of 3');
    pty.type('\x03');
    expect(await leaves(pty)).toBe(130);
  });

  it('read only, offers nothing that changes anything', async () => {
    const key = await found({ name: 'first' }, 0.9);
    const pty = await review(['--readonly']);
    await pty.sees('READ ONLY');
    await pty.sees('first v1');
    pty.type('r');
    await pty.sees('this screen is read only');
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
    expect(await auditOf(admin, key.id)).toEqual([]);
  });

  it('asks for more room in a small window, and draws itself in a larger one', async () => {
    await found({ name: 'first' }, 0.9);
    const pty = await review([], { columns: 40, rows: 10 });
    await pty.sees('60 columns');
    pty.resize(130, 30);
    await pty.sees(/RISK.*│ ─ key_/);
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
  });

  it('has it read aloud, on the shell’s own screen', async () => {
    await found({ name: 'first' }, 0.9);
    const pty = await review([], { env: { INK_SCREEN_READER: 'true' } });
    await pty.sees('1 of 1: first v1, risk 90, critical');
    await pty.sees('Plus 90, auth, medium');
    pty.type('q');
    expect(await leaves(pty)).toBe(0);
    expect(pty.written()).not.toContain('\x1b[?1049h');
  });
});

it('hostile names, owners and findings are shown, and nothing of them is obeyed', async () => {
  const hostile = '\x1b]52;c;aGVsbG8=\x07\r\x1b[2J\u202eevil\u009b1;31m\x1b[999;1H';
  const key = await found({ name: hostile }, 0.9);
  await seedUsage(admin, {
    keyId: key.id,
    times: 3,
    secondsAgo: 4,
    userAgent: `${hostile}/1`,
    endpoint: hostile,
  });
  const pty = await review([], { columns: 130, rows: 30 });
  await pty.sees('\\x1b]52;c;');
  pty.type('\r');
  await pty.sees('from 192.0.2.10 3');
  expect(pty.screen().some((text) => text.includes('147 refusals') && text.includes('\\x1b]52'))).toBe(true);
  for (const trick of ['\x1b]', '\x1b[999;1H', '\u202e', '\u009b', '\x07'])
    expect(pty.written()).not.toContain(trick);
});
