import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { stopEmbedded } from '../../src/db/embedded/stop.js';
import { buildProgram } from '../../src/program.js';
import { type JsonRecord, jsonRecords } from '../../src/render/help/json-records.js';
import { createRuntime } from '../../src/runtime/runtime.js';
import { type FakeOptions, fakeMachine, runCommand } from '../support/fake-machine.js';

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
  runs = {
    demo: [{ argv: ['demo'] }],
    doctor: [{ argv: ['doctor'] }],
    'db status': [{ argv: ['db', 'status'] }],
    'db migrate': [{ argv: ['db', 'migrate'] }],
    'db start': [{ argv: ['db', 'start'] }],
    'db stop': [{ argv: ['db', 'stop', '--dry-run'] }],
    'db roles': [{ argv: ['db', 'roles'] }],
    'db roles grant --dry-run': [{ argv: ['db', 'roles', 'grant', 'keyctl', 'viewer', '--dry-run'] }],
    'db roles grant': [{ argv: ['db', 'roles', 'grant', 'keyctl', 'viewer'] }],
    'keys create': [{ argv: [...created, '--deliver', 'stdout', '--expires', '30d'] }],
    'keys create --dry-run': [{ argv: [...created, '--dry-run', '--deliver', 'stdout'] }],
    'keys list': [{ argv: ['keys', 'list'] }, { argv: ['keys', 'list', '--limit', '1'] }],
    'keys show': [{ argv: ['keys', 'show', leaked] }, { argv: ['keys', 'show', rotated] }],
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
    'keys block-ip': [{ argv: ['keys', 'block-ip', '192.0.2.201', '--for', '1h', '--yes', ...reason] }],
    'keys block-ip --dry-run': [{ argv: ['keys', 'block-ip', '192.0.2.0/24', '--dry-run', ...reason] }],
    'keys unblock-ip': [{ argv: ['keys', 'unblock-ip', '192.0.2.201', '--yes', ...reason] }],
    'keys unblock-ip --dry-run': [{ argv: ['keys', 'unblock-ip', '192.0.2.64/28', '--dry-run', ...reason] }],
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
    'audit usage --by': ['endpoint', 'ip', 'agent', 'hour', 'status', 'model', 'version', 'owner'].map(
      (by) => ({
        argv: ['audit', 'usage', leaked, '--by', by, '--since', '3d'],
      }),
    ),
    'audit endpoints': [{ argv: ['audit', 'endpoints', leaked] }],
    'audit ingest': [{ argv: ['audit', 'ingest', log, '--format', 'ndjson', '--adopt'] }],
    'audit verify': [{ argv: ['audit', 'verify'] }],
    'help exit-codes': [{ argv: ['help', 'exit-codes'] }],
    'help json': [{ argv: ['help', 'json'] }],
    'help states': [{ argv: ['help', 'states'] }],
    'help roles': [{ argv: ['help', 'roles'] }],
    '(errors)': [{ argv: ['keys', 'show', 'key_000000000000'] }],
  };
}, 120_000);
afterAll(() => stopEmbedded(join(home, '.local/share/keyctl')));

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
    const silent = ['help'];
    const listed = jsonRecords.map(({ printedBy }) => printedBy);
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
