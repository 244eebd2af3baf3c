import { chmod, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { notesOf } from '../../../src/domain/checkpoint.js';
import { type Ran, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase, type TestRole } from '../../support/postgres.js';
import { tamper } from '../../support/seed-audit.js';
import { seedKey } from '../../support/seed-keys.js';

const reason = ['--reason', 'leaked in acme/app'];

/** Everything that stands on a machine beside the database, and commands run on it. */
interface Place {
  readonly home: string;
  readonly sink: string;
  readonly heads: string;
  run(argv: readonly string[], options?: { role?: TestRole; env?: Record<string, string> }): Promise<Ran>;
}

async function newPlace(database: TestDatabase, databaseId: string): Promise<Place> {
  const home = await mkdtemp(join(inject('scratch'), 'checkpoints-'));
  const state = join(home, '.local/state/keyctl');
  return {
    home,
    sink: join(state, 'checkpoints', databaseId),
    heads: join(state, 'heads', `${databaseId}.json`),
    run: (argv, { role = 'test_operator', env = {} } = {}) =>
      runCommand(argv, { database, role, home, workingDirectory: home, env }),
  };
}

async function sizesIn(path: string): Promise<number[]> {
  const notes = [...notesOf(await readFile(path))];
  return notes.map(({ bytes }) => Number(Buffer.from(bytes).toString().split('\n')[1]));
}

describe.each(servers)('checkpoints on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let databaseId: string;
  let here: Place;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    const [row] = await admin.sql`select database_id::text from keyctl.installation`;
    databaseId = row?.database_id;
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    here = await newPlace(database, databaseId);
  });

  const head = async () => {
    const [row] = await admin.sql`select seq::int, encode(hash, 'hex') as hash from keyctl.audit_head`;
    return row as unknown as { seq: number; hash: string };
  };
  const lastRow = async () => {
    const [row] = await admin.sql`
      select action, record::jsonb as record from keyctl.audit_log order by seq desc limit 1`;
    return row as unknown as { action: string; record: Record<string, unknown> };
  };
  const revoke = async (place = here, env: Record<string, string> = {}) => {
    const { id } = await seedKey(admin);
    const ran = await place.run(['revoke', id, '--yes', ...reason], { env });
    expect(ran.code).toBe(0);
    return ran;
  };
  const verdict = async (...argv: string[]) => {
    const { code, stdout } = await here.run(['audit', 'verify', '--json', ...argv], { role: 'test_auditor' });
    return { code, ...JSON.parse(stdout) };
  };

  it('are signed by a key of mode 0600 that --init makes once, and noted in the log', async () => {
    const first = await here.run(['audit', 'checkpoint', '--init', '--json'], { role: 'test_auditor' });
    const taken = JSON.parse(first.stdout);
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    expect(taken).toMatchObject({ outcome: 'checkpointed', key_created: true, ...(await headOf()) });
    expect((await stat(join(here.home, '.config/keyctl/checkpoint.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(here.sink)).mode & 0o777).toBe(0o600);
    expect(await readFile(here.sink, 'utf8')).toBe(taken.note);
    expect(await lastRow()).toMatchObject({
      action: 'audit.checkpointed',
      record: { details: { vkey: taken.vkey }, operation_id: taken.operation_id },
    });
    expect(first.stdout + (await readFile(here.sink, 'utf8'))).not.toContain('PRIVATE');
    const again = JSON.parse((await here.run(['audit', 'checkpoint', '--init', '--json'])).stdout);
    expect(again).toMatchObject({
      ...{ outcome: 'unchanged', key_created: false, vkey: taken.vkey, size: taken.size, audit_seq: null },
    });
    const text = await here.run(['audit', 'checkpoint']);
    expect(text.stdout).toContain(`checkpoint at ${taken.size}`);
    expect(text.stdout).toContain(taken.vkey);
  });
  const headOf = async () => {
    const { seq, hash } = await head();
    return { size: seq, hash };
  };

  it('with --dry-run change nothing and make nothing', async () => {
    const before = await head();
    const { code, stdout } = await here.run(['audit', 'checkpoint', '--init', '--dry-run', '--json']);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, dry_run: true, key_created: true });
    expect(await head()).toEqual(before);
    await expect(stat(here.sink)).rejects.toThrow('ENOENT');
    await expect(stat(join(here.home, '.config/keyctl/checkpoint.key'))).rejects.toThrow('ENOENT');
  });

  it('answer a repeated operation with its first outcome', async () => {
    const id = ['--operation-id', '6f1c1e0a-7d5e-4e0b-9a53-1d2f3c4b5a69'];
    await here.run(['audit', 'checkpoint', '--init', ...id]);
    const before = await head();
    const { stdout } = await here.run(['audit', 'checkpoint', '--json', ...id]);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'checkpointed', audit_seq: before.seq });
    expect(await head()).toEqual(before);
  });

  it('are refused without a key (78), with one that others can read (78), and without the right (77)', async () => {
    const none = await here.run(['audit', 'checkpoint']);
    expect(none).toMatchObject({ code: 78, stdout: '' });
    expect(none.stderr).toContain('keyctl audit checkpoint --init');
    await here.run(['audit', 'checkpoint', '--init']);
    const key = join(here.home, '.config/keyctl/checkpoint.key');
    const before = await head();
    expect((await here.run(['audit', 'checkpoint'], { role: 'test_viewer' })).code).toBe(77);
    await chmod(key, 0o640);
    const open = await here.run(['audit', 'checkpoint']);
    expect(open.code).toBe(78);
    expect(open.stderr).toContain('chmod 600');
    await chmod(key, 0o600);
    await writeFile(key, 'PRIVATE+KEY+x+00000000+AAAA\n');
    expect((await here.run(['audit', 'checkpoint'])).code).toBe(78);
    const missing = { KEYCTL_CHECKPOINT_KEY: join(here.home, 'none.key') };
    expect((await here.run(['audit', 'checkpoint'], { env: missing })).code).toBe(78);
    expect(await head()).toEqual(before);
  });

  it('follow every change, in every sink, with the head that it made', async () => {
    await here.run(['audit', 'checkpoint', '--init']);
    const further = join(here.home, 'further');
    const env = { KEYCTL_CHECKPOINT_FILES: further };
    const { stderr } = await revoke(here, env);
    expect(stderr).toBe('');
    const { seq, hash } = await head();
    for (const path of [here.sink, further]) {
      const note = (await readFile(path, 'utf8')).split('\n').slice(-6, -3);
      expect(note).toEqual([
        `keyctl/audit/${databaseId}`,
        String(seq),
        Buffer.from(hash, 'hex').toString('base64'),
      ]);
    }
    await here.run(['keys', 'list'], { env });
    expect((await sizesIn(here.sink)).at(-1)).toBe(seq);
    expect(await verdict()).toMatchObject({ code: 0, verdict: 'complete', complete_up_to: seq });
  });

  it('that a sink misses are a warning, never a refused change, and are caught up', async () => {
    await here.run(['audit', 'checkpoint', '--init']);
    const further = join(here.home, 'disk/further');
    const env = { KEYCTL_CHECKPOINT_FILES: further };
    const failing = await revoke(here, env);
    expect(failing.stderr).toContain(`no checkpoint was appended to ${further} (ENOENT)`);
    const partial = await here.run(['audit', 'checkpoint', '--json'], { env });
    expect(partial.code).toBe(6);
    expect(JSON.parse(partial.stdout).sinks[1]).toEqual({ path: further, error: 'ENOENT' });
    await revoke(here, env);
    await mkdir(join(here.home, 'disk'));
    expect((await revoke(here, env)).stderr).toBe('');
    const all = await sizesIn(here.sink);
    expect(all.length).toBeGreaterThanOrEqual(5);
    expect(await sizesIn(further)).toEqual(all);
  });

  it('warn when the key cannot be used, and the change stands', async () => {
    await here.run(['audit', 'checkpoint', '--init']);
    await chmod(join(here.home, '.config/keyctl/checkpoint.key'), 0o644);
    expect((await revoke()).stderr).toContain('no checkpoint was signed');
  });

  it('prove completeness to who has the public key alone', async () => {
    const { vkey, note, size } = JSON.parse(
      (await here.run(['audit', 'checkpoint', '--init', '--json'])).stdout,
    );
    const auditor = await newPlace(database, databaseId);
    const file = join(auditor.home, 'checkpoint.txt');
    await writeFile(file, note);
    const argv = ['audit', 'verify', '--json', '--checkpoint', 'checkpoint.txt', '--require-checkpoint'];
    const trusting = { role: 'test_auditor', env: { KEYCTL_CHECKPOINT_VKEYS: vkey } } as const;
    const good = await auditor.run(argv, trusting);
    expect({ code: good.code, ...JSON.parse(good.stdout) }).toMatchObject({
      ...{ code: 0, verdict: 'complete', completeness_proven: true, complete_up_to: size },
    });
    const other = `${vkey.slice(0, -4)}AAAA`;
    expect((await auditor.run(argv, { env: { KEYCTL_CHECKPOINT_VKEYS: other } })).code).toBe(78);
    for (const [text, problem] of [
      [note.replaceAll('\n', '\r\n'), 'CRLF'],
      [note.slice(0, -1), 'no newline'],
      [note.replace(`\n${size}\n`, `\n${size + 1}\n`), 'does not fit'],
      [note.replace(databaseId, databaseId.replace(/^./, '0')), 'another log'],
      [`${note}x`, 'no newline'],
      [`${note}x\n`, 'no blank line'],
      [note.replace(/— \S+/, '— somebody'), 'no signature by a known key'],
      [note.replace(/=\n\n/, '\n\n'), 'hash'],
      ['', 'no checkpoint in it'],
    ]) {
      await writeFile(file, text);
      const { code, stdout, stderr } = await auditor.run(argv, trusting);
      expect({ problem, code, stdout }).toEqual({ problem, code: 7, stdout: '' });
      expect(stderr).toContain(problem);
      expect(stderr.split('\n')[0]).toMatch(/^(keyctl: |\{).*--checkpoint checkpoint.txt, line \d+/);
    }
    await rm(file);
    expect((await auditor.run(argv, trusting)).code).toBe(2);
  });

  it('that are needed and not there: 7, and nothing is claimed', async () => {
    expect(await verdict('--require-checkpoint')).toMatchObject({
      ...{ code: 7, verdict: 'consistent', completeness_proven: false, complete_up_to: null },
    });
    const { stdout } = await here.run(['audit', 'verify', '--require-checkpoint'], { role: 'test_auditor' });
    expect(stdout).toContain('Completeness is not proven');
  });

  it('that are damaged in a sink count for nothing, are told, and hide no other', async () => {
    await here.run(['audit', 'checkpoint', '--init']);
    const good = await readFile(here.sink, 'utf8');
    await writeFile(here.sink, good.slice(0, 60));
    await revoke();
    const found = await verdict('--require-checkpoint');
    expect(found).toMatchObject({ code: 0, verdict: 'complete' });
    expect(found.checkpoints_refused).toEqual([expect.stringContaining(`${here.sink}, line 1: `)]);
    const forged = good.replace(/\n(\d+)\n/, (_all, size) => `\n${Number(size) + 1000}\n`);
    await writeFile(here.sink, forged);
    expect(await verdict()).toMatchObject({
      ...{ code: 0, verdict: 'consistent', checkpoints: 0 },
      checkpoints_refused: [expect.stringContaining('does not fit')],
    });
    const { stdout } = await here.run(['audit', 'verify'], { role: 'test_auditor' });
    expect(stdout).toContain('Not believed');
  });

  describe('of a log that was set back', () => {
    /** Ends the log there, consistently, as a restore from a backup does; undone by `restore`. */
    const setBackTo = (seq: number) =>
      tamper(
        admin,
        `create table if not exists public.kept as select * from keyctl.audit_log;
         create table if not exists public.kept_head as select * from keyctl.audit_head;
         delete from keyctl.audit_log where seq > ${seq};
         update keyctl.audit_head set (seq, hash) = (select seq, hash from keyctl.audit_log where seq = ${seq})`,
      );
    const restore = () =>
      tamper(
        admin,
        `delete from keyctl.audit_log; insert into keyctl.audit_log select * from public.kept;
         update keyctl.audit_head set (seq, hash) = (select k.seq, k.hash from public.kept_head k);
         drop table public.kept, public.kept_head`,
      );

    it('every command that changes something warns, goes on, and puts the gap into its row', async () => {
      await revoke();
      const { seq } = await head();
      await setBackTo(seq - 3);
      const [key] = await admin.sql`select id from keyctl.api_keys where status = 'active' limit 1`;
      const id = key?.id ?? (await seedKey(admin)).id;
      const found = (await head()).seq;
      const { code, stderr } = await here.run(['keys', 'update', id, '--rpm', '7', ...reason]);
      expect(code).toBe(0);
      expect(stderr).toContain(`ends at ${found}, and this machine saw it at ${seq}`);
      expect((await lastRow()).record).toMatchObject({
        action: 'key.updated',
        behind: { remembered_seq: seq, found_seq: found },
      });
      expect((await here.run(['keys', 'list'])).stderr).toBe('');
      await restore();
    });

    it('audit verify says behind (7), also when it has outgrown what was seen; rm ends it', async () => {
      await revoke();
      const { seq } = await head();
      await setBackTo(seq - 2);
      expect(await verdict()).toMatchObject({
        ...{ code: 7, verdict: 'behind', first_bad_seq: seq - 1, rows: seq - 2 },
      });
      const { stdout } = await here.run(['audit', 'verify'], { role: 'test_auditor' });
      expect(stdout).toContain(`BEHIND: it ends at ${seq - 2}, and was seen at ${seq}`);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain('rm ');
      for (let round = 0; round < 3; round += 1)
        expect((await revoke()).stderr).toContain('this machine saw');
      expect(await verdict()).toMatchObject({ code: 7, verdict: 'broken', problem: 'rewritten' });
      await rm(here.heads);
      expect(await verdict()).toMatchObject({ code: 0, verdict: 'consistent' });
      expect((await revoke()).stderr).toBe('');
      await restore();
    });

    it('a fork that grew past what was seen is noticed by the next change itself', async () => {
      await revoke();
      const { seq } = await head();
      await setBackTo(seq - 2);
      for (let round = 0; round < 3; round += 1) await seedKey(admin);
      expect((await head()).seq).toBeGreaterThan(seq);
      expect((await revoke()).stderr).toContain(`row ${seq} of the audit log`);
      expect(await verdict()).toMatchObject({ code: 7, problem: 'rewritten' });
      await restore();
    });

    it('no checkpoint is signed that contradicts an earlier one (4 for audit checkpoint)', async () => {
      await here.run(['audit', 'checkpoint', '--init']);
      await revoke();
      const before = await sizesIn(here.sink);
      await setBackTo((await head()).seq - 2);
      expect((await revoke()).stderr).toContain('no checkpoint was signed: it would contradict');
      const refused = await here.run(['audit', 'checkpoint']);
      expect(refused).toMatchObject({ code: 4, stdout: '' });
      expect(await sizesIn(here.sink)).toEqual(before);
      await restore();
    });

    it('a gap that closed again (a standby that lagged) is forgotten once verify has walked past it', async () => {
      await revoke();
      await setBackTo((await head()).seq - 1);
      await here.run(['keys', 'list']);
      expect(JSON.parse(await readFile(here.heads, 'utf8')).gap).not.toBeNull();
      await restore();
      expect((await revoke()).stderr).toContain('this machine saw');
      expect((await verdict()).code).toBe(0);
      expect((await revoke()).stderr).toBe('');
    });

    it.each([
      ['cut off', 'behind'],
      ['emptied', 'behind'],
      ['rewritten as a whole', 'rewritten'],
    ])('%s: noticed by one earlier checkpoint, and by it alone', async (how, problem) => {
      await here.run(['audit', 'checkpoint', '--init']);
      await rm(here.heads);
      const { seq } = await head();
      if (how === 'cut off') await setBackTo(seq - 3);
      else {
        await setBackTo(1);
        await tamper(admin, emptied);
      }
      if (how.startsWith('rewritten')) await tamper(admin, rewritten);
      const [rewrittenRow] = await admin.sql`select count(*)::int as rows from keyctl.audit_log`;
      expect(rewrittenRow?.rows).toBe(how === 'cut off' ? seq - 3 : how === 'emptied' ? 0 : seq);
      expect(await verdict()).toMatchObject({ code: 7, problem });
      await rm(here.heads, { force: true });
      await rm(here.sink);
      expect(await verdict()).toMatchObject({ code: 0, verdict: 'consistent' });
      await restore();
    });
  });

  it('doctor looks at the key, the files and the age of the newest', async () => {
    const finding = async (env: Record<string, string> = {}) => {
      const { code, stdout } = await here.run(['doctor', '--json'], { env });
      const { checks } = JSON.parse(stdout) as { checks: { name: string }[] };
      return { code, ...checks.find(({ name }) => name === 'checkpoints') };
    };
    expect(await finding()).toMatchObject({ code: 0, verdict: 'ok' });
    await here.run(['audit', 'checkpoint', '--init']);
    expect(await finding()).toMatchObject({
      verdict: 'ok',
      finding: expect.stringContaining('the newest is'),
    });
    const month = new Date(Date.now() - 31 * 86_400_000);
    await utimes(here.sink, month, month);
    expect(await finding()).toMatchObject({
      code: 0,
      verdict: 'warning',
      command: 'keyctl audit checkpoint',
    });
    const further = { KEYCTL_CHECKPOINT_FILES: join(here.home, 'nowhere/further') };
    expect(await finding(further)).toMatchObject({ code: 7, verdict: 'problem' });
    const key = join(here.home, '.config/keyctl/checkpoint.key');
    await chmod(key, 0o644);
    expect(await finding()).toMatchObject({ code: 7, verdict: 'problem', command: `chmod 600 ${key}` });
    expect((await here.run(['doctor', '--fix'])).stdout).toContain(`chmod 600 ${key}`);
    expect((await stat(key)).mode & 0o777).toBe(0o600);
  });

  it('commands that run at once on one machine do not take each other’s rows for a gap', async () => {
    await here.run(['audit', 'checkpoint', '--init']);
    const { id } = await seedKey(admin);
    for (let round = 0; round < 3; round += 1) {
      const limits = Array.from({ length: 8 }, (_, at) => String(1 + at + 10 * round));
      const ran = await Promise.all(
        limits.map((rpm) => here.run(['keys', 'update', id, '--rpm', rpm, ...reason])),
      );
      expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        limits.map(() => ({ code: 0, stderr: '' })),
      );
    }
    expect(await verdict()).toMatchObject({ code: 0, verdict: 'complete', checkpoints_refused: [] });
  });

  it('nothing is remembered for a user without a home', async () => {
    await revoke({ ...here, run: (argv) => runCommand(argv, { database, role: 'test_operator' }) });
    await expect(stat('/nonexistent')).rejects.toThrow('ENOENT');
  });

  it('a memory that cannot be read is told, left alone, and stops nobody', async () => {
    await revoke();
    expect((await stat(here.heads)).mode & 0o777).toBe(0o600);
    await writeFile(here.heads, '{"heads":');
    expect((await revoke()).stderr).toContain('cannot be read');
    expect(await readFile(here.heads, 'utf8')).toBe('{"heads":');
  });
});

const genesis = `sha256(convert_to('keyctl audit v1' || chr(10) || database_id::text, 'UTF8'))`;

const emptied = `
  delete from keyctl.audit_log;
  update keyctl.audit_head set seq = 0, hash = (select ${genesis} from keyctl.installation)`;

/** Every row again with another host, hashed anew from the first: consistent in itself. */
const rewritten = `
  do $$
  declare r keyctl.audit_log; v_prev bytea; v_hash bytea; v_record text;
  begin
    select ${genesis} into v_prev from keyctl.installation;
    for r in select * from public.kept order by seq loop
      v_record := regexp_replace(r.record, '"host" : [^,]*,', '"host" : "elsewhere",');
      v_hash := sha256(v_prev || convert_to(v_record, 'UTF8'));
      r.record := v_record; r.host := 'elsewhere'; r.prev_hash := v_prev; r.hash := v_hash;
      insert into keyctl.audit_log select (r).*;
      v_prev := v_hash;
    end loop;
    update keyctl.audit_head set (seq, hash) = (select seq, hash from keyctl.audit_log order by seq desc limit 1);
  end $$`;
