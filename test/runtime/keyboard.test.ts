import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { keyboardOn } from '../../src/runtime/keyboard.js';

/** What a prompt reads when a terminal sends these pieces; each of its reads stands alone. */
async function typed(
  pieces: readonly (string | Buffer)[],
  shorten?: (pasted: string) => string,
): Promise<string[]> {
  const terminal = new PassThrough();
  const keys = keyboardOn(terminal, shorten);
  const read: string[] = [];
  keys.on('data', (chunk: Buffer) => read.push(chunk.toString()));
  for (const piece of pieces) {
    terminal.write(piece);
    // A turn of the event loop between the pieces, and for the Enter that comes after a text.
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return read;
}

const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;
const upper = (text: string) => text.toUpperCase();

it.each<[what: string, pieces: (string | Buffer)[], read: string[]]>([
  ['keys as they come', ['a', 'b', '\r'], ['a', 'b', '\r']],
  ['an answer in one piece with its Enter', ['leaked in a gist\r'], ['leaked in a gist\r']],
  ['arrows, Escape and Ctrl-C', ['\x1b[A', '\x1b', '\x03'], ['\x1b[A', '\x1b', '\x03']],
  ['a paste of several lines as one', [paste('one\rtwo\r\rthree\r')], ['one two three']],
  ['a paste in pieces', ['\x1b[200~one\r', 'two', '\rthree\x1b[201~'], ['one two three']],
  ['a paste whose marks are cut', ['\x1b[20', '0~one\rtwo\x1b[', '201~x'], ['one two', 'x']],
  ['a paste with controls in it', [paste('a\x03b\x1b]0;t\x07c\x7f\x04')], ['a b ]0;t c']],
  ['what is typed around a paste', [`a${paste('b\rc')}d\r`], ['a', 'b c', 'd\r']],
  ['two pastes', [paste('a\r') + paste('b\r')], ['a', 'b']],
  ['an empty paste', [paste('')], []],
  ['a character cut in two', [Buffer.from([0xc3]), Buffer.from([0xa9])], ['é']],
])('passes on %s', async (_what, pieces, read) => {
  expect((await typed(pieces)).filter((text) => text !== '')).toEqual(read);
});

it.each<[what: string, pieces: string[], read: string[]]>([
  ['shortens a paste', [paste('one\rtwo')], ['ONE TWO']],
  ['leaves alone what is typed', ['a', 'bc', '\r'], ['a', 'bc', '\r']],
  ['passes Enter on after the text that came with it', ['bob\r'], ['bob', '\r']],
  ['takes several lines at once for a paste', ['one\rtwo\r'], ['ONE TWO']],
  ['takes much at once for a paste', ['x'.repeat(65)], ['X'.repeat(65)]],
  ['and its Enter for one after it', [`${'x'.repeat(65)}\r`], ['X'.repeat(65), '\r']],
  ['lets many arrows at once be arrows', ['\x1b[B'.repeat(30)], ['\x1b[B'.repeat(30)]],
  ['lets Ctrl-C through, whatever it comes with', ['\r\x03'], ['\r\x03']],
])('for a search, %s', async (_what, pieces, read) => {
  expect(await typed(pieces, upper)).toEqual(read);
});

it('a paste of megabytes is one answer, bounded, in a moment', async () => {
  const megabyte = 'line of a log\r'.repeat(80_000);
  const [answer = ''] = await typed(['\x1b[200~', ...Array(10).fill(megabyte), '\x1b[201~']);
  expect(answer.length).toBeGreaterThan(8_000_000);
  expect(answer.length).toBeLessThanOrEqual(8 * 1024 * 1024);
});
