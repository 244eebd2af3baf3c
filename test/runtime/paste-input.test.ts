import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { beforeAll, expect, it } from 'vitest';
import { mintToken } from '../../src/domain/token.js';
import { bundled } from '../support/child.js';

let program: string;
beforeAll(async () => {
  program = await bundled(join(import.meta.dirname, 'paste-child.ts'));
});

/** Runs the child in a real terminal, types when the question stands, and answers what was on the screen at the end. */
function inTerminal(typed: string): Promise<{ screen: string; code: number }> {
  return new Promise((resolve) => {
    const terminal = spawn(process.execPath, [program], { cols: 80, rows: 24 });
    let screen = '';
    let asked = false;
    terminal.onData((data) => {
      screen += data;
      if (asked || !screen.includes('Ctrl-D')) return;
      asked = true;
      terminal.write(typed);
    });
    terminal.onExit(({ exitCode }) => resolve({ screen, code: exitCode }));
  });
}

it('takes a paste with a line longer than a terminal’s line buffer, whole and unseen', async () => {
  const token = mintToken('kc', (size) => new Uint8Array(size).fill(5)).token.reveal();
  const { screen, code } = await inTerminal(`${'x'.repeat(10_000)} ${token}\rsecond\r\x04`);
  const lines = screen.split('\r\n').map((line) => line.slice(0, 60));
  expect(lines).toContain('lines 3, tokens 1 at line 1 column 10002');
  expect(screen.includes(token) || screen.includes('xxxx')).toBe(false);
  expect(code).toBe(0);
});

it('leaves on Ctrl-C with the terminal as it was', async () => {
  const { screen } = await inTerminal('half\x03');
  expect(screen).toContain('interrupted, raw false');
});
