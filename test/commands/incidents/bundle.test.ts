import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { parseNote, parseVerifier, verifyNote } from '../../../src/domain/signed-note.js';
import { canaries } from '../../support/canary.js';
import { type FakeOptions, type Ran, runCommand } from '../../support/fake-machine.js';
import { importedKey } from '../../support/imported-key.js';
import type { TestDatabase } from '../../support/postgres.js';
import { tamper } from '../../support/seed-audit.js';
import { evidenceDatabase, type SeededEvidence } from '../../support/seed-evidence.js';
import { incidentLog } from '../../support/seed-incident.js';
import { ndjson, readTar } from '../../support/tar.js';

let database: TestDatabase;
let admin: Connection;
let evidence: SeededEvidence;
let home: string;
let folder: string;
let vkey: string;

beforeAll(async () => {
  ({ database, admin, evidence } = await evidenceDatabase());
  home = await mkdtemp(join(tmpdir(), 'keyctl-bundle-home-'));
  const made = await run(['audit', 'checkpoint', '--init', '--json']);
  ({ vkey } = JSON.parse(made.stdout));
});
afterAll(async () => {
  await rm(home, { recursive: true });
  await database.drop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyctl-bundle-'));
});
afterEach(() => rm(folder, { recursive: true }));

function run(argv: readonly string[], options: Partial<FakeOptions> = {}): Promise<Ran> {
  return runCommand(argv, { database, role: 'test_operator', home, workingDirectory: folder, ...options });
}
const bundle = (argv: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  run(['incidents', 'bundle', evidence.incidentId, '--out', 'b.tar', ...argv], options);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const bundled = async () =>
  (await incidentLog(admin, evidence.incidentId)).filter(({ action }) => action === 'incident.bundled');

/** The parts by their names, without the directory that all of them are in. */
async function partsOf(name = 'b.tar'): Promise<Map<string, Buffer>> {
  const files = readTar(await readFile(join(folder, name)));
  return new Map([...files].map(([path, bytes]) => [path.replace(/^INC-1\//, ''), bytes]));
}

describe('incidents bundle', () => {
  it('seals everything into one file that only its owner reads, and writes it down with its sum', async () => {
    const { code, stdout, stderr } = await bundle(['--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = JSON.parse(stdout);
    const bytes = await readFile(join(folder, 'b.tar'));
    expect(told).toMatchObject({ incident_id: 'INC-1', file: 'b.tar', bytes: bytes.length, signed_by: vkey });
    expect(told.sha256).toBe(sha256(bytes));
    expect((await stat(join(folder, 'b.tar'))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['b.tar']);
    const [row] = (await bundled()).slice(-1);
    expect(row?.details).toEqual({
      ...{ sha256: told.sha256, bytes: bytes.length, events: evidence.events, signed_by: vkey },
      ...{ first_seq: told.first_seq, last_seq: told.last_seq, since: told.since, until: told.until },
    });
    expect((await run(['incidents', 'timeline', 'INC-1'])).stdout).toContain(`sha256 ${told.sha256}`);
  });

  it('has the parts that its MANIFEST lists, each with its sum, and signed', async () => {
    await bundle();
    const parts = await partsOf();
    const names = [
      'README.txt',
      'report.md',
      'report.html',
      'incident.json',
      'timeline.ndjson',
      'keys.ndjson',
    ];
    const listed = [...names, 'findings.ndjson', 'usage.ndjson', 'audit.ndjson', 'checkpoint'];
    expect([...parts.keys()]).toEqual([...listed, 'MANIFEST']);
    const note = parseNote(parts.get('MANIFEST') ?? Buffer.alloc(0));
    verifyNote(note, [parseVerifier(vkey)]);
    const [origin, id, madeAt, ...lines] = note.text.trimEnd().split('\n');
    expect(origin).toMatch(/^keyctl\/bundle\/[0-9a-f-]{36}$/);
    expect(id).toBe('INC-1');
    expect(Math.abs(Date.now() - Date.parse(madeAt ?? ''))).toBeLessThan(60_000);
    const sums = listed.map((name) => {
      const part = parts.get(name) ?? Buffer.alloc(0);
      return `${sha256(part)} ${part.length} ${name}`;
    });
    expect(lines).toEqual(sums);
  });

  it('holds what happened, the keys, their usage and no others’, and findings with their SQL', async () => {
    await bundle();
    const parts = await partsOf();
    const { leaked, usable, findingId } = evidence;
    const usage = ndjson(parts.get('usage.ndjson'));
    expect(usage).toHaveLength(evidence.events);
    expect(new Set(usage.map(({ key_id }) => key_id))).toEqual(new Set([leaked.id, usable.id]));
    const keys = ndjson(parts.get('keys.ndjson'));
    expect(keys.map(({ key_id, status }) => [key_id, status]).sort()).toEqual(
      [
        [leaked.id, 'revoked'],
        [usable.id, 'active'],
      ].sort(),
    );
    expect(ndjson(parts.get('findings.ndjson'))).toMatchObject([
      { finding_id: findingId, reproduce_sql: 'select 1 as observed -- plain' },
    ]);
    const audit = ndjson(parts.get('audit.ndjson'));
    const timeline = ndjson(parts.get('timeline.ndjson'));
    const ours = audit.filter(({ incident_id }) => incident_id === 'INC-1');
    expect(timeline.map(({ seq, action }) => [seq, action])).toEqual(
      ours.map(({ seq, action }) => [seq, action]),
    );
    expect(timeline.map(({ action }) => action)).toContain('incident.time_corrected');
    const incident = JSON.parse(String(parts.get('incident.json')));
    expect(incident).toMatchObject({ incident_id: 'INC-1', title: 'plain' });
    expect(String(parts.get('report.md'))).toContain('# INC-1: plain');
    expect(String(parts.get('report.html'))).toMatch(/^<!doctype html>/);
  });

  it('has the audit log without a hole, from the first row about it to the head that is signed', async () => {
    await bundle();
    const parts = await partsOf();
    const audit = ndjson(parts.get('audit.ndjson'));
    const [first] = await admin.sql`
      select min(seq)::int as seq from keyctl.audit_log
      where incident_id = 'INC-1' or key_id in (${evidence.leaked.id}, ${evidence.usable.id})`;
    expect(audit[0]?.seq).toBe(first?.seq);
    for (const [at, row] of audit.entries()) {
      expect(row.seq).toBe(Number(first?.seq) + at);
      if (at > 0) expect(row.prev_hash).toBe(audit[at - 1]?.hash);
      const linked = Buffer.concat([
        Buffer.from(String(row.prev_hash), 'hex'),
        Buffer.from(String(row.record)),
      ]);
      expect(row.hash).toBe(sha256(linked));
    }
    const note = parseNote(parts.get('checkpoint') ?? Buffer.alloc(0));
    verifyNote(note, [parseVerifier(vkey)]);
    const last = audit.at(-1);
    const root = Buffer.from(String(last?.hash), 'hex').toString('base64');
    expect(note.text.split('\n').slice(1, 3)).toEqual([String(last?.seq), root]);
  });

  it('takes the usage of the window that is typed', async () => {
    const { stdout } = await bundle(['--since', '125m', '--json']);
    expect(JSON.parse(stdout).events).toBe(24);
    expect(ndjson((await partsOf()).get('usage.ndjson'))).toHaveLength(24);
  });

  it('says on a terminal how it is checked', async () => {
    const { stdout } = await bundle();
    expect(stdout).toMatch(
      /^✓ INC-1 sealed in b\.tar · audit \d+\n {2}80 events, rows \d+ to \d+ of the audit log, /,
    );
    expect(stdout).toContain(`check   python3 verify-bundle.py b.tar ${vkey}`);
  });

  it('is made again under the same operation as another file, and another row', async () => {
    const before = (await bundled()).length;
    await bundle();
    await bundle(['--force']);
    expect((await bundled()).length).toBe(before + 2);
  });
});

describe('never in it', () => {
  it('is a token, a verifier, a salt or a digest, of any key, in any encoding', async () => {
    const { leaked, usable, bystander } = evidence;
    const foreign = 'xoxb-7f3e9a-41d2c8b6-secret-of-another-system';
    const imported = await importedKey(admin, 'key_000000000abc', foreign);
    expect(await run(['incidents', 'link-key', 'INC-1', imported])).toMatchObject({ code: 0 });
    await bundle();
    const bytes = await readFile(join(folder, 'b.tar'));
    const tokens = [leaked, usable, bystander].map(({ token }) => token);
    expect(canaries(tokens, [{ where: 'b.tar', bytes }])).toEqual([]);
    const text = bytes.toString('latin1');
    expect(text).not.toContain(foreign);
    expect(text).toContain(imported);
    const secrets = await admin.sql`select id, salt, verifier, digest from keyctl.api_keys`;
    expect(secrets.filter(({ digest }) => digest !== null)).toHaveLength(1);
    for (const { salt, verifier, digest } of secrets)
      for (const secret of [salt, verifier, digest] as (Buffer | null)[]) {
        if (secret === null) continue;
        const shown = [
          secret.toString('hex'),
          secret.toString('base64').replace(/=+$/, ''),
          secret.toString('latin1'),
        ];
        expect(shown.filter((form) => text.toLowerCase().includes(form.toLowerCase()))).toEqual([]);
      }
    // That the search would find what is there: the fingerprint is, and public.
    const [key] = await admin.sql`select fingerprint from keyctl.api_keys where id = ${leaked.id}`;
    expect(text).toContain(String(key?.fingerprint));
  });
});

describe('what is refused, with nothing left and nothing written down', () => {
  const refused = async (ran: Promise<Ran>, code: number, said: string) => {
    const before = (await bundled()).length;
    const { code: found, stdout, stderr } = await ran;
    expect({ code: found, stdout }).toEqual({ code, stdout: '' });
    expect(stderr).toContain(said);
    expect((await bundled()).length).toBe(before);
  };

  it('no file, no number, a window that is none (2)', async () => {
    await refused(run(['incidents', 'bundle', 'INC-1']), 2, '--out: is required');
    await refused(run(['incidents', 'bundle', 'seven', '--out', 'x']), 2, 'ID: not the number');
    await refused(bundle(['--since', '1h', '--until', '2h']), 2, '--until: is not after');
    await refused(bundle(['--out', 'nowhere/x.tar']), 2, 'nowhere/x.tar cannot be written (ENOENT)');
    expect(await readdir(folder)).toEqual([]);
  });

  it('a file, a folder or a link that is there (2), unless it may be replaced', async () => {
    await writeFile(join(folder, 'b.tar'), 'mine');
    await refused(bundle(), 2, '--out: b.tar is there already');
    expect(await readFile(join(folder, 'b.tar'), 'utf8')).toBe('mine');
    expect(await bundle(['--force'])).toMatchObject({ code: 0 });
    await partsOf();
    await symlink('b.tar', join(folder, 'link'));
    await mkdir(join(folder, 'folder'));
    await refused(bundle(['--out', 'link']), 2, 'link is there already');
    await refused(bundle(['--out', 'folder']), 2, 'folder is there already');
  });

  it('an incident that there is not (3)', async () => {
    await refused(run(['incidents', 'bundle', 'INC-999', '--out', 'x']), 3, 'INC-999 not found in ');
    expect(await readdir(folder)).toEqual([]);
  });

  it('a role that may not write it down (77), before a byte is kept', async () => {
    await refused(
      bundle([], { role: 'test_viewer' }),
      77,
      'a bundle needs keyctl_auditor or keyctl_operator',
    );
    expect(await readdir(folder)).toEqual([]);
    expect(await bundle([], { role: 'test_auditor' })).toMatchObject({ code: 0 });
  });

  it('no key to sign with (78), unless nobody has to vouch for it', async () => {
    const bare = { home: join(folder, 'home') };
    await mkdir(bare.home);
    await refused(bundle([], bare), 78, 'there is no key to sign with at ');
    const ran = await bundle(['--unsigned'], bare);
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('● not signed: nobody vouches for it'),
    });
    const parts = await partsOf();
    expect(parts.has('checkpoint')).toBe(false);
    expect(String(parts.get('MANIFEST'))).not.toContain('—');
    expect(String(parts.get('README.txt'))).toContain('It is not signed');
    expect((await bundled()).at(-1)?.details).toMatchObject({ signed_by: null });
  });

  it('a log that is broken in it (7), and says where', async () => {
    const [row] = await admin.sql`select max(seq)::int - 1 as seq from keyctl.audit_log`;
    const seq = Number(row?.seq);
    await tamper(
      admin,
      `create table public.kept as select * from keyctl.audit_log where seq = ${seq};
      update keyctl.audit_log set reason = 'forged', record = replace(record, '"reason"', '"season"') where seq = ${seq}`,
    );
    await refused(bundle(), 7, `not signed: the audit log is broken at ${seq}`);
    expect(await readdir(folder)).toEqual([]);
    expect(await bundle(['--unsigned'])).toMatchObject({ code: 0 });
    await tamper(
      admin,
      `delete from keyctl.audit_log where seq = ${seq}; insert into keyctl.audit_log select * from public.kept;
      drop table public.kept`,
    );
    expect(await bundle(['--force'])).toMatchObject({ code: 0 });
  });
});

describe('an incident whose past is gone', () => {
  it('is still sealed: usage that retention dropped is not in it, and the person is not either', async () => {
    expect(await bundle()).toMatchObject({ code: 0 });
    await admin.sql`update keyctl.owners set email = 'alice@example.com' where email like '%@example.com'`;
    const forget = [
      'keys',
      'owner',
      'forget',
      'alice@example.com',
      '--yes',
      '--reason',
      'asked for by the person',
    ];
    expect(await run(forget, { role: 'test_admin' })).toMatchObject({ code: 0 });
    await admin.sql`truncate keyctl.usage_events`;
    expect(await bundle(['--out', 'later.tar'])).toMatchObject({ code: 0 });
    const later = await partsOf('later.tar');
    expect(ndjson(later.get('usage.ndjson'))).toEqual([]);
    expect([...later.values()].some((part) => part.includes('alice@example.com'))).toBe(false);
    expect(String(later.get('report.md'))).toContain('no usage has been brought in');
    // The first one is as it was.
    expect(ndjson((await partsOf()).get('usage.ndjson'))).toHaveLength(evidence.events);
  });
});

describe('a database behind what this machine saw', () => {
  it('is not signed for (4), unless nobody has to vouch for it', async () => {
    await tamper(
      admin,
      `delete from keyctl.audit_log where seq > (select max(seq) - 2 from keyctl.audit_log);
       update keyctl.audit_head set (seq, hash) = (select seq, hash from keyctl.audit_log order by seq desc limit 1)`,
    );
    const ran = await bundle();
    expect(ran).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('not signed: the audit log ends at'),
    });
    expect(await readdir(folder)).toEqual([]);
    expect(await bundle(['--unsigned'])).toMatchObject({ code: 0 });
  });
});
