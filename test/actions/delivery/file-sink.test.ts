import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSink } from '../../../src/actions/delivery/file-sink.js';
import { SinkError } from '../../../src/actions/delivery/sink.js';
import { bundled, runChild } from '../../support/child.js';
import { issue } from './issue.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-sink-'));
});
afterEach(() => rm(home, { recursive: true }));

async function refusal(staging: Promise<void>): Promise<SinkError> {
  const error = await staging.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SinkError);
  return error as SinkError;
}

describe('a file as a sink', () => {
  it('holds exactly the token, for its owner alone, and nothing else is left in the directory', async () => {
    const { token, key } = issue();
    const path = join(home, 'key');
    await fileSink(path).stage(token, key);
    const bytes = await readFile(path);
    expect(bytes.toString()).toBe(token.reveal());
    expect((await stat(path)).mode & 0o7777).toBe(0o600);
    expect(await readdir(home)).toEqual(['key']);
    const digest = createHash('sha256').update(bytes).digest('hex');
    expect(`sha256:${digest.slice(0, 16)}`).toBe(key.fingerprint);
  });

  it('is 0600 whatever the umask says', async () => {
    const { token, key } = issue();
    const before = process.umask(0);
    try {
      await fileSink(join(home, 'open')).stage(token, key);
      process.umask(0o777);
      await fileSink(join(home, 'shut')).stage(token, key);
    } finally {
      process.umask(before);
    }
    for (const name of ['open', 'shut']) expect((await stat(join(home, name))).mode & 0o7777).toBe(0o600);
  });

  it('refuses what is there already, and leaves it as it was', async () => {
    const { token, key } = issue();
    await writeFile(join(home, 'file'), 'mine');
    await symlink(join(home, 'elsewhere'), join(home, 'dangling'));
    await symlink(join(home, 'file'), join(home, 'pointing'));
    await mkdir(join(home, 'directory'));
    for (const name of ['file', 'dangling', 'pointing', 'directory']) {
      const error = await refusal(fileSink(join(home, name)).stage(token, key));
      expect(error.message).toContain('already');
    }
    expect(await readFile(join(home, 'file'), 'utf8')).toBe('mine');
    expect((await readdir(home)).sort()).toEqual(['dangling', 'directory', 'file', 'pointing']);
  });

  it('names a missing directory, and a file in the place of one', async () => {
    const { token, key } = issue();
    await writeFile(join(home, 'file'), '');
    expect((await refusal(fileSink(join(home, 'no/key')).stage(token, key))).message).toContain(
      'no such directory',
    );
    expect((await refusal(fileSink(join(home, 'file/key')).stage(token, key))).message).toContain(
      'no directory',
    );
  });

  it('takes back what it wrote, and nothing that somebody else put there', async () => {
    const { token, key } = issue();
    const sink = fileSink(join(home, 'key'));
    await sink.stage(token, key);
    await sink.discard();
    expect(await readdir(home)).toEqual([]);

    await sink.stage(token, key);
    await rm(join(home, 'key'));
    await writeFile(join(home, 'key'), 'somebody else');
    await sink.discard();
    expect(await readFile(join(home, 'key'), 'utf8')).toBe('somebody else');

    const never = fileSink(join(home, 'key'));
    await never.discard();
    expect(await readdir(home)).toEqual(['key']);
  });

  it('reads back what an earlier run staged, and clears what a killed one left beside it', async () => {
    const { token, key } = issue();
    const path = join(home, 'key');
    await fileSink(path).stage(token, key);
    // Killed between link and unlink: the staging name is still there, a second link to the file.
    const which = createHash('sha256').update(path).digest('hex').slice(0, 8);
    await link(path, join(home, `.keyctl-${key.keyId}-${which}`));
    const later = fileSink(path);
    expect((await later.recall(key.keyId))?.reveal()).toBe(token.reveal());
    expect(await readdir(home)).toEqual(['key']);
    await later.discard();
    expect(await readdir(home)).toEqual([]);
  });

  it('reads back nothing from anything else', async () => {
    const { token, key } = issue();
    const other = issue();
    await writeFile(join(home, 'other'), other.token.reveal());
    await writeFile(join(home, 'text'), `${token.reveal()} and more`);
    await writeFile(join(home, 'big'), 'x'.repeat(100_000));
    await writeFile(join(home, 'target'), token.reveal());
    await symlink(join(home, 'target'), join(home, 'symlink'));
    await mkdir(join(home, 'directory'));
    for (const name of ['none', 'other', 'text', 'big', 'symlink', 'directory']) {
      expect(await fileSink(join(home, name)).recall(key.keyId)).toBeNull();
    }
  });

  it('leaves nothing behind when the disk takes no more', async () => {
    const stager = await bundled(join(import.meta.dirname, 'stage-child.ts'));
    const ran = await runChild('/bin/sh', [
      '-c',
      `ulimit -f 0; exec "$0" "$1" "$2"`,
      process.execPath,
      stager,
      home,
    ]);
    expect(ran.stdout).toBe('it could not be written (EFBIG)');
    expect(await readdir(home)).toEqual([]);
  });
});
