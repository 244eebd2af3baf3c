import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { stopEmbedded } from '../../src/db/embedded/stop.js';
import { buildProgram } from '../../src/program.js';
import { jsonRecords } from '../../src/render/help/json-records.js';
import type { JsonRecord } from '../../src/render/help/record-fields.js';
import { createRuntime } from '../../src/runtime/runtime.js';
import { type FakeOptions, fakeMachine, runCommand } from '../support/fake-machine.js';
import { findingRuns } from './finding-runs.js';
import { incidentRuns } from './incident-runs.js';

/**
 * What `keyctl help json` lists against what the commands print: each of them is run, on the demo, in the ways that show
 * every field of its record. A field that is printed and not listed, or listed and never printed, fails.
 */

interface Run {
  readonly argv: readonly string[];
  readonly stdin?: string;
}

let home: string;
let options: FakeOptions;
/** By the name of the record, `revoke --dry-run`. */
let runs: Readonly<Record<string, readonly Run[]>>;

const reason = ['--reason', 'shows the fields of its record'];

beforeAll(async () => {
  home = await mkdtemp(join(inject('scratch'), 'help-json-'));
  options = { home };
  const demo = await runCommand(['demo', '--json'], options);
  const { leaked_key_id: leaked, rotated_key_id: rotated, try: lines } = JSON.parse(demo.stdout);
  const [, token = ''] = /TOKEN=(\w+)/.exec(lines[0].command) ?? [];
  const listed = JSON.parse((await runCommand(['keys', 'list', '--json', '--demo'], options)).stdout).keys;
  const named = (name: string) => listed.find((key: { name: string }) => key.name === name).key_id;
  const log = join(home, 'access.ndjson');
  const now = new Date().toISOString();
  await writeFile(
    log,
    `${JSON.stringify({ ts: now, key: leaked, endpoint: '/v1/me', status: 200, note: token })}\n{"broken\n` +
      `${JSON.stringify({ ts: now, key: 'somebody-new', endpoint: '/v1/me', status: 200 })}\n`,
  );
  const created = [
    'keys',
    'create',
    '--name',
    'fields',
    '--owner',
    'zoe.muller@example.com',
    '--scope',
    'a:b',
  ];
  // Before something is left for `audit rollup` to do, which detection runs too.
  const findings = await findingRuns(home, leaked);
  await useUpBudget(home);
  const { partitions } = JSON.parse(
    (await runCommand(['db', 'partitions', '--ahead', '0', '--json', '--demo'], options)).stdout,
  );
  const thisWeek = partitions.findLast((each: { holds: string }) => each.holds === 'usage_events').name;
  const rotations = await rotationRuns(home);
  const incidents = await incidentRuns(home, { keyId: named('sandbox'), leaked: rotations.deadKeyId });
  runs = {
    ...rotations.runs,
    ...findings,
    ...incidents,
    demo: [{ argv: ['demo'] }],
    doctor: [{ argv: ['doctor'] }],
    'db status': [{ argv: ['db', 'status'] }],
    'db migrate': [{ argv: ['db', 'migrate'] }],
    'db start': [{ argv: ['db', 'start'] }],
    'db stop': [{ argv: ['db', 'stop', '--dry-run'] }],
    'db partitions': [{ argv: ['db', 'partitions', '--ahead', '0'] }],
    'db partitions --attach': [{ argv: ['db', 'partitions', '--attach', thisWeek] }],
    'db partitions --attach --dry-run': [{ argv: ['db', 'partitions', '--attach', thisWeek, '--dry-run'] }],
    'db retention --dry-run': [{ argv: ['db', 'retention', '--keep', '36d', '--dry-run'] }],
    'db retention': [{ argv: ['db', 'retention', '--keep', '36d', '--yes'] }],
    'db roles': [{ argv: ['db', 'roles'] }],
    'db roles grant --dry-run': [{ argv: ['db', 'roles', 'grant', 'keyctl', 'viewer', '--dry-run'] }],
    'db roles grant': [{ argv: ['db', 'roles', 'grant', 'keyctl', 'viewer'] }],
    'keys create': [{ argv: [...created, '--deliver', 'stdout', '--expires', '30d'] }],
    'keys create --dry-run': [{ argv: [...created, '--dry-run', '--deliver', 'stdout'] }],
    'keys list': [{ argv: ['keys', 'list'] }, { argv: ['keys', 'list', '--limit', '1'] }],
    'keys show': [
      { argv: ['keys', 'show', leaked] },
      { argv: ['keys', 'show', rotated] },
      { argv: ['keys', 'show', rotations.openKeyId] },
      { argv: ['keys', 'show', rotations.deadKeyId] },
    ],
    'keys explain': [
      { argv: ['keys', 'explain', leaked, '--ip', '192.0.2.1', '--scope', 'a:b'] },
      { argv: ['keys', 'explain', rotated] },
      { argv: ['keys', 'explain', named('partner-initech')] },
      { argv: ['keys', 'explain', named('summarizer')] },
    ],
    'keys lineage': [{ argv: ['keys', 'lineage', rotated] }],
    'keys verify': [{ argv: ['keys', 'verify'], stdin: token }],
    'keys identify': [{ argv: ['keys', 'identify', '-'], stdin: `x=${token}\n` }],
    'keys update': [{ argv: ['keys', 'update', named('sandbox'), '--rpm', '7', ...reason] }],
    'keys update --dry-run': [{ argv: ['keys', 'update', leaked, '--rpm', '7', '--dry-run', ...reason] }],
    'keys suspend --dry-run': [
      { argv: ['keys', 'suspend', leaked, '--dry-run', ...reason] },
      { argv: ['keys', 'suspend', rotated, '--dry-run', ...reason] },
    ],
    'keys suspend': [{ argv: ['keys', 'suspend', named('sandbox'), '--yes', ...reason] }],
    'keys resume': [{ argv: ['keys', 'resume', named('sandbox'), '--yes', ...reason] }],
    'keys retire': [
      { argv: ['keys', 'retire', named('reporting'), '--on', '2099-01-31', '--yes', ...reason] },
    ],
    'keys retire --cancel': [
      { argv: ['keys', 'retire', named('reporting'), '--cancel', '--yes', ...reason] },
    ],
    'keys retire --dry-run': [
      { argv: ['keys', 'retire', named('reporting'), '--on', '2099-01-31', '--dry-run'] },
    ],
    'keys review': [{ argv: ['keys', 'review'] }],
    'keys review KEY': [{ argv: ['keys', 'review', leaked] }, { argv: ['keys', 'review', rotated] }],
    'keys review KEY --decision': [
      { argv: ['keys', 'review', named('reporting'), '--decision', 'keep', ...reason] },
    ],
    'keys review KEY --decision --dry-run': [
      {
        argv: ['keys', 'review', named('reporting'), '--decision', 'narrow', '--scope', 'none', '--dry-run'],
      },
    ],
    'keys policy list': [{ argv: ['keys', 'policy', 'list'] }],
    'keys policy set': [{ argv: ['keys', 'policy', 'set', 'limited', '--grace', '2h', ...reason] }],
    'keys policy set --dry-run': [
      { argv: ['keys', 'policy', 'set', 'limited', '--grace', '3h', '--dry-run'] },
    ],
    'keys block-ip': [{ argv: ['keys', 'block-ip', '192.0.2.201', '--for', '1h', '--yes', ...reason] }],
    'keys block-ip --dry-run': [{ argv: ['keys', 'block-ip', '192.0.2.0/24', '--dry-run', ...reason] }],
    'keys unblock-ip': [{ argv: ['keys', 'unblock-ip', '192.0.2.201', '--yes', ...reason] }],
    'keys unblock-ip --dry-run': [{ argv: ['keys', 'unblock-ip', '192.0.2.64/28', '--dry-run', ...reason] }],
    'keys import': [
      {
        argv: ['keys', 'import', '-', '--yes'],
        stdin: 'subkey,name,status\nfields-1,one,\nfields-2,two,gone\n',
      },
      { argv: ['keys', 'import', '-', '--yes'], stdin: '{"subkey":"fields-1","name":"another"}\n' },
    ],
    'keys blocked-ips': [{ argv: ['keys', 'blocked-ips'] }],
    revoke: [
      {
        argv: [
          'revoke',
          named('reporting'),
          '--yes',
          '--code',
          'leaked',
          '--verify',
          '--within',
          '1s',
          ...reason,
        ],
      },
    ],
    'revoke --dry-run': [
      { argv: ['revoke', leaked, '--dry-run'] },
      { argv: ['revoke', rotated, '--dry-run'] },
    ],
    'audit log': [{ argv: ['audit', 'log'] }],
    'audit usage': [{ argv: ['audit', 'usage', leaked, '--limit', '5'] }],
    'audit usage --by': ['endpoint', 'ip', 'agent', 'hour', 'status', 'model', 'version', 'key', 'owner'].map(
      (by) => ({
        argv: ['audit', 'usage', leaked, '--by', by, '--since', '3d'],
      }),
    ),
    'audit endpoints': [{ argv: ['audit', 'endpoints', leaked] }],
    'audit ingest': [{ argv: ['audit', 'ingest', log, '--format', 'ndjson', '--adopt'] }],
    'audit export': [
      {
        argv: ['audit', 'export', '--action', 'key.*', '--format', 'csv', '--out', join(home, 'keys.csv')],
      },
    ],
    // The last three are of one person, whom nobody knows any more after them.
    'audit report': [{ argv: ['audit', 'report', 'compliance'] }],
    'audit metrics': [{ argv: ['audit', 'metrics'] }],
    'keys owner export': [{ argv: ['keys', 'owner', 'export', 'zoe.muller@example.com'] }],
    'keys owner forget --dry-run': [
      { argv: ['keys', 'owner', 'forget', 'zoe.muller@example.com', '--dry-run'] },
    ],
    'keys owner forget': [
      { argv: ['keys', 'owner', 'forget', 'zoe.muller@example.com', '--yes', ...reason] },
    ],
    'audit owner': [{ argv: ['audit', 'owner', 'zoe.muller@example.com'] }],
    'audit usage --split-at': [{ argv: ['audit', 'usage', leaked, '--split-at', '3d'] }],
    'audit exfil': [{ argv: ['audit', 'exfil', leaked] }],
    'audit limits': [{ argv: ['audit', 'limits'] }],
    'audit rollup': [{ argv: ['audit', 'rollup'] }],
    'audit checkpoint --dry-run': [{ argv: ['audit', 'checkpoint', '--init', '--dry-run'] }],
    'audit checkpoint': [{ argv: ['audit', 'checkpoint', '--init'] }],
    'audit verify': [{ argv: ['audit', 'verify'] }],
    'help exit-codes': [{ argv: ['help', 'exit-codes'] }],
    'help json': [{ argv: ['help', 'json'] }],
    'help states': [{ argv: ['help', 'states'] }],
    'help roles': [{ argv: ['help', 'roles'] }],
    completion: [{ argv: ['completion', 'fish'] }],
    '(errors)': [{ argv: ['keys', 'show', 'key_000000000000'] }],
  };
}, 120_000);
afterAll(() => stopEmbedded(join(home, '.local/share/keyctl')));

/** A key over its quota, for `audit rollup` to suspend and to raise an alert about, and used long ago, for `db retention`. */
async function useUpBudget(home: string): Promise<void> {
  const json = async (...argv: string[]) =>
    JSON.parse((await runCommand([...argv, '--json', '--demo'], { home })).stdout);
  const limits = ['--quota-requests', '1', '--auto-suspend', '--budget-alert', '50'];
  const { key_id: key } = await json(
    ...[
      'keys',
      'create',
      '--name',
      'used-up',
      '--owner',
      'zoe.muller@example.com',
      '--deliver',
      'stdout',
      ...limits,
    ],
  );
  const log = join(home, 'used-up.ndjson');
  const event = (daysAgo: number) =>
    JSON.stringify({
      ...{
        ts: new Date(Date.now() - daysAgo * 86_400_000).toISOString(),
        key,
        endpoint: '/v1/me',
        status: 200,
      },
    });
  await writeFile(log, `${event(0)}\n${event(90)}\n`);
  await json('audit', 'ingest', log, '--format', 'ndjson');
}

/** Rotations in every state, with who presents their old keys, and the lines that show and end them. */
async function rotationRuns(home: string) {
  const json = async (...argv: string[]) =>
    JSON.parse((await runCommand([...argv, '--json', '--demo'], { home })).stdout);
  const create = async (name: string): Promise<string> =>
    (
      await json(
        'keys',
        'create',
        '--name',
        name,
        '--owner',
        'zoe.muller@example.com',
        '--scope',
        'a:b',
        '--description',
        'ask zoe.muller@example.com',
        '--deliver',
        'stdout',
      )
    ).key_id;
  const replace = async (old: string, next: string, ...flags: string[]): Promise<string> =>
    (await json('rotate', 'replace', old, next, '--yes', ...flags, ...reason)).rotation_id;
  const [old, next, later, dead, heir] = [
    await create('rotation-old'),
    await create('rotation-new'),
    await create('rotation-later'),
    await create('rotation-dead'),
    await create('rotation-heir'),
  ];
  const open = await replace(old, next);
  const over = await replace(dead, heir, '--grace', '0');
  const log = join(home, 'rotations.ndjson');
  const event = (key: string, status: number) =>
    `${JSON.stringify({ ts: new Date().toISOString(), key, endpoint: '/v1/me', status, ip: '192.0.2.7', user_agent: 'old/1' })}\n`;
  await writeFile(log, event(old, 200) + event(dead, 401) + event(dead, 200));
  await json('audit', 'ingest', log, '--format', 'ndjson');
  const quiet = ['--when-quiet', '1h', '--yes'];
  const runs: Readonly<Record<string, readonly Run[]>> = {
    'rotate status': [{ argv: ['rotate', 'status', '--all'] }],
    'rotate status ID': [{ argv: ['rotate', 'status', open] }, { argv: ['rotate', 'status', over] }],
    'rotate finalize': [
      { argv: ['rotate', 'finalize', open, ...quiet] },
      { argv: ['rotate', 'finalize', over, '--yes'] },
    ],
    'rotate finalize --dry-run': [
      { argv: ['rotate', 'finalize', open, '--when-quiet', '1h', '--dry-run'] },
      { argv: ['rotate', 'finalize', open, '--dry-run'] },
    ],
    'rotate extend': [{ argv: ['rotate', 'extend', open, '--grace', '48h', '--yes', ...reason] }],
    'rotate extend --dry-run': [{ argv: ['rotate', 'extend', open, '--grace', '72h', '--dry-run'] }],
    'rotate abort': [{ argv: ['rotate', 'abort', 'rotation-aborted', '--yes', ...reason] }],
    'rotate abort --dry-run': [{ argv: ['rotate', 'abort', open, '--dry-run'] }],
    // The last of them: it ends the older grace.
    'rotate replace': [{ argv: ['rotate', 'replace', next, later, '--force', '--yes', ...reason] }],
    'rotate replace --dry-run': [{ argv: ['rotate', 'replace', next, later, '--dry-run'] }],
  };
  await create('rotation-aborted');
  const [lost, several, another, leaked] = [
    await create('rotation-lost'),
    await create('rotation-several'),
    await create('rotation-another'),
    await create('rotation-leaked'),
  ];
  const file = (name: string) => ['--deliver', `file:${join(home, name)}`];
  const { rotation_id: reissued } = await json('rotate', lost, '--yes', ...reason, ...file('lost'));
  const dueFlags = ['--older-than', '1d', '--deliver', 'exec:/bin/cat'];
  const more: Readonly<Record<string, readonly Run[]>> = {
    'rotate KEY|SELECTION': [
      { argv: ['rotate', another, '--yes', ...reason, '--deliver', 'stdout', '--expires', '30d'] },
    ],
    'rotate (several keys)': [
      { argv: ['rotate', several, another, '--yes', ...reason, '--deliver', 'exec:/bin/cat'] },
    ],
    'rotate --dry-run': [{ argv: ['rotate', several, another, '--dry-run', '--deliver', 'exec:/bin/cat'] }],
    'rotate due': [{ argv: ['rotate', 'due', '--max', '1', '--yes', ...dueFlags, ...reason] }],
    'rotate due --dry-run': [{ argv: ['rotate', 'due', '--dry-run', ...dueFlags] }],
    'rotate resume': [{ argv: ['rotate', 'resume', reissued, '--yes'] }],
    'rotate resume --dry-run': [{ argv: ['rotate', 'resume', reissued, '--dry-run'] }],
    'rotate reissue --dry-run': [{ argv: ['rotate', 'reissue', reissued, '--dry-run', ...file('reissued')] }],
    'rotate reissue': [{ argv: ['rotate', 'reissue', reissued, '--yes', ...file('reissued')] }],
    'revoke --replace': [{ argv: ['revoke', leaked, '--replace', '--yes', ...reason, ...file('replaced')] }],
  };
  // A delivery that fails takes its rotation back.
  const nowhere = join(home, 'no', 'such', 'place');
  await runCommand(
    ['rotate', 'rotation-aborted', '--deliver', `file:${nowhere}`, '--yes', '--demo', ...reason],
    { home },
  );
  return { runs: { ...runs, ...more }, openKeyId: old, deadKeyId: dead };
}

/** Every place in a value: `keys[].key_id`. */
function placesIn(value: unknown, place = ''): string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? [`${place}[]`] : value.flatMap((each) => placesIn(each, `${place}[]`));
  }
  if (typeof value !== 'object' || value === null) return [place];
  const entries = Object.entries(value);
  if (entries.length === 0) return [place];
  return entries.flatMap(([name, inner]) => placesIn(inner, place === '' ? name : `${place}.${name}`));
}

/** Where the names inside depend on the case (`details{}`), only the object itself is listed. */
function folded(place: string, listed: readonly string[]): string {
  const open = listed.find(
    (field) => field.endsWith('{}') && `${place}.`.startsWith(`${field.slice(0, -2)}.`),
  );
  return open ?? place;
}

/** A null or an empty list shows no more than where something would stand. */
function hides(place: string, listed: readonly string[]): boolean {
  return listed.some((field) => field.startsWith(`${place}.`) || field.startsWith(`${place}[]`));
}

describe('help json', () => {
  it.each(jsonRecords.map((record): [string, JsonRecord] => [record.printedBy, record]))(
    'lists what `%s` prints, all of it and nothing else',
    async (name, { fields }) => {
      const printed = new Set<string>();
      for (const { argv, stdin } of runs[name] ?? []) {
        const ran = await runCommand([...argv, '--json', '--demo'], {
          ...options,
          ...(stdin === undefined ? {} : { stdin }),
        });
        const text = name === '(errors)' ? ran.stderr : ran.stdout;
        expect({ argv, text }).not.toEqual({ argv, text: '' });
        for (const place of placesIn(JSON.parse(text))) printed.add(folded(place, fields));
      }
      const unlisted = [...printed].filter((place) => !fields.includes(place) && !hides(place, fields));
      const unprinted = fields.filter((field) => !printed.has(field));
      expect({ unlisted, unprinted }).toEqual({ unlisted: [], unprinted: [] });
    },
  );

  it('has a record for every command that prints one', async () => {
    const rt = createRuntime(fakeMachine());
    const words = jsonRecords.flatMap(({ printedBy }) => printedBy.split(' '));
    const program = await buildProgram(rt, words);
    const leaves = (command: Command, path: readonly string[]): string[] => [
      ...(command.commands.length === 0 || path.at(-1) === 'roles' ? [path.join(' ')] : []),
      ...command.commands.flatMap((each) => leaves(each, [...path, each.name()])),
    ];
    // A screen prints nothing; what it shows, another command prints.
    const silent = ['help', 'audit review', 'incidents triage'];
    // What is asked of a person prints nothing by itself: `incidents run --plan` and `--step` do.
    const listed = jsonRecords.map(({ printedBy }) => printedBy.split(' --')[0]);
    expect(leaves(program, []).filter((name) => !silent.includes(name) && !listed.includes(name))).toEqual(
      [],
    );
  });

  it('is printed as text and as JSON from the same list', async () => {
    const text = await runCommand(['help', 'json']);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    for (const { printedBy } of jsonRecords) expect(text.stdout).toContain(printedBy);
    expect(text.stdout.split('\n').filter((each) => each.length > 80)).toEqual([]);
    const json = await runCommand(['help', 'json', '--json']);
    expect(JSON.parse(json.stdout).records).toHaveLength(jsonRecords.length);
  });
});
