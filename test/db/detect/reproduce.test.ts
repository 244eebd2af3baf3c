import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/actions/context.js';
import { judgeLive } from '../../../src/actions/detect/judge-live.js';
import { eachFamily, pushUses, streamUses } from '../../../src/actions/detect/stream-uses.js';
import type { Connection } from '../../../src/db/connect.js';
import { activityQuery, addressQuery } from '../../../src/db/detect/activity.js';
import { reproduceSql } from '../../../src/db/detect/reproduce.js';
import { subjectsOf } from '../../../src/db/detect/subjects.js';
import { storeBaselines } from '../../../src/db/kernel-detect.js';
import type { Subject } from '../../../src/domain/detect/activity.js';
import type { Baseline } from '../../../src/domain/detect/baseline.js';
import { dailyBaselines } from '../../../src/domain/detect/daily-baselines.js';
import type { Detector } from '../../../src/domain/detect/detector.js';
import type { Candidate } from '../../../src/domain/detect/finding.js';
import { addressDetectors, detectors, staleDetectors } from '../../../src/domain/detect/registry.js';
import { familyWalk } from '../../../src/domain/detect/walk.js';
import { addressWalk } from '../../../src/domain/detect/walk-addresses.js';
import { contextOn } from '../../support/context.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { judgedFrom, judgedUntil, knowledge, seedSituations } from './situations.js';

const names = [...detectors, ...addressDetectors, ...staleDetectors].map(({ name }) => name);
const historyMs = 95 * 86_400_000;

let database: TestDatabase;
let ctx: Context;
let viewer: Connection;
let subjects: ReadonlyMap<string, Subject>;
let found: readonly Candidate[];
/** As a night before the judged day would have stored them. */
const baselines: Baseline[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  await seedSituations(await database.connect());
  ctx = await contextOn(database, { role: 'test_viewer' });
  viewer = await database.connect('test_viewer');
  subjects = await ctx.db.query((db) => subjectsOf(db, null));
  found = await findAll(detectors);
});
afterAll(() => database.drop());

/** What all detectors say of the judged day, read from the database. */
async function findAll(asked: readonly Detector[]): Promise<readonly Candidate[]> {
  const all: Candidate[] = [];
  const span = { since: judgedFrom, until: judgedUntil };
  const take = ({ candidate }: { candidate: Candidate }) => all.push(candidate);
  let finish = () => {};
  await eachFamily(ctx, activityQuery({ since: judgedFrom - historyMs, until: judgedUntil }), (familyId) => {
    finish();
    const subject = subjects.get(familyId ?? '');
    if (subject === undefined) return () => {};
    const walk = familyWalk({ ...span, subject, detectors: asked, knowledge, take });
    const history = dailyBaselines(subject.familyId);
    finish = () => {
      const usual = history.at(judgedFrom);
      if (usual !== null && asked === detectors) baselines.push(usual);
      walk.end();
      for (const { detect } of staleDetectors)
        all.push(...detect(subject, history.at(judgedUntil), judgedUntil));
    };
    return (activity) => {
      walk.push(activity);
      history.push(activity);
    };
  });
  const keys = new Map(
    [...subjects.values()].flatMap((subject) => subject.keys).map((key) => [key.keyId, key]),
  );
  const walk = addressWalk({ ...span, detectors: addressDetectors, keys, take });
  const query = addressQuery({ since: judgedFrom - 7_200_000, until: judgedUntil });
  for await (const uses of streamUses(ctx, query)) pushUses(walk, uses);
  walk.end();
  return all;
}

async function expectReproduced(candidate: Candidate): Promise<void> {
  const keys = subjects.get(candidate.familyId ?? '')?.keys.map(({ keyId }) => keyId) ?? [];
  const query = reproduceSql(candidate, keys);
  const rows = await viewer.sql.unsafe(query);
  const { observed, expectedLow, expectedHigh } = candidate;
  expect([...rows], query).toEqual([{ observed, expected_low: expectedLow, expected_high: expectedHigh }]);
}

describe('the query of a finding', () => {
  it.each(names)('of %s gives the numbers that are shown, to a viewer', async (name) => {
    const own = found.filter(({ detector }) => detector === name);
    expect(own, `no situation fires ${name}`).not.toEqual([]);
    for (const candidate of own) await expectReproduced(candidate);
  });

  it('gives them too when hours are judged against stored baselines', async () => {
    const operator = await contextOn(database);
    await operator.db.change(operator.operationId, (db) => storeBaselines(db, baselines));
    const options = { alertBudgetPerDay: 1000, knowledge, hours: 24, now: judgedUntil };
    const { raised } = await judgeLive(operator, options);
    expect(new Set(raised.map(({ detector }) => detector)).size).toBeGreaterThan(15);
    for (const each of raised) await expectReproduced(each);
  });

  it('is made of the same findings when each detector is asked about quiet moments too', async () => {
    const copies = detectors.map((each) => ({ ...each }));
    expect(await findAll(copies)).toEqual(found);
  });
});
