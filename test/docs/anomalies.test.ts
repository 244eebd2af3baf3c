import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../support/fake-machine.js';

const text = await readFile(join(import.meta.dirname, '../../docs/anomalies.md'), 'utf8');
const blocks = [...text.matchAll(/```\n(.*?)```/gs)].map(([, block = '']) => block);
const lines = blocks.flatMap((block) => block.split('\n').filter((each) => each.includes('keyctl ')));

describe('docs/anomalies.md', () => {
  it('shows commands', () => expect(lines.length).toBeGreaterThan(8));

  it.each(lines.filter((each) => !each.includes('findings about')))(
    'knows every word of %s',
    async (line) => {
      const command = /keyctl ([a-z][a-z -]*?)(?= --| fnd_| [a-z]+-| tell|$)/.exec(line)?.[1] ?? '';
      const { code, stdout } = await runCommand([...command.split(' '), '--help']);
      expect({ command, code }).toEqual({ command, code: 0 });
      expect(stdout).toMatch(new RegExp(`Usage: (apikeyctl|keyctl) ${command}`));
      for (const [flag] of line.matchAll(/(?<= )--[a-z-]+/g)) {
        if (flag !== '--quiet') expect(stdout).toContain(flag);
      }
    },
  );
});
