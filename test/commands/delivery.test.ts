import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addPlaceFlags, deliveryPlan, type PlaceFlags, requireSink } from '../../src/commands/delivery.js';
import { KeyctlError } from '../../src/domain/errors.js';
import { createRuntime } from '../../src/runtime/runtime.js';
import { fakeMachine } from '../support/fake-machine.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-places-'));
});
afterEach(() => rm(home, { recursive: true }));

/** What a command that takes these flags would deliver to. */
async function planOf(...argv: string[]) {
  const rt = createRuntime(fakeMachine({ workingDirectory: home }));
  const command = addPlaceFlags(new Command()).exitOverride();
  const flags = command.parse(argv, { from: 'user' }).opts<PlaceFlags>();
  requireSink(rt, flags);
  return await deliveryPlan(rt, flags);
}

async function refusal(...argv: string[]): Promise<string> {
  const error = await planOf(...argv).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KeyctlError);
  const { exitCode, message, hint } = error as KeyctlError;
  return `${exitCode} ${message} | ${hint}`;
}

describe('--deliver-dir', () => {
  it('is a directory that nobody else can write to', async () => {
    await mkdir(join(home, 'keys'), { mode: 0o755 });
    expect(await planOf('--deliver-dir', 'keys')).toEqual({ kind: 'directory', path: join(home, 'keys') });
    await symlink('keys', join(home, 'link'));
    expect(await planOf('--deliver-dir', 'link')).toEqual({ kind: 'directory', path: join(home, 'link') });
  });

  it('that is missing, or is none (2), or is open to others (78), is refused', async () => {
    await writeFile(join(home, 'file'), '');
    expect(await refusal('--deliver-dir', 'none')).toBe(
      '2 --deliver-dir: none is no directory | mkdir -m 700 none',
    );
    expect(await refusal('--deliver-dir', 'file')).toContain('2 --deliver-dir: file is no directory');
    await mkdir(join(home, 'open'));
    for (const mode of [0o777, 0o770, 0o1777]) {
      await chmod(join(home, 'open'), mode);
      expect(await refusal('--deliver-dir', 'open')).toMatch(
        /^78 --deliver-dir: group or others .* chmod go-w open/,
      );
    }
  });
});

describe('--deliver-map', () => {
  it('is a private file of rules', async () => {
    await writeFile(join(home, 'map'), '[{"key": "*", "deliver": "file:/srv/{id}"}]', { mode: 0o600 });
    expect(await planOf('--deliver-map', 'map')).toMatchObject({
      kind: 'map',
      map: { rules: [{ kind: 'all' }] },
    });
  });

  it('that is missing or open to others (78), or wrong anywhere (2), is refused', async () => {
    expect(await refusal('--deliver-map', 'none')).toMatch(/^78 --deliver-map names .*none/);
    const map = join(home, 'map');
    const rules = ['{"key": "name:a", "deliver": "file:/a"}', '{"key": "*", "deliver": "stdout"}'];
    await writeFile(map, `[${rules.join()}]`, { mode: 0o600 });
    expect(await refusal('--deliver-map', 'map')).toMatch(/^2 --deliver-map: entry 2: stdout/);
    await chmod(map, 0o640);
    expect(await refusal('--deliver-map', 'map')).toContain(`chmod 600 ${map}`);
  });
});

describe('where secrets go', () => {
  it('is said in one way only: 2', async () => {
    for (const more of [
      ['--deliver-map', 'm'],
      ['--deliver', 'file:x'],
    ]) {
      expect(await refusal('--deliver-dir', 'd', ...more)).toMatch(/^2 --deliver: only one of/);
    }
  });

  it('is asked for where no terminal shows them: 5', async () => {
    expect(await refusal()).toMatch(/^5 stdout is no terminal/);
  });

  it('is what was named with --deliver', async () => {
    expect(await planOf('--deliver', 'stdout', '--deliver', 'file:a')).toEqual({
      kind: 'fixed',
      destinations: [{ kind: 'stdout' }, { kind: 'file', path: 'a' }],
    });
  });
});
