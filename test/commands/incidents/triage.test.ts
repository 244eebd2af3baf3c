import { describe, expect, it } from 'vitest';
import { runCommand } from '../../support/fake-machine.js';

/** The board itself is seen in test/ui and test/pty; here is what ends before it. */
describe('keyctl incidents triage', () => {
  it.each([
    ['without a terminal', undefined],
    ['into a pipe', { stdin: true, stderr: true }],
    ['from a pipe', { stdout: true, stderr: true }],
  ])('%s: exit 5, naming what a program reads instead', async (_where, terminal) => {
    const ran = await runCommand(['incidents', 'triage'], terminal === undefined ? {} : { terminal });
    expect(ran).toMatchObject({ code: 5, stdout: '' });
    expect(ran.stderr).toContain('there is no terminal to draw it on');
    expect(ran.stderr).toContain('try: keyctl incidents list --json');
  });

  it('has no other form: exit 2', async () => {
    const ran = await runCommand(['incidents', 'triage', '--json'], { terminal: true });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { hint: 'keyctl incidents list --json' } });
  });

  it('no database configured: exit 78; unreachable: 69; nothing is drawn', async () => {
    const argv = ['incidents', 'triage'];
    expect(await runCommand(argv, { terminal: true })).toMatchObject({ code: 78, stdout: '' });
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    expect(await runCommand(argv, { terminal: true, env })).toMatchObject({ code: 69, stdout: '' });
  });
});
