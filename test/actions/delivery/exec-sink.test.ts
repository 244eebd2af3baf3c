import { spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAfter } from '../../../src/actions/delivery/after-command.js';
import { execSink } from '../../../src/actions/delivery/exec-sink.js';
import type { HookWorld } from '../../../src/actions/delivery/run-hook.js';
import { hook, hookWorld } from './hook-world.js';
import { issue } from './issue.js';
import { refusal } from './refusal.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-exec-'));
});
afterEach(() => rm(home, { recursive: true }));

const at = (name: string) => join(home, name);
const read = (name: string) => readFile(at(name), 'utf8');

/** A sink for a hook of these lines; `$0.x` in them stands beside it. */
async function sinkOf(lines: readonly string[], world: HookWorld = hookWorld(), args: string[] = []) {
  return execSink({ file: await hook(at('hook'), ...lines), args }, world);
}

/** Resolves when a file of that name appears. */
async function appears(name: string): Promise<void> {
  const watcher = watch(home);
  try {
    if ((await readdir(home)).includes(name)) return;
    for (;;) {
      const changed = await new Promise((resolve) => watcher.once('change', (_event, file) => resolve(file)));
      if (changed === name && (await readdir(home)).includes(name)) return;
    }
  } finally {
    watcher.close();
  }
}

describe('a hook as a sink', () => {
  it('gets the secret on stdin, exactly, and neither in its arguments nor in its environment', async () => {
    const { token, key } = issue();
    const lines = [
      'cat > $0.in; tr "\\0" "\\n" < /proc/$$/environ > $0.env; tr "\\0" " " < /proc/$$/cmdline > $0.args',
    ];
    const world = hookWorld({
      passEnv: ['VAULT_ADDR'],
      env: { ...hookWorld().env, VAULT_ADDR: 'http://vault' },
    });
    const sink = await sinkOf(lines, world, ['billing', '*']);
    await sink.stage(token, { ...key, name: 'a "b" $c' });
    expect(await read('hook.in')).toBe(token.reveal());
    expect(await read('hook.args')).toBe(`/bin/bash ${at('hook')} billing * `);
    const environment = (await read('hook.env')).trim().split('\n').toSorted();
    expect(environment).toEqual([
      'HOME=/root',
      `KEYCTL_FINGERPRINT=${key.fingerprint}`,
      `KEYCTL_KEY_ID=${key.keyId}`,
      'KEYCTL_KEY_NAME=a "b" $c',
      `KEYCTL_OPERATION_ID=${key.operationId}`,
      'KEYCTL_PHASE=stage',
      'LC_ALL=C.UTF-8',
      'PATH=/usr/bin:/bin',
      'VAULT_ADDR=http://vault',
    ]);
    expect(sink.name).toBe(`exec:${at('hook')} billing *`);
    expect(sink.inPlace).toBe(true);
  });

  it('is told the phase, and has the secret again at commit, but not at discard', async () => {
    const { token, key } = issue();
    const sink = await sinkOf(['echo "$KEYCTL_PHASE $(cat 2>&1)" >> $0.log']);
    await sink.stage(token, key);
    await sink.commit();
    await sink.discard();
    const [stage, commit, discard] = (await read('hook.log')).split('\n');
    expect([stage, commit]).toEqual([`stage ${token.reveal()}`, `commit ${token.reveal()}`]);
    expect(discard).toMatch(/^discard cat: .*Bad file descriptor/);
  });

  it('may be fed by /dev/stdin, and may talk by /dev/stderr: tools that know files only', async () => {
    const { token, key } = issue();
    const sink = await sinkOf(['cp /dev/stdin $0.in; echo warned > /dev/stderr; echo said > /dev/stdout']);
    await sink.stage(token, key);
    expect(await read('hook.in')).toBe(token.reveal());
  });

  it('commits for a later process without the secret: a read fails, instead of finding nothing', async () => {
    const { key } = issue();
    const sink = await sinkOf([
      'set -e; echo "$KEYCTL_PHASE $KEYCTL_KEY_ID" >> $0.log; [ "$1" = reads ] && cat; exit 0',
    ]);
    await sink.adopt?.(key, null);
    await sink.commit();
    expect(await read('hook.log')).toBe(`commit ${key.keyId}\n`);
    const reading = execSink({ file: at('hook'), args: ['reads'] }, hookWorld());
    await reading.adopt?.(key, null);
    expect((await refusal(reading.commit())).message).toContain('exit code 1: cat: -: Bad file descriptor');
  });

  it('does not have to read at commit', async () => {
    const { token, key } = issue();
    const sink = await sinkOf(['[ $KEYCTL_PHASE = commit ] || cat >/dev/null']);
    await sink.stage(token, key);
    await sink.commit();
  });

  it.each([
    [
      'ends with another code',
      ['cat > /dev/null; echo first; echo "  no space in the vault " >&2; exit 3'],
      /^it ended with exit code 3: no space in the vault$/,
    ],
    ['ends by a signal', ['cat > /dev/null; kill -TERM $$'], /^it was ended by SIGTERM$/],
    [
      'reads half',
      ['head -c 30 > /dev/null; exit 0'],
      /^it ended well, but left \d\d bytes of the key unread$/,
    ],
    ['reads nothing', ['exit 0'], /^it ended well, but left 67 bytes of the key unread$/],
    ['closes its stdin', ['exec 0<&-; exit 0'], /left 67 bytes/],
    [
      'prints the key',
      ['cat; exit 1'],
      /^it ended with exit code 1 \(what it printed holds the key, and is not shown\)$/,
    ],
    ['prints it in base64, in lines', ['base64 -w 20; echo failed; exit 1'], /holds the key/],
    ['prints it in hex', ['xxd; exit 1'], /holds the key/],
    ['prints a part of it', ['tail -c 20; exit 1'], /holds the key/],
    [
      'prints much',
      ['cat >/dev/null; yes x | head -c 1000000; echo; printf "%0300d" 0; exit 1'],
      /^it ended with exit code 1: 0{200}…$/,
    ],
  ])('fails when it %s', async (_what, lines, why) => {
    const { token, key } = issue();
    const error = await refusal((await sinkOf(lines)).stage(token, key));
    expect(error.message).toMatch(why);
    expect(error.hint).toContain('--deliver file:PATH');
    expect(error.message + error.hint).not.toContain(token.reveal().slice(-20));
  });

  it('is killed with all it started when it takes too long', async () => {
    const { token, key } = issue();
    const sink = await sinkOf(
      ['sleep 1000 & echo $! > $0.child', 'cat >/dev/null; wait'],
      hookWorld({ timeoutMs: 500 }),
    );
    const error = await refusal(sink.stage(token, key));
    expect(error.message).toBe('it took longer than 0.5 s and was killed');
    expect(error.interrupted).toBe(false);
    expect(state(await read('hook.child'))).toMatch(/^(gone|Z)/);
  });

  it('is killed when the user calls it off, and says so', async () => {
    const { token, key } = issue();
    const world = hookWorld();
    const sink = await sinkOf(['touch $0.started', 'sleep 1000'], world);
    const staging = refusal(sink.stage(token, key));
    await appears('hook.started');
    world.interrupt();
    const error = await staging;
    expect(error.message).toBe('it was interrupted');
    expect(error.interrupted).toBe(true);
  });

  it('does not wait for what it leaves running', async () => {
    const { token, key } = issue();
    const sink = await sinkOf(['cat > /dev/null', 'sleep 1000 & echo $! > $0.child']);
    await sink.stage(token, key);
    expect(state(await read('hook.child'))).toBe('S');
    process.kill(Number(await read('hook.child')), 'SIGKILL');
  });

  it('refuses what is no program, and what everybody may change', async () => {
    const { token, key } = issue();
    await mkdir(at('directory'));
    await writeFile(at('text'), '#!/bin/sh\n');
    await hook(at('open'), 'cat >/dev/null');
    await chmod(at('open'), 0o777);
    await writeFile(at('lost'), '#!/nonexistent/interpreter\n');
    await chmod(at('lost'), 0o700);
    const why = async (name: string) =>
      (await refusal(execSink({ file: at(name), args: [] }, hookWorld()).stage(token, key))).message;
    expect(await why('none')).toBe('there is no such program');
    expect(await why('directory')).toBe('it is no regular file');
    expect(await why('text')).toBe('it is not executable');
    expect(await why('open')).toBe('everybody may change it');
    expect(await why('lost')).toContain('interpreter');
  });

  it('leaves nothing in the temporary directory, and says so where there is no mkfifo', async () => {
    const { token, key } = issue();
    const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('keyctl-hook-'));
    const before = await left();
    await (await sinkOf(['cat >/dev/null'])).stage(token, key);
    const world = hookWorld({ env: { PATH: home } });
    expect((await refusal((await sinkOf(['cat'], world)).stage(token, key))).message).toContain('mkfifo');
    expect(await left()).toEqual(before);
  });
});

describe('--after', () => {
  it('runs by the same rules, without any secret, and tells why it failed', async () => {
    const { key } = issue();
    await hook(at('after'), 'cat > $0.in; env > $0.env; [ "$1" = well ] || { echo "no such unit"; exit 5; }');
    expect(await runAfter({ file: at('after'), args: ['well'] }, key, hookWorld())).toBeNull();
    expect(await read('after.in')).toBe('');
    expect(await read('after.env')).toContain(`KEYCTL_PHASE=after\n`);
    expect(await read('after.env')).toContain(`KEYCTL_KEY_ID=${key.keyId}\n`);
    expect(await runAfter({ file: at('after'), args: [] }, null, hookWorld())).toBe(
      `${at('after')}: it ended with exit code 5: no such unit`,
    );
    expect(await read('after.env')).not.toContain('KEYCTL_KEY_ID');
    expect((await stat(at('after.in'))).size).toBe(0);
  });
});

/** `S` sleeping, `Z` dead and not yet collected, `gone`. */
function state(pid: string): string {
  const found = spawnSync('ps', ['-o', 'stat=', '-p', pid.trim()], { encoding: 'utf8' }).stdout.trim();
  return found === '' ? 'gone' : found.slice(0, 1);
}
