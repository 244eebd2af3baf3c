import { describe, expect, it } from 'vitest';
import type { BlastRadius } from '../../src/actions/blast-radius.js';
import type { RecentUse, UsageWindow } from '../../src/db/reads/blast-radius.js';
import type { KeyRow } from '../../src/db/reads/keys.js';
import { blastRadius, blastRadiusQuestion } from '../../src/render/blast-radius.js';
import { width } from '../../src/render/layout.js';
import type { View } from '../../src/render/renderer.js';
import { styleFor } from '../../src/render/style.js';
import type { Safe } from '../../src/render/terminal-text.js';
import { hostile } from './hostile.js';

const style = styleFor({ colorLevel: 0, unicode: true });
const view = (columns = 80): View => ({ style, columns, now: new Date('2026-11-21T03:12:04Z') });

const target: BlastRadius['target'] = {
  host: 'db.prod',
  port: 5432,
  database: 'keys',
  role: 'oncall',
  serverVersion: '18.4',
  embedded: false,
  tls: true,
};

function keyRow(over: Partial<KeyRow['key']> = {}, email: string | null = 'alice@example.com'): KeyRow {
  const key = {
    id: 'key_7Q2mK9xZab3d',
    name: 'alice-prod',
    version: 3,
    status: 'active',
    familyId: 'key_000000000001',
    replacedBy: null,
    usableUntil: null,
    scopes: ['workflow:execute', 'workflow:read'],
    lastUsedAt: '2026-11-21T03:12:00.5+00:00',
    revokedAt: null,
    ...over,
  };
  return { key: key as KeyRow['key'], owner: email === null ? null : { email, name: null, userId: null } };
}

function usage(over: Partial<UsageWindow> = {}): UsageWindow {
  return { requests: 0, accepted: over.requests ?? 0, distinctIps: 0, endpoints: [], agents: [], ...over };
}

const busy: RecentUse = {
  hour: usage({
    requests: 7080,
    distinctIps: 3,
    endpoints: [
      { value: '/v1/runs', requests: 5760 },
      { value: '/v1/export', requests: 1320 },
    ],
    agents: [
      { value: 'billing-worker/2.3 (linux)', requests: 4000 },
      { value: 'curl/8.5', requests: 1000 },
      { value: 'billing-worker/2.3', requests: 2080 },
    ],
  }),
  day: usage({ requests: 120_400, accepted: 120_000, distinctIps: 4 }),
  newIps: 1,
  eventsAsOf: '2026-11-21T03:12:00.500Z',
};
const idle: RecentUse = { hour: usage(), day: usage(), newIps: 0, eventsAsOf: '2026-11-21T03:11:04.000Z' };

const radius = (over: Partial<BlastRadius> = {}): BlastRadius => ({
  target,
  row: keyRow(),
  use: busy,
  family: [],
  ...over,
});
const shown = (over: Partial<BlastRadius> = {}, columns = 80) =>
  blastRadius.text([radius(over)], view(columns));
const lineOf = (text: string, label: string) =>
  text.split('\n').find((line) => line.startsWith(`  ${label}`));

it('shows, at 80 columns, which key where, whose, how used, what breaks and what is left', () => {
  const family = [keyRow({ id: 'key_000000000001', version: 1, status: 'replaced' })];
  expect(`\n${shown({ family })}\n`).toBe(`
key_7Q2mK9xZab3d  alice-prod  v3  ✓ active                db.prod/keys as oncall
  owner      alice@example.com · scopes workflow:execute, workflow:read
  in use     118 requests/min, 3 addresses (1 new), last 3 s ago
             120,400 requests from 4 addresses in 24 h, 400 refused
  breaks     /v1/runs 96/min · /v1/export 22/min · agents billing-worker/2.3,
             curl/8.5
  family     1 other key, none usable; nothing replaces it yet
`);
});

describe('use', () => {
  it.each<[what: string, use: RecentUse | null, lastUsedAt: string | null, says: string]>([
    ['none in 24 h', idle, null, 'no request in 24 h, never seen in use (log as of 1 m ago)'],
    [
      'none in 24 h, but before',
      idle,
      '2026-11-18T03:00:00+00:00',
      'no request in 24 h, last 3 d ago (log as of 1 m ago)',
    ],
    [
      'no log at all',
      { ...idle, eventsAsOf: null },
      null,
      'no request in 24 h, never seen in use (no usage was ever brought in)',
    ],
    ['not known in time', null, null, 'not known in time'],
  ])('%s', (_what, use, lastUsedAt, says) => {
    const text = shown({ use, row: keyRow({ lastUsedAt }) }, 100);
    expect(lineOf(text, 'in use')).toBe(`  in use     ${says}`);
    expect(lineOf(text, 'breaks')).toBeUndefined();
  });

  it('of a few requests is a number, not a rate of 0.1 a minute', () => {
    const few = usage({ requests: 3, distinctIps: 1, endpoints: [{ value: '', requests: 3 }] });
    const text = shown({ use: { ...busy, hour: few, day: { ...few } } });
    expect(lineOf(text, 'in use')).toBe('  in use     3 requests in the last hour, 1 address, last 3 s ago');
    expect(lineOf(text, 'breaks')).toBe('  breaks     (no endpoint) 3x');
  });

  it('calls no address new when nothing is older than the hour', () => {
    expect(shown({ use: { ...busy, day: busy.hour, newIps: 3 } })).not.toContain('new');
  });

  it('of the day only says so', () => {
    const day = usage({
      requests: 9,
      distinctIps: 2,
      endpoints: [{ value: '/v1/runs', requests: 9 }],
      agents: [{ value: 'cron', requests: 9 }],
    });
    const text = shown({ use: { ...busy, hour: usage(), day, newIps: 0 } });
    expect(lineOf(text, 'in use')).toBe('  in use     none in the last hour, last 3 s ago');
    expect(lineOf(text, 'breaks')).toBe('  breaks     /v1/runs 9x in 24 h · agents cron');
  });

  it('that is refused already breaks nothing', () => {
    const refused = { ...busy.hour, accepted: 0 };
    expect(lineOf(shown({ use: { ...busy, hour: refused } }), 'breaks')).toBe(
      '  breaks     nothing: no request was accepted',
    );
  });
});

describe('family', () => {
  const v1 = keyRow({
    id: 'key_000000000001',
    version: 1,
    status: 'retiring',
    usableUntil: '2026-11-21T12:00:00.1+00:00',
  });
  const v4 = keyRow({ id: 'key_000000000004', version: 4, status: 'active' });
  it.each<[what: string, family: KeyRow[], over: Partial<KeyRow['key']>, says: string]>([
    ['alone', [], {}, 'no other key; nothing replaces it yet'],
    [
      'an older one in its grace',
      [v1],
      {},
      '1 other key; nothing replaces it yet; STILL USABLE: key_000000000001 v1 retiring until 2026-11-21T12:00:00Z',
    ],
    ['its successor', [v4], { replacedBy: v4.key.id }, '1 other key; replaced by key_000000000004 v4 active'],
    [
      'both',
      [v1, v4],
      { replacedBy: v4.key.id },
      '2 other keys; replaced by key_000000000004 v4 active; STILL USABLE: key_000000000001 v1 retiring until 2026-11-21T12:00:00Z',
    ],
  ])('%s', (_what, family, over, says) => {
    const text = shown({ family, row: keyRow(over) }, 200);
    expect(lineOf(text, 'family')).toBe(`  family     ${says}`);
  });
});

it('a revoked key shows when, by whom and why', () => {
  const revoked = {
    status: 'revoked',
    revokedAt: '2026-11-20T01:02:03.4+00:00',
    revokedBy: 'carol',
    revocationReason: 'leaked in a gist',
  };
  expect(lineOf(shown({ row: keyRow(revoked) }), 'revoked')).toBe(
    '  revoked    2026-11-20T01:02:03.400Z by carol: leaked in a gist',
  );
});

describe('however long its parts are', () => {
  const longEndpoint = usage({
    requests: 60,
    endpoints: [{ value: `/${'x'.repeat(5000)}`, requests: 60 }],
    agents: [{ value: 'y'.repeat(5000), requests: 60 }],
  });
  const long: Partial<BlastRadius> = {
    row: keyRow(
      { name: 'n'.repeat(1000), scopes: Array.from({ length: 20 }, (_each, at) => `scope-${at}:*`) },
      `${'o'.repeat(60)}@example.com`,
    ),
    use: { ...busy, hour: longEndpoint },
    target: { ...target, host: 'db-primary.payments.internal.example.com' },
  };
  it.each([40, 60, 80, 120])('no line is wider than %i columns, and the id is whole', (columns) => {
    const lines = shown(long, columns).split('\n');
    for (const line of lines) expect(width(line as Safe)).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(/^key_7Q2mK9xZab3d {2}n+… {2}v3 {2}✓ active$/);
    expect(lines.length).toBeLessThan(30);
  });
});

it.each(hostile)('nothing from outside acts on the terminal: %s', (_trick, text) => {
  const window = usage({
    requests: 60,
    endpoints: [{ value: text, requests: 60 }],
    agents: [{ value: text, requests: 60 }],
  });
  const all = {
    row: keyRow(
      {
        name: text,
        scopes: [text],
        status: 'revoked',
        revokedBy: text,
        revocationReason: text,
        revokedAt: '2026-11-20T01:02:03+00:00',
      },
      text,
    ),
    use: { ...busy, hour: window },
    family: [keyRow({ id: 'key_000000000001', status: text })],
    target: { ...target, database: text, role: text },
  };
  const seen =
    blastRadius.text([radius(all)], view()) + blastRadiusQuestion(Array(5).fill(radius(all)), view());
  expect(seen.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
});

describe('many keys', () => {
  const many = Array.from({ length: 40 }, (_each, at) => {
    const requests = at * 60;
    return radius({
      row: keyRow({ id: `key_${String(at).padStart(12, '0')}`, name: `key ${at}` }),
      use: { ...idle, hour: usage({ requests }), day: usage({ requests }) },
    });
  });

  it('are a table above a question, the busiest first, and no longer than a screen', () => {
    const lines = blastRadiusQuestion(many, view()).split('\n');
    expect(lines.length).toBeLessThan(20);
    expect(lines[0]).toMatch(/^KEY +NAME +STATUS +OWNER +24 H +LAST USE$/);
    expect(lines[1]).toMatch(/^key_000000000039 +key 39 +✓ active +alice@example.com +2,340 +3 s ago$/);
    expect(lines.at(-2)).toBe('and 28 keys less busy (--dry-run shows all)');
    expect(lines.at(-1)).toBe(
      '40 keys in db.prod/keys as oncall: 39 used in 24 h, together 780 requests/min in the last hour',
    );
  });

  it('are all there with --dry-run', () => {
    expect(blastRadius.text(many, view()).split('\n')).toHaveLength(42);
  });
});
