import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/actions/context.js';
import { readDays, readReview, readReviewDetail } from '../../../src/actions/detect/read-review.js';
import { rollUp } from '../../../src/actions/roll-up.js';
import type { Connection } from '../../../src/db/connect.js';
import { baselineForm } from '../../../src/domain/detect/baseline.js';
import type { ReviewSubject } from '../../../src/domain/review.js';
import { contextOn } from '../../support/context.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedFinding } from '../../support/seed-findings.js';
import { type SeededKey, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let viewer: Context;
let alice: SeededKey;
let bob: SeededKey;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  viewer = await contextOn(database, { role: 'test_viewer' });
  alice = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.com', scopes: ['workflow:read'] });
  bob = await seedKey(admin, { name: 'bob-batch' });
  const about = (key: SeededKey) => ({ keyId: key.id, familyId: key.familyId });
  const auth = { family: 'auth', detector: 'auth_success', severity: 'critical', weight: 0.95 };
  await seedFinding(admin, { ...about(alice), ...auth, hoursAgo: 2 });
  await seedFinding(admin, { ...about(alice), family: 'origin', detector: 'origin_network', weight: 0.15 });
  await seedFinding(admin, {
    ...about(alice),
    status: 'dismissed',
    reason: 'night batch, known',
    hoursAgo: 9,
  });
  await seedFinding(admin, { ...about(bob), status: 'acknowledged', bits: 8 });
  await seedFinding(admin, { ip: '203.0.113.7', family: 'auth', detector: 'auth_stuffing', weight: 0.1 });
  await seedFinding(admin, { ...about(bob), detector: 'volume_bytes', hoursAgo: 24 * 20 });
  // 30 requests in this hour or the one before, all within half a minute.
  await seedUsage(admin, {
    keyId: alice.id,
    times: 20,
    secondsAgo: 5,
    ip: '198.51.100.17',
    userAgent: 'curl/8.5',
  });
  await seedUsage(admin, { keyId: alice.id, times: 10, secondsAgo: 5, endpoint: '/v1/export' });
});
afterAll(async () => {
  await viewer.db.close();
  await database.drop();
});

const week = () => ({ since: new Date(Date.now() - 7 * 86_400_000), alertBudget: null });
const named = async (name: string): Promise<ReviewSubject> => {
  const { subjects } = await readReview(viewer, week());
  const found = subjects.find((subject) => subject.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('the queue, read as a viewer', () => {
  it('holds keys and addresses by risk, with what a line shows of them', async () => {
    const picture = await readReview(viewer, week());
    expect(picture.subjects.map(({ id, risk }) => [id, risk.risk])).toEqual([
      [alice.id, 96],
      [bob.id, 45],
      ['203.0.113.7', 10],
    ]);
    expect(picture.subjects[0]).toMatchObject({
      ...{ keyId: alice.id, name: 'alice-prod', version: 1, status: 'active', owner: 'alice@example.com' },
      ...{ scopes: ['workflow:read'], isOpen: true, ip: null },
    });
    expect(picture.subjects[2]).toMatchObject({ keyId: null, familyId: null, ip: '203.0.113.7', name: null });
  });

  it('counts no dismissed finding, and its points sum to the risk', async () => {
    const { risk } = await named('alice-prod');
    expect(risk.steps.map(({ finding }) => finding.detector)).toEqual(['auth_success', 'origin_network']);
    expect(risk.steps.reduce((sum, { points }) => sum + points, 0)).toBe(risk.risk);
  });

  it('tells who has findings that nobody looked at', async () => {
    expect(await named('bob-batch')).toMatchObject({ isOpen: false });
  });

  it('goes back as far as it is asked to', async () => {
    const { subjects } = await readReview(viewer, {
      ...week(),
      since: new Date(Date.now() - 30 * 86_400_000),
    });
    expect(subjects.find(({ name }) => name === 'bob-batch')?.risk.steps).toHaveLength(2);
    const none = await readReview(viewer, { ...week(), since: new Date(Date.now() + 60_000) });
    expect(none.subjects).toEqual([]);
  });

  it('counts what was held against the threshold today, and the budget for it', async () => {
    expect((await readReview(viewer, week())).alarms).toEqual({ raised: 1, budgetPerDay: 0.2 });
    expect((await readReview(viewer, { ...week(), alertBudget: 7 })).alarms.budgetPerDay).toBe(7);
  });
});

describe('the last 24 hours of a key', () => {
  const total = async () =>
    (await readDays(viewer, [alice.id, bob.id])).get(alice.id)?.reduce((a, b) => a + b);

  it('are 24 numbers, the newest last, the same before and after a rollup', async () => {
    const before = await readDays(viewer, [alice.id, bob.id]);
    expect(before.get(alice.id)).toHaveLength(24);
    expect(before.get(bob.id)).toEqual(Array(24).fill(0));
    expect(await total()).toBe(30);
    const operator = await contextOn(database);
    await rollUp(operator);
    await operator.db.close();
    expect(await total()).toBe(30);
    expect(await readDays(viewer, [])).toEqual(new Map());
  });
});

describe('what stands behind a key', () => {
  it('holds all its findings, dismissed ones too, with evidence and query', async () => {
    const detail = await readReviewDetail(viewer, await named('alice-prod'));
    expect(detail.findings.map(({ detector, status }) => [detector, status])).toEqual([
      ['origin_network', 'open'],
      ['auth_success', 'open'],
      ['volume_requests', 'dismissed'],
    ]);
    expect(detail.findings[2]).toMatchObject({ statusBy: 'oncall', statusReason: 'night batch, known' });
    expect(detail.findings[0]?.reproduceSql).toBe('select 512 as observed');
  });

  it('counts addresses, endpoints and agents since it began; without a baseline nothing is called new', async () => {
    const detail = await readReviewDetail(viewer, await named('alice-prod'));
    expect(detail.ips).toEqual([
      { value: '198.51.100.17', requests: 20, isNew: null },
      { value: '192.0.2.10', requests: 10, isNew: null },
    ]);
    expect(detail.endpoints.map(({ value, requests }) => [value, requests])).toEqual([
      ['/v1/runs', 20],
      ['/v1/export', 10],
    ]);
    expect(detail.agents.map(({ value }) => value)).toEqual(['curl', 'billing-worker']);
    expect(detail.hours).toHaveLength(96);
    expect(detail.hours.every(({ low, high }) => low === null && high === null)).toBe(true);
    expect(detail.hours.reduce((sum, { requests }) => sum + requests, 0)).toBe(30);
  });

  it('with a baseline tells the band of each hour, and what the family never used', async () => {
    const slots = (value: number) => Array<number>(48).fill(value);
    const profile = {
      expected: slots(2),
      low: slots(1),
      high: slots(4),
      trend: 1,
      dispersion: 0,
      unit: 1,
      max: 9,
    };
    const facts = {
      profiles: { requests: profile },
      ...{ ips: { '192.0.2.10': {} }, endpoints: { '/v1/runs': {} }, agents: { curl: {} } },
    };
    await admin.sql`insert into keyctl.usage_baselines (family_id, since, until, form, expected_requests, facts)
      values (${alice.familyId}, now() - interval '28 days', now(), ${baselineForm}, '{2}', ${JSON.stringify(facts)}::text::jsonb)`;
    const detail = await readReviewDetail(viewer, await named('alice-prod'));
    expect(detail.hours[0]).toMatchObject({ low: 1, high: 4 });
    const fresh = (values: typeof detail.ips) =>
      values.filter(({ isNew }) => isNew).map(({ value }) => value);
    expect([fresh(detail.ips), fresh(detail.endpoints), fresh(detail.agents)]).toEqual([
      ['198.51.100.17'],
      ['/v1/export'],
      ['billing-worker'],
    ]);
    await admin.sql`update keyctl.usage_baselines set form = ${baselineForm + 1}`;
    expect((await readReviewDetail(viewer, await named('alice-prod'))).hours[0]?.low).toBeNull();
  });

  it('an address has findings, and no use of its own', async () => {
    const { subjects } = await readReview(viewer, week());
    const address = subjects.find(({ ip }) => ip !== null) as ReviewSubject;
    expect(await readReviewDetail(viewer, address)).toMatchObject({
      findings: [{ detector: 'auth_stuffing' }],
      ...{ hours: [], ips: [], endpoints: [], agents: [] },
    });
  });
});
