import { describe, expect, it } from 'vitest';
import { runCommand } from '../../support/fake-machine.js';

/** The screen itself is seen in test/ui and test/pty; here is what ends before it. */
describe('keyctl audit review', () => {
  it.each([
    ['without a terminal', undefined],
    ['with a terminal for talk alone', { stderr: true }],
    ['into a pipe', { stdin: true, stderr: true }],
    ['from a pipe', { stdout: true, stderr: true }],
  ])('%s: exit 5, naming what a program reads instead', async (_where, terminal) => {
    const ran = await runCommand(['audit', 'review'], terminal === undefined ? {} : { terminal });
    expect(ran).toMatchObject({ code: 5, stdout: '' });
    expect(ran.stderr).toContain('there is no terminal to draw it on');
    expect(ran.stderr).toContain('try: keyctl audit anomalies --json');
  });

  it.each([
    [['--no-input'], {}],
    [[], { TERM: 'dumb' }],
  ])('%j, %j: exit 5 as well', async (flags, env) => {
    expect((await runCommand(['audit', 'review', ...flags], { terminal: true, env })).code).toBe(5);
  });

  it('has no other form: exit 2', async () => {
    const ran = await runCommand(['audit', 'review', '--json'], { terminal: true });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(ran.stderr)).toMatchObject({
      error: { hint: 'keyctl audit anomalies --json', exit_code: 2 },
    });
  });

  it.each([
    ['--alert-budget', '0'],
    ['--alert-budget', 'many'],
    ['--since', 'yesterday'],
  ])('%s %s: exit 2, naming the flag', async (flag, value) => {
    const ran = await runCommand(['audit', 'review', flag, value], { terminal: true });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(flag);
  });

  it('no database configured: exit 78; unreachable: 69; nothing is drawn', async () => {
    expect(await runCommand(['audit', 'review'], { terminal: true })).toMatchObject({ code: 78, stdout: '' });
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    expect(await runCommand(['audit', 'review'], { terminal: true, env })).toMatchObject({
      code: 69,
      stdout: '',
    });
  });
});
