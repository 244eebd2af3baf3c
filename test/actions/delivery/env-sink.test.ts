import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  appendFile,
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { envSink } from '../../../src/actions/delivery/env-sink.js';
import { bundled, runChild } from '../../support/child.js';
import { issue } from './issue.js';
import { refusal } from './refusal.js';

const before = '# billing\r\nexport API_KEY="old" # ours\r\nOTHER=1';

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-env-'));
  path = join(home, 'env');
  await writeFile(path, before, { mode: 0o600 });
});
afterEach(() => rm(home, { recursive: true }));

const sinkOf = (variable = 'API_KEY') => envSink({ path, variable });
const content = () => readFile(path, 'utf8');
const left = async () => (await readdir(home)).filter((name) => name !== 'env');

describe('a line of an env file as a sink', () => {
  it('is staged beside it, 0600, and changes that line alone when it is committed', async () => {
    const { token, key } = issue();
    const sink = sinkOf();
    expect(sink.name).toBe(`env:${path}#API_KEY`);
    expect(sink.inPlace).toBe(true);
    await sink.stage(token, key);
    expect(await content()).toBe(before);
    const [staged = '', ...more] = await left();
    expect(more).toEqual([]);
    expect((await stat(join(home, staged))).mode & 0o7777).toBe(0o600);
    const inode = (await stat(join(home, staged))).ino;
    await sink.commit();
    expect(await content()).toBe(before.replace('old', token.reveal()));
    // The staged file itself: a disk that is full by then does no harm.
    expect((await stat(path)).ino).toBe(inode);
    expect(await left()).toEqual([]);
    await sink.commit();
    expect(await content()).toBe(before.replace('old', token.reveal()));
  });

  it('keeps mode and owner', async () => {
    await chmod(path, 0o400);
    // Only root can give files away.
    if (process.getuid?.() === 0) await chown(path, 12345, 54321);
    const { uid, gid } = await stat(path);
    const { token, key } = issue();
    const sink = sinkOf();
    await sink.stage(token, key);
    await sink.commit();
    const after = await stat(path);
    expect({ mode: after.mode & 0o7777, uid: after.uid, gid: after.gid }).toEqual({ mode: 0o400, uid, gid });
  });

  it('is made again of what stands there when the file changed in between', async () => {
    const { token, key } = issue();
    const sink = sinkOf();
    await sink.stage(token, key);
    await appendFile(path, '\r\nADDED=by hand');
    await sink.commit();
    expect(await content()).toBe(`${before.replace('old', token.reveal())}\r\nADDED=by hand`);
    expect(await left()).toEqual([]);
  });

  it('leaves the other keys of the file alone, in whatever order they are staged and committed', async () => {
    const [one, two, three] = [issue(), issue(), issue()];
    const [first, second, third] = [sinkOf('API_KEY'), sinkOf('OTHER'), sinkOf('NEW')];
    await first.stage(one.token, one.key);
    await second.stage(two.token, two.key);
    await third.stage(three.token, three.key);
    await third.commit();
    await first.commit();
    await second.commit();
    expect(await content()).toBe(
      `# billing\r\nexport API_KEY="${one.token.reveal()}" # ours\r\nOTHER=${two.token.reveal()}\r\nNEW=${three.token.reveal()}`,
    );
    expect(await left()).toEqual([]);
  });

  it('takes back what was staged, and never what was committed', async () => {
    const { token, key } = issue();
    const sink = sinkOf();
    await sink.stage(token, key);
    await sink.discard();
    expect(await content()).toBe(before);
    expect(await left()).toEqual([]);
  });

  it('is recalled by a later process from where it was staged, and committed by it', async () => {
    const { token, key } = issue();
    await sinkOf().stage(token, key);
    expect(await sinkOf().recall(issue().key.keyId)).toBeNull();
    const later = sinkOf();
    expect((await later.recall(key.keyId))?.reveal()).toBe(token.reveal());
    await later.commit();
    expect(await content()).toContain(token.reveal());

    // Committed already: it stands in the file, and committing once more changes nothing.
    const latest = sinkOf();
    expect((await latest.recall(key.keyId))?.reveal()).toBe(token.reveal());
    await latest.commit();
    expect(await content()).toBe(before.replace('old', token.reveal()));
  });

  it('is committed by a later process that was only told which key it is', async () => {
    const { token, key } = issue();
    await sinkOf().stage(token, key);
    const later = sinkOf();
    await later.adopt?.(key, null);
    await later.commit();
    expect(await content()).toContain(token.reveal());
    const nothing = sinkOf('OTHER');
    await nothing.adopt?.(key, null);
    expect((await refusal(nothing.commit())).message).toContain('is gone');
  });

  it('clears away what a run left that was killed while it wrote', async () => {
    const { token, key } = issue();
    await sinkOf().stage(token, key);
    const [staged = ''] = await left();
    await writeFile(join(home, staged), '# billing\r\nexport API');
    expect(await sinkOf().recall(key.keyId)).toBeNull();
    expect(await left()).toEqual([]);
    await sinkOf().stage(token, key);
    expect((await sinkOf().recall(key.keyId))?.reveal()).toBe(token.reveal());
  });

  it('finishes what a run left that was killed right after the rename', async () => {
    const { token, key } = issue();
    await sinkOf().stage(token, key);
    await appendFile(path, '\nMORE=1');
    const [staged = ''] = await left();
    await writeFile(path, `API_KEY=${token.reveal()}\nLATER=2\n`);
    const later = sinkOf();
    await later.recall(key.keyId);
    await later.commit();
    expect(await content()).toBe(`API_KEY=${token.reveal()}\nLATER=2\n`);
    expect(await readdir(home)).not.toContain(staged);
  });

  it('refuses what it would not keep as it is', async () => {
    const { token, key } = issue();
    const why = async (name: string) => {
      const error = await refusal(envSink({ path: join(home, name), variable: 'API_KEY' }).stage(token, key));
      return `${error.message} | ${error.hint}`;
    };
    await symlink(path, join(home, 'symlink'));
    await mkdir(join(home, 'directory'));
    await writeFile(join(home, 'open'), '', { mode: 0o640 });
    await chmod(join(home, 'open'), 0o640);
    await writeFile(join(home, 'twice'), 'API_KEY=1\nAPI_KEY=2\n', { mode: 0o600 });
    await writeFile(join(home, 'linked'), '', { mode: 0o600 });
    await link(join(home, 'linked'), join(home, 'linked-2'));
    execFileSync('mkfifo', ['-m', '600', join(home, 'pipe')]);
    const names = await readdir(home);
    expect(await why('none')).toContain('there is no such file | touch');
    expect(await why('symlink')).toContain('symbolic link');
    expect(await why('directory')).toContain('no regular file');
    expect(await why('pipe')).toContain('no regular file');
    expect(await why('open')).toBe(
      `group or others can read or change it (mode 0640) | chmod 600 ${join(home, 'open')}`,
    );
    expect(await why('twice')).toContain('API_KEY is assigned twice, on lines 1 and 2');
    expect(await why('linked')).toContain('hard link');
    expect(await readdir(home)).toEqual(names);
  });

  it('refuses a file that is mounted by itself, as containers have them', async (test) => {
    const inside = join(home, 'mounted');
    await writeFile(inside, '', { mode: 0o600 });
    if (spawnSync('mount', ['--bind', path, inside]).status !== 0) return test.skip('no right to mount');
    try {
      const { token, key } = issue();
      const error = await refusal(envSink({ path: inside, variable: 'API_KEY' }).stage(token, key));
      expect(error.message).toContain('mount');
    } finally {
      execFileSync('umount', [inside]);
    }
  });

  it('says so when what was staged is gone, or the file was opened to others, and changes nothing', async () => {
    const { token, key } = issue();
    const sink = sinkOf();
    await sink.stage(token, key);
    await chmod(path, 0o644);
    expect((await refusal(sink.commit())).message).toContain('group or others');
    await chmod(path, 0o600);
    const [staged = ''] = await left();
    await unlink(join(home, staged));
    expect((await refusal(sink.commit())).message).toContain('is gone');
    expect(await content()).toBe(before);
    expect(await left()).toEqual([]);
  });

  it('takes away a lock that a dead process left behind', async () => {
    const { token, key } = issue();
    const sink = sinkOf();
    await sink.stage(token, key);
    await writeFile(lockName(), '');
    await sink.commit();
    expect(await content()).toContain(token.reveal());
    expect(await left()).toEqual([]);
  });

  it('many processes at once: each line arrives, and the file is whole whenever it is looked at', async () => {
    const child = await bundled(join(import.meta.dirname, 'env-child.ts'));
    const names = (from: number) => Array.from({ length: 8 }, (_, at) => `KEY_${from}_${at}`);
    const groups = [0, 1, 2, 3].map(names);
    const initial = groups.flat().map((name) => `${name}=none`);
    await writeFile(path, `${initial.join('\n')}\n`);
    let looking = true;
    const looked = new Set<string>();
    const observer = (async () => {
      while (looking) {
        looked.add(readFileSync(path, 'utf8'));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const runs = await Promise.all(
      groups.map((group) => runChild(process.execPath, [child, path, ...group])),
    );
    looking = false;
    await observer;
    expect(runs.map((run) => run.stderr)).toEqual(['', '', '', '']);
    const wanted = Object.assign({}, ...runs.map((run) => JSON.parse(run.stdout)));
    expect(await content()).toBe(
      `${groups
        .flat()
        .map((name) => `${name}=${wanted[name]}`)
        .join('\n')}\n`,
    );
    expect(await left()).toEqual([]);
    expect(looked.size).toBeGreaterThan(2);
    for (const text of looked) {
      expect(text.match(/^KEY_\d_\d=(none|kc_[0-9A-Za-z]{64})$/gm)).toHaveLength(32);
    }
  });
});

/** Where the lock of the env file is taken. */
function lockName(): string {
  return join(home, `.keyctl-lock-${createHash('sha256').update('env').digest('hex').slice(0, 8)}`);
}
