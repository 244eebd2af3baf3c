import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { builtProgram } from '../../support/built-program.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { incidentLog, seedIncident } from '../../support/seed-incident.js';
import { type SeededKey, seedKey, seedUsage } from '../../support/seed-keys.js';

/** Every step of a compromise, cut off by SIGKILL when its work is done and nothing of it is written down. */
let database: TestDatabase;
let admin: Connection;
let program: string;
let home: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  program = await builtProgram('failpoints');
  home = await mkdtemp(join(inject('scratch'), 'killed-'));
}, 120_000);
afterAll(() => database.drop());

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function keyctl(argv: readonly string[], more: { failpoint?: string; stdin?: string } = {}): Promise<Ended> {
  const { host, port } = database.settings();
  const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: home, DATABASE_URL: url },
    ...(more.failpoint === undefined ? {} : { KEYCTL_FAILPOINT: more.failpoint }),
  };
  return new Promise((resolve) => {
    const child = execFile(
      program,
      ['incidents', 'run', ...argv],
      { env, timeout: 60_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, signal: error?.signal ?? null, stdout, stderr });
      },
    );
    child.stdin?.end(more.stdin ?? '');
  });
}

/** A program that keeps what it was told, a line for each. */
async function messenger(): Promise<{ path: string; told: () => Promise<string[]> }> {
  const path = join(home, 'messenger');
  const log = join(home, 'told');
  await writeFile(log, '');
  await writeFile(path, `#!/bin/sh\ncat >/dev/null\necho "$KEYCTL_AUDIENCE" >>${log}\n`);
  await chmod(path, 0o755);
  return { path, told: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '') };
}

/** Where each step is cut off, and what stands in the timeline otherwise than when nothing is cut off. */
const cuts: readonly (readonly [
  when: string,
  point: (step: string) => string,
  more: Readonly<Record<string, number>>,
])[] = [
  // Closing needs no taking over: a closed incident is closed, whoever says so.
  ['done and not written down', (step) => `walkthrough.${step}.worked`, { 'incident.step_taken_over': 10 }],
  // A successor that nobody holds is given up and made anew; a bundle that has no name yet is sealed once more.
  [
    'in its middle',
    (step) => middle[step] ?? `walkthrough.${step}.taken`,
    {
      ...{ 'incident.step_taken_over': 11, 'rotation.prepared': 2, 'rotation.aborted': 1 },
      'incident.bundled': 2,
    },
  ],
];
const middle: Readonly<Record<string, string>> = { replace: 'rotate.prepared', preserve: 'bundle.recorded' };

it.each(cuts)(
  'is gone on with by somebody else after a SIGKILL at each step, when it is %s, with nothing missing',
  async (_when, point, more) => {
    const key: SeededKey = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.com' });
    const bystander = await seedKey(admin, { owner: 'bob@example.com' });
    await seedUsage(admin, { keyId: key.id, times: 5, secondsAgo: 60 });
    const id = await seedIncident(admin, { severity: 'high' });
    const { path, told } = await messenger();
    const bundle = join(home, `${id}.tar`);
    const secret = join(home, `${id}.key`);
    const steps: readonly (readonly [step: string, argv: readonly string[], stdin?: string])[] = [
      ['identify', ['--from', '-'], `leaked: ${key.token}`],
      ['blast-radius', []],
      ['contain', ['--how', 'revoke', '--block-ip', `203.0.113.${id.slice(4)}`, '--yes']],
      ['prove', ['--within', '1s']],
      ['preserve', ['--out', bundle, '--unsigned']],
      ['replace', ['--deliver', `file:${secret}`, '--yes']],
      ['test', []],
      ['watch', []],
      ['notify', ['--send', path]],
      [
        'learn',
        ['--root-cause', 'a public log', '--lessons', 'scan logs', '--follow-up', 'scan; platform; 14d'],
      ],
      ['close', ['--yes']],
    ];
    for (const [step, argv, stdin] of steps) {
      // Silence is a proof only when the log reaches beyond the death.
      if (step === 'prove') await seedUsage(admin, { keyId: bystander.id, times: 1, secondsAgo: 0 });
      const line = [id, '--step', step, ...argv, '--json'];
      const input = stdin === undefined ? {} : { stdin };
      const first = await keyctl([...line, '--actor', 'ann'], {
        ...input,
        failpoint: point(step),
      });
      expect([step, first.stdout, first.signal ?? first.stderr]).toEqual([step, '', 'SIGKILL']);
      // Whoever comes next is told who has it, before anything is done.
      if (step === 'contain') {
        const refused = await keyctl([...line, '--actor', 'ben'], input);
        expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('step_held')]);
      }
      const second = await keyctl([...line, '--actor', 'ben', '--take-over'], input);
      expect([step, second.code, second.stderr]).toEqual([step, 0, expect.anything()]);
      expect(JSON.parse(second.stdout)).toMatchObject({ step, problem: null });
    }
    const [row] =
      await admin.sql`select state, (select count(*)::int from keyctl.incident_steps where state = 'done' and incident_id = ${id}) as done,
    (select count(*)::int from keyctl.incident_follow_ups where incident_id = ${id}) as follow_ups,
    (select count(*)::int from keyctl.api_keys where family_id = ${key.id} and status = 'active') as successors
    from keyctl.incidents where incident_id = ${id}`;
    expect(row).toEqual({ state: 'closed', done: 11, follow_ups: 1, successors: 1 });
    expect(await told()).toEqual(['owner', 'security', 'affected']);
    expect((await readFile(secret, 'utf8')).trim()).toMatch(/^kc_\w{64}$/);
    const actions = (await incidentLog(admin, id)).map(({ action }) => action);
    const counts = Object.fromEntries(
      [...new Set(actions)].map((action) => [action, actions.filter((each) => each === action).length]),
    );
    expect(counts).toEqual({
      ...{
        'incident.opened': 1,
        'incident.playbook_set': 1,
        'incident.acknowledged': 1,
        'incident.key_linked': 1,
      },
      ...{ 'incident.step_taken': 11, 'incident.step_finished': 11 },
      ...{ 'key.revoked': 1, 'ip.blocked': 1, 'incident.contained': 1, 'incident.bundled': 1 },
      ...{
        'rotation.prepared': 1,
        'rotation.activated': 1,
        'incident.recovering': 1,
        'incident.recovered': 1,
      },
      ...{
        'incident.noted': 3,
        'incident.investigated': 1,
        'incident.reviewed': 1,
        'incident.follow_up_added': 1,
      },
      'incident.closed': 1,
      ...more,
    });
  },
  180_000,
);

it('a database that goes away in the middle of a step is 69, and the same line again does it once', async () => {
  const key = await seedKey(admin);
  const id = await seedIncident(admin, { keyIds: [key.id] });
  await keyctl([id, '--step', 'identify', '--json']);
  const line = [id, '--step', 'contain', '--how', 'revoke', '--yes', '--json'];
  const running = keyctl(line, { failpoint: 'walkthrough.contain.taken:delay-1500' });
  // As a restart of the server does: every session of the program is ended while it is at the step.
  for (let taken = 0; taken === 0; ) {
    const [row] = await admin.sql`select count(*)::int as n from keyctl.incident_steps
      where incident_id = ${id} and step = 'contain' and state = 'running'`;
    taken = Number(row?.n);
  }
  await admin.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = 'test_operator'`;
  expect((await running).code).toBe(69);
  // The same person, on the same machine: nobody has to be asked.
  const again = await keyctl(line);
  expect([again.code, again.stderr]).toEqual([0, '']);
  const actions = (await incidentLog(admin, id)).map(({ action }) => action);
  expect(actions.filter((action) => action === 'key.revoked')).toHaveLength(1);
  expect(actions.at(-1)).toBe('incident.step_finished');
}, 60_000);
