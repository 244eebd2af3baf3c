import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/domain/errors.js';
import { runCommand } from '../support/fake-machine.js';

const help = (...args: string[]) => runCommand(['help', ...args]);

/** Every line as wide as a terminal at most. */
function tooLong(text: string): string[] {
  return text.split('\n').filter((each) => each.length > 80);
}

describe('help', () => {
  it('without a topic is the help of the program, and names the topics', async () => {
    const [alone, flag] = [await help(), await runCommand(['--help'])];
    expect(alone).toEqual(flag);
    expect(alone).toMatchObject({ code: 0, stderr: '' });
    expect(alone.stdout).toContain('exit-codes | json | states | roles | detectors');
    expect(tooLong(alone.stdout)).toEqual([]);
  });

  it('on a command is the help of that command', async () => {
    expect(await help('db', 'roles', 'grant')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: keyctl db roles grant/),
    });
    expect((await help('revoke')).stdout).toBe((await runCommand(['revoke', '--help'])).stdout);
  });

  it('on what there is not says so: 2', async () => {
    for (const words of [['nothing'], ['keys', 'nothing'], ['exit-codes', 'more']]) {
      expect(await help(...words)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining(words.join(' ')),
      });
    }
  });

  it.each(['exit-codes', 'json', 'states', 'roles', 'detectors'])(
    '%s fits on a terminal, and is JSON on request',
    async (topic) => {
      const text = await help(topic);
      expect(text).toMatchObject({ code: 0, stderr: '' });
      expect(tooLong(text.stdout)).toEqual([]);
      const json = await help(topic, '--json');
      const [records] = Object.values(JSON.parse(json.stdout)) as unknown[][];
      expect(records?.length).toBeGreaterThan(4);
      const lines = (await help(topic, '-o', 'ndjson')).stdout.trim().split('\n');
      expect(lines.map((each) => JSON.parse(each))).toEqual(records);
    },
  );

  it('exit-codes has every code of the program, once', async () => {
    const { exit_codes: listed } = JSON.parse((await help('exit-codes', '--json')).stdout);
    expect(listed.map(({ code }: { code: number }) => code)).toEqual(Object.values(exitCodes));
  });

  it('states has every status that a key can be listed by', async () => {
    const { states } = JSON.parse((await help('states', '--json')).stdout);
    const ran = await runCommand(['keys', 'list', '--status', 'nonsense']);
    expect(ran.code).toBe(2);
    const known = ['active', 'expired', 'pending', 'replaced', 'retiring', 'revoked', 'suspended'];
    expect(states.map(({ status }: { status: string }) => status).sort()).toEqual(known);
  });
});
