import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import type { TestDatabase } from '../../support/postgres.js';
import { evidenceDatabase, type SeededEvidence } from '../../support/seed-evidence.js';
import { seedIncident } from '../../support/seed-incident.js';

let database: TestDatabase;
let admin: Connection;
let evidence: SeededEvidence;
let folder: string;

beforeAll(async () => {
  ({ database, admin, evidence } = await evidenceDatabase());
  folder = await mkdtemp(join(tmpdir(), 'keyctl-report-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

const report = (argv: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['incidents', 'report', ...argv], { database, role: 'test_viewer', ...options });

describe('incidents report', () => {
  it('says in Markdown what happened, from facts, and what is missing', async () => {
    const { code, stdout, stderr } = await report([evidence.incidentId]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^# INC-1: plain\n\nhigh leak, open; detected \S+ \S+Z, as of /);
    expect(stdout).toContain('2 keys belong to it, 1 dead and 1 usable.');
    expect(stdout).toMatch(
      /they sent 80 requests from 2 addresses to 2 endpoints, 0 of them at the detection or later/,
    );
    expect(stdout).toContain('20 got an error, 20 of these were refused. 80 kB went out.');
    expect(stdout).toContain('3 attempts refused, none was let in.');
    expect(stdout).toContain('| Root cause | plain |\n|  | and more |\n| Lessons | ● not recorded |');
    expect(stdout).toContain('| ● gap | it was not acknowledged | `keyctl incidents ack INC-1` |');
    expect(stdout).toContain(`| ● gap | ${evidence.usable.id} is active: it is let in, or will be |`);
    expect(stdout).not.toContain('the root cause is not recorded');
    expect(stdout).toMatch(/\| ✓ met \| investigate \| 1 d \| \d/);
    expect(stdout).toMatch(/^- acknowledge: .* so far of 5 m$/m);
    expect(stdout).toMatch(/^- 192.0.2.7: 64$/m);
    expect(stdout).toMatch(new RegExp(`\\| ${evidence.leaked.id} \\| plain \\| 1 \\| revoked \\|`));
    expect(stdout).toMatch(/\| ✓ refused \| key_\w+ \| plain \| 3 \|/);
    expect(stdout).toContain(`| ${evidence.findingId} |`);
    expect(stdout).toMatch(/\| noted \| .* plain\.; logged .*, corrected by postgres: plain \|/);
    expect(stdout).toContain('| identify | done | plain |');
    expect(stdout).toContain('| · open | 2099-01-31 | plain | plain | fup_');
    expect(stdout).toContain('https\\://example.com/plain');
  });

  it('is one HTML file that loads nothing, with its plots', async () => {
    const { code, stdout } = await report([evidence.incidentId, '--format', 'html']);
    expect(code).toBe(0);
    expect(stdout.match(/<svg /g)).toHaveLength(5);
    expect(stdout).toContain("content=\"default-src 'none'; style-src 'sha256-");
    expect(stdout).not.toMatch(/<script|\sstyle=|\son\w+=|\b(src|href)=|url\(/i);
    expect(stdout).toContain('>detected</text>');
    expect(stdout).toContain('>target</text>');
  });

  it('counts all and only what its keys sent in the window', async () => {
    const { stdout } = await report([evidence.incidentId, '--json']);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      incident_id: 'INC-1',
      step_seconds: 3600,
      findings: [{ severity: 'high' }],
    });
    const { usage } = told;
    expect(usage).toMatchObject({ requests: 80, errors: 20, refused: 20, since_detection: 0, bytes: 80_000 });
    const sum = (parts: { requests: number }[]) => parts.reduce((all, { requests }) => all + requests, 0);
    for (const parts of [usage.parts, usage.ips, usage.endpoints, usage.agents]) expect(sum(parts)).toBe(80);
    const narrow = JSON.parse((await report([evidence.incidentId, '--json', '--since', '125m'])).stdout);
    expect(narrow.usage.requests).toBe(24);
    const none = JSON.parse((await report([evidence.incidentId, '--json', '--since', '5m'])).stdout);
    expect(none.usage).toMatchObject({ requests: 0, parts: [], first_at: null });
    expect(none.gaps).toContainEqual({ gap: 'its keys sent no request that is on record', command: null });
  });

  it('marks as gaps what an incident of which nothing is known lacks', async () => {
    const bare = await seedIncident(admin, { severity: 'critical' });
    const { gaps } = JSON.parse((await report([bare, '--json'])).stdout);
    expect(gaps.map(({ gap }: { gap: string }) => gap)).toEqual([
      'nobody leads it',
      'it was not acknowledged',
      'containment is not recorded',
      'the root cause is not recorded',
      'recovery is not recorded',
      'the review is missing, with what was learned',
      'no key is linked to it',
      'no walkthrough was followed',
      'no finding of a detector is about it',
      'no follow-up was agreed',
    ]);
    const page = await report([bare]);
    expect(page.stdout).toContain('No key is linked to it, so it is not known what it touched.');
    await admin.sql`select keyctl.close_incident(gen_random_uuid(), '{}', ${bare}, 'closed by a test of reports')`;
    const closed = JSON.parse((await report([bare, '--json'])).stdout);
    expect(closed.gaps[3].command).toBe(`keyctl incidents note ${bare} "root cause: …"`);
  });

  it('goes into a file, whole, readable by its owner alone', async () => {
    const path = join(folder, 'r.html');
    const ran = await report([evidence.incidentId, '--format', 'html', '--out', path]);
    expect(ran).toMatchObject({ code: 0, stdout: '', stderr: `✓ written to ${path}\n` });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(await report([evidence.incidentId, '--json', '--out', join(folder, 'r.json')])).toMatchObject({
      code: 0,
    });
    JSON.parse(await readFile(join(folder, 'r.json'), 'utf8'));
    expect((await readdir(folder)).sort()).toEqual(['r.html', 'r.json']);
  });

  it.each([
    ['no incident of that number', ['INC-999'], 3, 'INC-999 not found in '],
    ['what is no number', ['seven'], 2, 'ID: not the number of an incident'],
    ['a form that there is not', ['INC-1', '--format', 'pdf'], 2, 'pdf'],
    ['two forms', ['INC-1', '--format', 'html', '--json'], 2, '--format: -o json has a form of its own'],
    ['rows into a file', ['INC-1', '-o', 'csv', '--out', 'x'], 2, '--out: takes Markdown, HTML or JSON'],
    [
      'a time that ends before it begins',
      ['INC-1', '--since', '1h', '--until', '2h'],
      2,
      '--until: is not after',
    ],
    ['a folder that is not there', ['INC-1', '--out', '/nonexistent/x'], 2, 'cannot be written (ENOENT)'],
  ])('refuses %s', async (_what, argv, code, said) => {
    const ran = await report(argv);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr).toContain(said);
  });
});
