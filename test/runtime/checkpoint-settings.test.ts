import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import {
  checkpointSettings,
  readSigner,
  sinkPaths,
  verifiersOf,
} from '../../src/runtime/checkpoint-settings.js';
import { createRuntime } from '../../src/runtime/runtime.js';
import { type FakeOptions, fakeMachine } from '../support/fake-machine.js';

describe('where checkpoints are made and kept', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(inject('scratch'), 'settings-'));
    await mkdir(join(home, '.config/keyctl'), { recursive: true });
  });

  const on = (options: FakeOptions = {}) =>
    createRuntime(fakeMachine({ home, workingDirectory: home, ...options }));
  const settings = (env: Record<string, string> = {}) => checkpointSettings(on({ env }));
  const configure = (value: unknown) =>
    writeFile(join(home, '.config/keyctl/config.json'), JSON.stringify(value), { mode: 0o600 });

  it('is below the home, where nothing is set', () => {
    expect(settings()).toEqual({
      keyPath: join(home, '.config/keyctl/checkpoint.key'),
      keyNamedBy: null,
      directory: join(home, '.local/state/keyctl/checkpoints'),
      further: [],
      vkeys: [],
    });
    expect(readSigner(on(), settings())).toBeNull();
  });

  it('is what the configuration says, and before it what the environment says', async () => {
    await configure({ checkpoint_key: 'a.key', checkpoint_files: ['one', '/two'], checkpoint_vkeys: ['x'] });
    expect(settings()).toMatchObject({
      ...{ keyPath: join(home, 'a.key'), keyNamedBy: 'checkpoint_key', vkeys: ['x'] },
      further: [join(home, 'one'), '/two'],
    });
    const env = {
      ...{ KEYCTL_CHECKPOINT_KEY: '/b.key', KEYCTL_CHECKPOINT_FILES: 'three, /four,' },
      ...{ KEYCTL_CHECKPOINT_VKEYS: 'y', XDG_STATE_HOME: '/state' },
    };
    expect(settings(env)).toEqual({
      ...{ keyPath: '/b.key', keyNamedBy: 'KEYCTL_CHECKPOINT_KEY', directory: '/state/keyctl/checkpoints' },
      ...{ further: [join(home, 'three'), '/four'], vkeys: ['y'] },
    });
    expect(sinkPaths(settings(env), 'ID')[0]).toBe('/state/keyctl/checkpoints/ID');
  });

  it('is nowhere for a user without a home, but in the files that are named', () => {
    const env = { KEYCTL_CHECKPOINT_FILES: '/var/log/checkpoints' };
    const without = checkpointSettings(createRuntime(fakeMachine({ env })));
    expect(sinkPaths(without, 'ID')).toEqual(['/var/log/checkpoints']);
  });

  it.each([
    [{ checkpoint_key: 7 }, 'checkpoint_key is not a text'],
    [{ checkpoint_files: 'one' }, 'checkpoint_files is not a list of texts'],
    [{ checkpoint_vkeys: [1] }, 'checkpoint_vkeys is not a list of texts'],
    [{ checkpoint: 'x' }, 'there is no setting "checkpoint"'],
  ])('refuses %j', async (value, problem) => {
    await configure(value);
    expect(() => settings()).toThrow(problem);
  });

  it('refuses a public key that is none, and a private one that others can read, without showing it', async () => {
    expect(() => verifiersOf(settings({ KEYCTL_CHECKPOINT_VKEYS: 'nonsense' }), null)).toThrow(
      'NAME+KEYID+BASE64',
    );
    const key = join(home, 'open.key');
    const secret = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
    await writeFile(key, secret, { mode: 0o644 });
    const named = settings({ KEYCTL_CHECKPOINT_KEY: key });
    expect(() => readSigner(on(), named)).toThrow(/^(?!.*AYEK).*0644/);
  });
});
