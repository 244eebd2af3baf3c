import path from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Pty, type PtyOptions, startPty } from '../support/pty.js';

/** How a screen gives the terminal back, whatever ends it: seen on a board of the test's own in a real terminal. */
const child = path.join(inject('scratch'), 'screen-child/screen-child.mjs');
const open: Pty[] = [];

beforeAll(async () => {
  await build({
    entryPoints: [path.join(import.meta.dirname, '../ui/kit/screen-child.ts')],
    outdir: path.dirname(child),
    outExtension: { '.js': '.mjs' },
    // Split, so that what Ink imports for its own development alone is never loaded.
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', jsx: 'automatic' },
    external: ['react-devtools-core'],
    banner: { js: 'import{createRequire as make}from"node:module";const require=make(import.meta.url);' },
  });
});

afterEach(() => {
  for (const pty of open.splice(0)) pty.close();
});

async function screen(options: PtyOptions = {}): Promise<Pty> {
  // The shell writes first: what stood there before has to stand there afterwards.
  const line = `echo before; node ${child}`;
  const pty = await startPty([], { line, ...options });
  open.push(pty);
  await pty.sees(/BOARD of \d+ by \d+/);
  return pty;
}

function pidOf(pty: Pty): number {
  const [, pid] = /process (\d+)/.exec(pty.screen().join('\n')) ?? [];
  return Number(pid);
}

async function leavesTerminalAsItWas(pty: Pty): Promise<void> {
  const { settings } = await pty.ended();
  for (const setting of ['isig', 'icanon', 'echo', 'icrnl', 'opost']) {
    expect(settings.split(/\s+/)).toContain(setting);
  }
  const written = pty.written();
  // Alternate screen, cursor, marked pastes, automatic line breaks: the last word is that of the shell.
  for (const [taken, given] of [
    ['\x1b[?1049h', '\x1b[?1049l'],
    ['\x1b[?25l', '\x1b[?25h'],
    ['\x1b[?2004h', '\x1b[?2004l'],
    ['\x1b[?7l', '\x1b[?7h'],
  ] as const) {
    expect(written.lastIndexOf(given)).toBeGreaterThan(written.lastIndexOf(taken));
  }
  expect(pty.screen()[0]).toBe('before');
}

describe('a screen gives the terminal back', () => {
  it('when it is left', async () => {
    const pty = await screen();
    pty.type('q');
    await pty.sees('ended: left');
    await leavesTerminalAsItWas(pty);
  });

  it('after Ctrl-C', async () => {
    const pty = await screen();
    pty.type('\x03');
    await pty.sees('ended: interrupted');
    await leavesTerminalAsItWas(pty);
  });

  it('when a component throws, with the error for whoever called', async () => {
    const pty = await screen();
    pty.type('c');
    await pty.sees('failed: thrown while drawing');
    await leavesTerminalAsItWas(pty);
  });

  it('when something throws that nobody catches, with the error on the shell’s screen', async () => {
    const pty = await screen();
    pty.type('t');
    await pty.sees('thrown in a timer');
    await leavesTerminalAsItWas(pty);
  });

  it.each(['TERM', 'HUP'])('after SIG%s', async (signal) => {
    const pty = await screen();
    process.kill(pidOf(pty), `SIG${signal}`);
    await pty.sees('ended: interrupted');
    await leavesTerminalAsItWas(pty);
  });
});

it('draws anew at another size', async () => {
  const pty = await screen();
  await pty.sees('BOARD of 80 by 24');
  pty.resize(100, 30);
  await pty.sees('BOARD of 100 by 30');
  pty.resize(50, 20);
  await pty.sees('needs 60 columns');
  pty.resize(60, 15);
  await pty.sees('BOARD of 60 by 15');
  expect(pty.screen().filter((text) => text !== '')).toHaveLength(2);
  pty.type('q');
  await leavesTerminalAsItWas(pty);
});

it('read aloud, writes lines one after another on the shell’s own screen', async () => {
  const pty = await screen({ env: { INK_SCREEN_READER: 'true' } });
  expect(pty.written()).not.toContain('\x1b[?1049h');
  pty.type('q');
  await pty.sees('ended: left');
});
