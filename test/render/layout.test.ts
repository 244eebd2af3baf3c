import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fit, padEnd, padStart, width, wrap } from '../../src/render/layout.js';
import { styleFor } from '../../src/render/style.js';
import { clean, line, type Safe } from '../../src/render/terminal-text.js';

const style = styleFor({ colorLevel: 1, unicode: true });
const texts = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('日本語', '👍🏽🇩🇪', 'e\u0301'.repeat(9)),
  )
  .map((raw) => clean(raw));
const coloured = fc
  .array(
    fc.oneof(
      texts,
      texts.map((text) => style.danger(text)),
      texts.map((text) => style.muted(text)),
    ),
  )
  .map((parts) => parts.join('') as Safe);
const bare = (text: string) => text.replace(/\x1b\[[\d;]*m/g, '');

describe('width', () => {
  it.each([
    ['abc', 3],
    ['', 0],
    ['日本', 4],
    ['e\u0301', 1],
    ['🚀', 2],
    ['👍🏽', 2],
    ['🇩🇪', 2],
    ['▲●◆✓✗·›+', 8],
  ])('of %s is %i', (text, columns) => {
    expect(width(clean(text))).toBe(columns);
  });

  it('counts no colours', () => {
    expect(width(line`a ${style.danger(clean('日'))} b`)).toBe(6);
  });
});

describe('fit', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['abcdef', 1, '…'],
    ['abcdef', 0, ''],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['👍🏽👍🏽', 3, '👍🏽…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ])('fits %s into %i columns', (text, columns, fitted) => {
    expect(fit(clean(text), columns)).toBe(fitted);
  });

  it('closes the colours it cuts into', () => {
    expect(fit(line`${style.danger(clean('danger'))} rest`, 4)).toBe('\x1b[31m\x1b[1mdan…\x1b[22m\x1b[39m');
  });

  it('is never wider than asked, and changes nothing that fits', () => {
    fc.assert(
      fc.property(coloured, fc.integer({ min: 0, max: 40 }), (text, columns) => {
        const fitted = fit(text, columns);
        expect(width(fitted)).toBeLessThanOrEqual(columns);
        if (width(text) <= columns) expect(fitted).toBe(text);
        expect(fitted.match(/\x1b\[[\d;]*m/g) ?? []).toEqual(text.match(/\x1b\[[\d;]*m/g) ?? []);
      }),
    );
  });

  it('cuts a megabyte without measuring all of it', () => {
    expect(fit(clean('語'.repeat(1e6)), 5)).toBe('語語…');
  });
});

describe('padding', () => {
  it('fills by columns', () => {
    expect(padEnd(clean('日本'), 6)).toBe('日本  ');
    expect(padStart(clean('日本'), 6)).toBe('  日本');
    expect(padEnd(style.ok(clean('ok')), 4)).toBe('\x1b[32mok\x1b[39m  ');
    expect(padStart(clean('long'), 2)).toBe('long');
  });
});

describe('wrap', () => {
  it('breaks at spaces, and in a word only when it fits no line', () => {
    expect(wrap(clean('the quick brown fox'), 10)).toEqual(['the quick', 'brown fox']);
    expect(wrap(clean('abcdefghij xy'), 4)).toEqual(['abcd', 'efgh', 'ij', 'xy']);
    expect(wrap(clean('日本語です'), 4)).toEqual(['日本', '語で', 'す']);
    expect(wrap(line`one\ntwo`, 20)).toEqual(['one', 'two']);
    expect(wrap(clean(''), 20)).toEqual(['']);
  });

  it('closes colours at the end of each line and opens them again', () => {
    expect(wrap(style.warning(clean('aaa bbb')), 3)).toEqual(['\x1b[33maaa\x1b[0m', '\x1b[33mbbb\x1b[39m']);
  });

  it('loses nothing but spaces, and keeps within the columns', () => {
    fc.assert(
      fc.property(coloured, fc.integer({ min: 2, max: 30 }), (text, columns) => {
        const lines = wrap(text, columns);
        for (const one of lines) expect(width(one)).toBeLessThanOrEqual(columns);
        expect(bare(lines.join('')).replace(/ /g, '')).toBe(bare(text).replace(/ /g, ''));
      }),
    );
  });
});
