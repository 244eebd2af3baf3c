import { afterAll, expect, it } from 'vitest';
import { builtProgram } from '../support/built-program.js';
import { type Pty, startPty } from '../support/pty.js';

const open: Pty[] = [];
afterAll(() => {
  for (const pty of open) pty.close();
});

it('completes a line in an interactive bash that sourced it, behind = too', async () => {
  const program = await builtProgram('release');
  const bash = await startPty([], { columns: 100, line: 'PS1="> " bash --norc --noprofile -i' });
  open.push(bash);
  bash.type(`source <(${program} completion bash); echo rea"dy"\r`);
  await bash.sees(/^ready$/m);
  bash.type('keyctl rev\t--cod\tle\t');
  await bash.sees('keyctl revoke --code leaked');
  bash.type('\x15apikeyctl audit usage --by=en\t-o js\t');
  await bash.sees('apikeyctl audit usage --by=endpoint -o json');
  bash.type('\x15exit\r');
  expect((await bash.ended()).code).toBe(0);
});
