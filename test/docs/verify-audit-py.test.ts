import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { hostile } from '../render/hostile.js';
import { runCommand } from '../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { seedAudit, tamper } from '../support/seed-audit.js';

const program = join(import.meta.dirname, '../../docs/verify-audit.py');
const rows = 30;

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
}

describe('docs/verify-audit.py, beside audit verify', () => {
  let database: TestDatabase;
  let admin: Connection;
  let home: string;
  let databaseId: string;
  let vkey: string;
  let note: string;
  let good: string[];

  beforeAll(async () => {
    database = await freshDatabase();
    admin = await database.connect();
    home = await mkdtemp(join(inject('scratch'), 'verify-audit-'));
    const texts = hostile.map(([, text]) => text).filter((text) => Buffer.from(text).toString() === text);
    const reason = (at: number) => texts[at % texts.length]?.replaceAll('\0', '') ?? null;
    await seedAudit(
      admin,
      Array.from({ length: rows - 1 }, (_, at) => ({ reason: reason(at), host: reason(at * 3) })),
    );
    const taken = await runCommand(['audit', 'checkpoint', '--init', '--json'], { database, home });
    ({ vkey, note } = JSON.parse(taken.stdout));
    const [row] = await admin.sql`select database_id::text from keyctl.installation`;
    databaseId = row?.database_id;
    good = await exported();
    expect(good).toHaveLength(rows);
  });
  afterAll(() => database.drop());

  const exported = async () => {
    const argv = ['audit', 'export', '--format', 'ndjson'];
    const { code, stdout } = await runCommand(argv, { database, role: 'test_auditor' });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    // An export notes itself in the log, after what it exported.
    await tamper(
      admin,
      `delete from keyctl.audit_log where seq > ${rows};
       update keyctl.audit_head set (seq, hash) = (select seq, hash from keyctl.audit_log where seq = ${rows})`,
    );
    return lines.slice(0, rows);
  };
  const python = async (lines: readonly string[], checkpoint: string | null = note, key = vkey) => {
    await writeFile(join(home, 'log'), lines.map((line) => `${line}\n`).join(''));
    if (checkpoint !== null) await writeFile(join(home, 'note'), checkpoint);
    const more = checkpoint === null ? [] : ['note', key];
    return await new Promise<Ended>((resolve) => {
      execFile('python3', [program, 'log', databaseId, ...more], { cwd: home }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code ?? null), stdout: stdout + stderr }),
      );
    });
  };
  const hasPython = async (skip: (note: string) => void): Promise<void> => {
    if ((await python(good)).code === 'ENOENT') skip('no python3 on this machine');
  };
  const keyctl = async () => {
    const argv = ['audit', 'verify', '--json'];
    const { code, stdout } = await runCommand(argv, { database, role: 'test_auditor' });
    return { code, ...JSON.parse(stdout) };
  };

  it('says how it is called, and exits 7, when something is missing', async () => {
    const ended = await new Promise<Ended>((resolve) => {
      execFile('python3', ['-I', program, 'log.ndjson'], (error, stdout) =>
        resolve({ code: error?.code ?? 0, stdout }),
      );
    });
    expect(ended).toMatchObject({ code: 7, stdout: expect.stringContaining('LOG DATABASE_ID') });
  });

  it('finds a good log complete up to its checkpoint, or consistent without one', async ({ skip }) => {
    await hasPython(skip);
    const { head } = await keyctl();
    expect(await python(good)).toEqual({
      code: 0,
      stdout: `complete up to checkpoint ${rows} - ${rows} rows, head ${head}\n`,
    });
    expect((await python(good, null)).stdout).toMatch(/^consistent; completeness is not proven - 30 rows/);
    expect((await python(good.slice(0, 20), null)).code).toBe(0);
    expect(await python(good.slice(0, 20))).toMatchObject({
      code: 7,
      stdout: expect.stringContaining('behind'),
    });
    expect((await python([])).code).toBe(7);
  });

  it.each([
    ['a reason', "update keyctl.audit_log set reason = 'forged' where seq = 9"],
    ['a record', "update keyctl.audit_log set record = record || ' ' where seq = 9"],
    ['a hash', "update keyctl.audit_log set hash = sha256('x') where seq = 9"],
    ['a link', "update keyctl.audit_log set prev_hash = sha256('x') where seq = 9"],
    ['a row that is gone', 'delete from keyctl.audit_log where seq = 9'],
    ['a time', "update keyctl.audit_log set at = at + interval '1 microsecond' where seq = 9"],
  ])('agrees on the first bad row of a log with %s changed', async (_what, statement) => {
    await tamper(admin, `create table public.kept as select * from keyctl.audit_log; ${statement}`);
    const found = await keyctl();
    const lines = await exportedAsItIs();
    await tamper(
      admin,
      `delete from keyctl.audit_log; insert into keyctl.audit_log select * from public.kept; drop table public.kept`,
    );
    expect(found).toMatchObject({ code: 7, first_bad_seq: 9 });
    expect(await python(lines, null)).toMatchObject({
      code: 7,
      stdout: expect.stringContaining('broken at seq 9:'),
    });
  });
  /** By SQL: the export itself may refuse a log that it cannot read. */
  const exportedAsItIs = async () => {
    const found = await admin.sql<{ line: string }[]>`
      select json_build_object('seq', seq, 'at', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'operation_id', operation_id,
        'action', action, 'key_id', key_id, 'family_id', family_id, 'incident_id', incident_id, 'actor_db', actor_db,
        'actor_os', actor_os, 'actor_claimed', actor_claimed, 'host', host, 'reason', reason, 'record', record,
        'prev_hash', encode(prev_hash, 'hex'), 'hash', encode(hash, 'hex'))::text as line
      from keyctl.audit_log order by seq`;
    return found.map(({ line }) => line.replaceAll('\n', ' '));
  };

  it('agrees on checkpoints that are not to be believed', async ({ skip }) => {
    await hasPython(skip);
    const signature = /— \S+ (\S+)/.exec(note)?.[1] ?? '';
    const bytes = Buffer.from(signature, 'base64');
    const flipped = (at: number) => {
      const other = Buffer.from(bytes);
      other[at] = (other[at] ?? 0) ^ 1;
      return note.replace(signature, other.toString('base64'));
    };
    const [, hash = ''] = /\n([A-Za-z0-9+/]{43}=)\n/.exec(note) ?? [];
    for (const [text, key] of [
      [note.replaceAll('\n', '\r\n'), vkey],
      [note.slice(0, -1), vkey],
      [`${note}x`, vkey],
      [`${note}x\n`, vkey],
      ['', vkey],
      [note.replace(`\n${rows}\n`, `\n${rows - 1}\n`), vkey],
      [note.replace(`\n${rows}\n`, `\n0${rows}\n`), vkey],
      [note.replace(databaseId, databaseId.replace(/^./, 'x')), vkey],
      [note.replace(hash, Buffer.alloc(32).toString('base64')), vkey],
      [flipped(2), vkey],
      [flipped(5), vkey],
      [flipped(67), vkey],
      [note, 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ] as const) {
      const theirs = await python(good, text, key);
      await writeFile(join(home, 'checkpoint'), text);
      const ours = await runCommand(['audit', 'verify', '--checkpoint', join(home, 'checkpoint')], {
        ...{ database, role: 'test_auditor' },
        env: { KEYCTL_CHECKPOINT_VKEYS: key },
      });
      expect({ text, theirs: theirs.code, ours: ours.code }).toEqual({ text, theirs: 7, ours: 7 });
      expect(theirs.stdout).not.toContain('Traceback');
    }
  });

  it('is the 60 lines of the standard library that the documentation promises', async () => {
    const source = await readFile(program, 'utf8');
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    const imports = [...source.matchAll(/^(?:import|from) (.*)$/gm)].map(([, names]) => names);
    expect(imports).toEqual(['base64, hashlib, json, re, sys']);
  });
});
