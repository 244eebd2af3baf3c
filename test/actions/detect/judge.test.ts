import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/actions/context.js';
import { judgeHistory } from '../../../src/actions/detect/judge-history.js';
import { judgeLive } from '../../../src/actions/detect/judge-live.js';
import type { Judged } from '../../../src/actions/detect/judged.js';
import { refreshBaselines } from '../../../src/actions/detect/refresh-baselines.js';
import { rollUp } from '../../../src/actions/roll-up.js';
import type { Connection } from '../../../src/db/connect.js';
import { noKnowledge } from '../../../src/domain/detect/activity.js';
import { contextOn } from '../../support/context.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { dice, type EventSeed, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const thisHour = Math.floor(Date.now() / hourMs) * hourMs;
const rotatedAt = thisHour - 5 * dayMs;
const options = { alertBudgetPerDay: null, knowledge: noKnowledge };

let database: TestDatabase;
let admin: Connection;
let ctx: Context;
let old: SeededKey;
let key: SeededKey;
let quiet: SeededKey;
const ids = dice(7);

/** Requests of a key, by default every two minutes or so from where it always comes from. */
function uses(
  of: SeededKey,
  from: number,
  until: number,
  more: Partial<EventSeed> & { everyMs?: number } = {},
) {
  const { everyMs = 2 * minuteMs, ...rest } = more;
  const roll = dice(from % 1_000_003);
  const all: EventSeed[] = [];
  for (let at = from; at < until; at += everyMs / 2 + roll(everyMs))
    all.push({
      ...{ key_id: of.id, id: `${of.id}-${at}-${ids(1e9)}`, ts: new Date(at).toISOString() },
      ...{ endpoint: '/v1/runs', status: 200, ip_text: '192.0.2.10', user_agent: 'worker/1', bytes: 900 },
      ...rest,
    });
  return all;
}

const raisedBy = ({ raised }: Judged, detector: string, of: SeededKey) =>
  raised.filter((each) => each.detector === detector && each.familyId === of.familyId);

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  ctx = await contextOn(database);
  old = await seedKey(admin, { name: 'billing', status: 'replaced' });
  key = await seedKey(admin, { name: 'billing (rotated)', family: old });
  quiet = await seedKey(admin, { name: 'quiet' });
  await seedEvents(admin, [
    ...uses(old, thisHour - 24 * dayMs, rotatedAt),
    ...uses(key, rotatedAt, thisHour - 90 * minuteMs),
    ...uses(quiet, thisHour - 24 * dayMs, thisHour, { everyMs: 6 * hourMs }),
  ]);
});
afterAll(() => database.drop());

describe('the nightly refresh', () => {
  it('makes a baseline of each family that was used, up to a day ago, and none twice', async () => {
    expect((await rollUp(ctx)).baselines).toBe(2);
    const rows =
      await admin.sql`select family_id, until, facts from keyctl.usage_baselines order by until, family_id`;
    expect(rows.map((row) => row.family_id).toSorted()).toEqual([old.familyId, quiet.familyId].toSorted());
    for (const row of rows) expect(Date.parse(String(row.until))).toBeLessThanOrEqual(Date.now() - dayMs);
    const scores = await admin.sql`select count(distinct day)::int as days, sum(families)::int as families
      from keyctl.detection_scores where detector = 'volume_requests'`;
    expect([...scores]).toEqual([{ days: 8, families: 16 }]);
    expect(await refreshBaselines(ctx)).toBe(0);
    expect([...(await admin.sql`select 1 from keyctl.audit_log where action like '%baseline%'`)]).toEqual([]);
  });

  it('keeps a newer baseline, and counts scores once', async () => {
    const until = `(select max(until) from keyctl.usage_baselines)`;
    const [before] = await admin.sql.unsafe(
      `select made_at, facts from keyctl.usage_baselines where family_id = '${key.familyId}'`,
    );
    const [stored] =
      await admin.sql.unsafe(`select keyctl.store_baselines(jsonb_build_array(jsonb_build_object('family_id', '${key.familyId}',
      'since', ${until} - interval '9 days', 'until', ${until} - interval '1 day', 'form', 1, 'expected_requests', '[1, 2]'::jsonb,
      'facts', '{}'::jsonb))) as stored`);
    expect(stored?.stored).toBe(0);
    const [after] = await admin.sql.unsafe(
      `select made_at, facts from keyctl.usage_baselines where family_id = '${key.familyId}'`,
    );
    expect(after).toEqual(before);
    const [taken] =
      await admin.sql.unsafe(`select keyctl.store_scores('[{"day": "2026-01-01", "detector": "volume_requests",
      "stratum": 1, "tenth_bits": 3, "families": 1}]', (select baselines_at from keyctl.rollup_state)) as taken`);
    expect(taken?.taken).toBe(false);
  });

  it('makes anew what was stored in another form', async () => {
    await admin.sql`update keyctl.usage_baselines set form = 0`;
    await admin.sql`update keyctl.rollup_state set baselines_at = baselines_at - interval '1 day'`;
    expect(await refreshBaselines(ctx)).toBe(2);
    expect([...(await admin.sql`select distinct form from keyctl.usage_baselines`)]).toEqual([{ form: 1 }]);
  });
});

describe('live judgement', () => {
  it('finds nothing unusual in a key that goes on as its predecessor did', async () => {
    const judged = await judgeLive(ctx, options);
    expect(judged.raised).toEqual([]);
    expect(judged.conservative).toContain('too few to know');
    expect(judged.families).toBe(2);
    expect(Date.parse(judged.since)).toBeLessThanOrEqual(thisHour - 3 * hourMs + hourMs);
  });

  it('judges the last hours again when events come in late', async () => {
    const from = thisHour - 70 * minuteMs;
    await seedEvents(admin, uses(key, from, from + 8 * minuteMs, { everyMs: 1000, ip_text: '203.0.113.9' }));
    const judged = await judgeLive(ctx, options);
    const [volume] = raisedBy(judged, 'volume_requests', key);
    expect(volume).toMatchObject({ keyId: key.id, familyId: old.familyId, severity: 'high', onsetAt: from });
    expect(volume?.evidence.topIps[0]).toMatchObject({ value: '203.0.113.9', isNew: true });
    expect(volume?.expectedHigh).toBeGreaterThan(20);
    expect(volume?.detectedAt).toBeLessThanOrEqual(from + 15 * minuteMs);
    expect(raisedBy(judged, 'origin_network', key)).toHaveLength(1);
    expect(raisedBy(judged, 'volume_requests', quiet)).toEqual([]);
  });

  it('looks at the families that are asked for only, as a viewer too', async () => {
    const viewer = await contextOn(database, { role: 'test_viewer' });
    const judged = await judgeLive(viewer, { ...options, families: [quiet.familyId] });
    expect(judged).toMatchObject({ families: 1, raised: [] });
  });

  it('tells of a key that is unused for a week, on the day on which it is', async () => {
    const idle = await seedKey(admin, { name: 'idle' });
    await seedEvents(
      admin,
      uses(idle, thisHour - 24 * dayMs, thisHour - 7 * dayMs - 2 * hourMs, { everyMs: hourMs }),
    );
    await admin.sql`update keyctl.api_keys k set last_used_at = (select max(ts) from keyctl.usage_events u where u.key_id = k.id)`;
    await admin.sql`update keyctl.rollup_state set baselines_at = baselines_at - interval '1 day'`;
    await rollUp(ctx);
    const judged = await judgeLive(ctx, options);
    expect(raisedBy(judged, 'stale', idle)).toMatchObject([{ severity: 'info', observed: 7 }]);
  });
});

describe('history', () => {
  it('is judged as it would have been then, and finds what live found', async () => {
    const span = { since: new Date(thisHour - 10 * dayMs), until: new Date(thisHour) };
    const judged = await judgeHistory(ctx, { ...options, ...span });
    const live = await judgeLive(ctx, options);
    const pick = (from: Judged) =>
      raisedBy(from, 'volume_requests', key).map(({ onsetAt, observed, detectedAt }) => [
        onsetAt,
        observed,
        detectedAt,
      ]);
    expect(pick(judged)).toHaveLength(1);
    expect(pick(judged)).toEqual(pick(live));
  });

  it('never sees the future', async () => {
    const span = { since: new Date(thisHour - 10 * dayMs), until: new Date(thisHour - 2 * dayMs) };
    const before = await judgeHistory(ctx, { ...options, ...span });
    const flood = uses(quiet, span.until.getTime(), span.until.getTime() + hourMs, {
      everyMs: 1000,
      ip_text: '203.0.113.77',
    });
    await seedEvents(admin, flood);
    const after = await judgeHistory(ctx, { ...options, ...span });
    expect({ ...after, asOf: null }).toEqual({ ...before, asOf: null });
    const later = await judgeHistory(ctx, { ...options, ...span, until: new Date(thisHour) });
    expect(raisedBy(later, 'volume_requests', quiet)).toHaveLength(1);
  });
});
