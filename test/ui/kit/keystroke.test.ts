import type { Key } from 'ink';
import { describe, expect, it } from 'vitest';
import { keystrokeReader } from '../../../src/ui/kit/keystroke.js';

const none = {} as Key;
const names = (input: string, key: Partial<Key> = {}) =>
  keystrokeReader()(input, { ...none, ...key }).map(({ name }) => name);

describe('keys', () => {
  it.each<[string, string, Partial<Key>, string[]]>([
    ['a letter', 'a', {}, ['a']],
    ['a capital', 'R', { shift: true }, ['R']],
    ['letters that came at once', 'jja', {}, ['j', 'j', 'a']],
    ['the space bar', ' ', {}, ['space']],
    ['an arrow', '', { downArrow: true }, ['down']],
    ['Enter', '', { return: true }, ['enter']],
    ['Enter at once with letters', 'ab\r', {}, ['a', 'b', 'enter']],
    ['Escape', '', { escape: true, meta: true }, ['escape']],
    ['Ctrl-U', 'u', { ctrl: true }, ['ctrl-u']],
    ['Ctrl-C at once with letters', 'j\x03', {}, ['j', 'ctrl-c']],
    ['Ctrl-U and Tab at once with letters', 'a\x15b\t', {}, ['a', 'ctrl-u', 'b', 'tab']],
    ['what most terminals send for Backspace', '', { delete: true }, ['backspace']],
    ['Alt and a letter: nothing', 'r', { meta: true }, []],
  ])('%s', (_what, input, key, expected) => {
    expect(names(input, key)).toEqual(expected);
  });

  it('types the text of printable keys only, emoji whole', () => {
    const read = keystrokeReader();
    expect(read('é🔑 ', none).map(({ text }) => text)).toEqual(['é', '🔑', ' ']);
    expect(read('\x1b', none)).toEqual([{ name: '', text: '' }]);
  });

  it('a paste is one piece of text on one line, however many pieces it came in, and no command', () => {
    const read = keystrokeReader();
    expect(read('[200~', none)).toEqual([]);
    expect(read('leaked in', none)).toEqual([]);
    expect(read('\nacme\x1b]52;c;x\x07', none)).toEqual([]);
    expect(read('r\r', none)).toEqual([]);
    expect(read('[201~', none)).toEqual([{ name: 'paste', text: 'leaked in acme ]52;c;x r' }]);
    expect(read('r', none)).toEqual([{ name: 'r', text: 'r' }]);
  });
});
