import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlantedKey } from '../arena.js';
import { observed, planRun, startRun } from '../rotation-run.js';
import { type TestArena, testArena } from '../test-arena.js';
import { brokenLinks, changesWithoutOneRow } from './audit-checks.js';
import { type AuditFact, type Facts, type KeyFact, readFacts } from './facts.js';
import {
  decisionsThatDiffer,
  familiesWithoutKey,
  successorsThatAreNotOne,
  tooManyOfAFamily,
  type Violations,
} from './key-checks.js';
import { type Observation, reportText } from './oracle.js';

/** What no database of ours would let happen, made of what it tells. */
type Forgery = readonly [string, RegExp, (facts: Facts) => Violations, (facts: Facts) => Facts];

const everyKey = (change: Partial<KeyFact>) => (facts: Facts) => ({
  ...facts,
  keys: facts.keys.map((key) => ({ ...key, ...change })),
});
const lastRow = (change: (row: AuditFact) => Partial<AuditFact>) => (facts: Facts) => ({
  ...facts,
  rows: facts.rows.map((row, at) => (at === facts.rows.length - 1 ? { ...row, ...change(row) } : row)),
});
const lived = (facts: Facts) => familiesWithoutKey(facts, new Set(facts.keys.map((key) => key.familyId)));

const forgeries: readonly Forgery[] = [
  ['a family without its last key', /has no usable key left/, lived, everyKey({ usable: false })],
  ['two active keys', /has 2 active keys/, tooManyOfAFamily, everyKey({ status: 'active' })],
  ['two pending keys', /has 2 pending keys/, tooManyOfAFamily, everyKey({ status: 'pending' })],
  ['a version given twice', /gives a version twice/, tooManyOfAFamily, everyKey({ version: 1 })],
  [
    'three usable keys',
    /has 3 usable keys/,
    tooManyOfAFamily,
    (facts) => ({
      ...facts,
      keys: [...facts.keys, ...facts.keys]
        .slice(0, 3)
        .map((key) => ({ ...key, usable: true, familyId: 'x' })),
    }),
  ],
  ['two successors', /has \d successors/, successorsThatAreNotOne, everyKey({ replaces: 'key_x' })],
  [
    'a successor that knows nothing of it',
    /which does not name it/,
    successorsThatAreNotOne,
    everyKey({ replaces: null }),
  ],
  [
    'a key without its successor',
    /does not replace/,
    successorsThatAreNotOne,
    everyKey({ replacedBy: null }),
  ],
  [
    'a key that was rotated twice',
    /was rotated 2 times/,
    successorsThatAreNotOne,
    (facts) => ({ ...facts, rotations: [...facts.rotations, ...facts.rotations] }),
  ],
  ['another decision', /the kernel decides revoked/, decisionsThatDiffer, everyKey({ decision: 'revoked' })],
  [
    'an activation that was not done',
    /has 1 rows rotation.activated/,
    changesWithoutOneRow,
    (facts) => ({
      ...facts,
      rotations: facts.rotations.map((rotation) => ({ ...rotation, activated: false })),
    }),
  ],
  [
    'a rotation that is not known',
    /which is not known/,
    changesWithoutOneRow,
    (facts) => ({ ...facts, rotations: [] }),
  ],
  [
    'two rows of one change',
    /has 2 rows/,
    changesWithoutOneRow,
    (facts) => ({ ...facts, rows: [...facts.rows, ...facts.rows] }),
  ],
  [
    'a text that was rewritten',
    /was hashed over another text/,
    brokenLinks,
    lastRow(({ record }) => ({ record: `${record} ` })),
  ],
  [
    'a column that was rewritten',
    /are not what its text says/,
    brokenLinks,
    lastRow(() => ({ action: 'key.created' })),
  ],
  ['a broken link', /does not follow/, brokenLinks, lastRow(({ hash }) => ({ prevHash: hash }))],
  [
    'a row that is missing',
    /the head is not the last row/,
    brokenLinks,
    (facts) => ({ ...facts, rows: facts.rows.slice(0, -1) }),
  ],
];

/** An oracle that finds nothing proves nothing: each promise is broken once, by hand, on a database of its own. */
describe('the oracle', () => {
  let arena: TestArena;
  let planted: PlantedKey;
  let run: Observation;
  let envFile: string;
  const look = (runs?: readonly Observation[]) => arena.oracle.look(runs);
  /** Past every trigger and constraint, as only a superuser can. */
  const forge = async (statement: string, ...values: string[]) => {
    await arena.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql.unsafe(statement, values);
    });
  };

  beforeAll(async () => {
    arena = await testArena();
    planted = await arena.plantKey();
    const planned = await planRun(arena, { name: 'whole', planted, kinds: ['env', 'file'] });
    run = observed(planned, await startRun(arena, planned).ended);
    envFile = planned.sinks.find((sink) => sink.kind === 'env')?.file ?? '';
  });
  afterAll(() => arena.close());

  it('imports nothing from src', () => {
    const files = readdirSync(import.meta.dirname).filter((file) => !file.endsWith('.test.ts'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8');
      const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name);
      expect(
        imported.filter((name) => !/^(node:.*|postgres|age-encryption|\.\/[\w-]+\.js)$/.test(name ?? '')),
      ).toEqual([]);
    }
  });

  it('finds nothing where all is well', async () => {
    expect(run.exitCode).toBe(0);
    expect(await look([run])).toEqual([]);
    expect(reportText(arena.oracle.report())).toMatch(/no violation$/);
  });

  it.each([
    ['0 of a rotation that never was', { operationId: randomUUID() }, 'its successor is not active'],
    ['0 of a secret that is not there', { destinations: ['/nowhere'] }, 'does not hold the secret'],
    ['8 of one that is active', { exitCode: 8 }, 'is active'],
    ['4 of one that is active', { exitCode: 4 }, 'is active'],
    ['130 that says nothing was done', { exitCode: 130, outcome: 'not_done' as const }, 'is active'],
    ['6 of one that never was', { exitCode: 6, operationId: randomUUID() }, 'its successor is not active'],
  ])('finds a lie: exit %s', async (_what, lie, complaint) => {
    expect((await look([{ ...run, ...lie }])).join('\n')).toContain(complaint);
  });

  it('finds an env file whose key is not usable, at every glance', async () => {
    const was = readFileSync(envFile, 'utf8');
    await writeFile(envFile, `API_KEY=${planted.token}\n`);
    expect(await arena.oracle.glance()).toEqual([]);
    await forge(
      "update keyctl.api_keys set usable_until = now() - interval '1 hour' where id = $1",
      planted.id,
    );
    expect((await arena.oracle.glance()).join()).toContain('which is retiring and not usable');
    await writeFile(envFile, was);
    expect(await arena.oracle.glance()).toEqual([]);
    await writeFile(envFile, was.replace(/API_KEY=(.*)[0-9A-Za-z]{9}/, 'API_KEY=$1AAAAAAAAA'));
    expect((await arena.oracle.glance()).join()).toContain('belongs to no key');
    await writeFile(envFile, was);
  });

  it('finds a live key that nobody holds', async () => {
    const lost = await arena.plantKey();
    expect(await look()).toEqual([]);
    await rm(join(lost.directory, 'first'));
    expect((await look()).join()).toContain(
      `${lost.id} (version 1 of ${lost.id}) is live, and nobody holds its secret`,
    );
    await writeFile(join(lost.directory, 'first'), lost.token);
  });

  it.each(forgeries)('finds %s', async (_what, complaint, check, forged) => {
    const facts = await readFacts(arena.sql);
    expect(check(facts)).toEqual([]);
    expect(check(forged(facts)).join()).toMatch(complaint);
  });

  it('finds what a superuser did to the record', async () => {
    await forge("delete from keyctl.audit_log where action = 'rotation.activated'");
    const found = (await look()).join();
    expect(found).toContain('has 0 rows rotation.activated');
    expect(found).toMatch(/the record goes from \d+ to \d+/);
    expect(reportText(arena.oracle.report())).toContain('BROKEN  the hash chain holds: 1');
  });
});
