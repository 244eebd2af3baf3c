import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, joinLines, joinWith, line, type Safe } from '../../src/render/terminal-text.js';
import { hostile } from './hostile.js';

/** Said again in other words than the source: nothing below space, no DEL, no C1, nothing that has no picture. */
function acts(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    return (
      code < 0x20 ||
      (code >= 0x7f && code <= 0xa0) ||
      code === 0xad ||
      code === 0x61c ||
      (code >= 0x2000 && code <= 0x200f) ||
      (code >= 0x2028 && code <= 0x202f) ||
      (code >= 0x2060 && code <= 0x206f) ||
      (code >= 0xd800 && code <= 0xf8ff) ||
      (code >= 0xfe00 && code <= 0xfe0f) ||
      code === 0xfeff ||
      (code >= 0xfff0 && code <= 0xfffb) ||
      code >= 0xe0000
    );
  });
}

describe('clean', () => {
  it.each(hostile)('disarms: %s', (_trick, text) => {
    for (const raw of [text, `before ${text} after`, text.repeat(3)]) expect(acts(clean(raw))).toBe(false);
  });

  it('shows what it found', () => {
    expect(clean('a\nb\r\t\0\x1b[0m\x7f\u009b')).toBe('a\\nb\\r\\t\\x00\\x1b[0m\\x7f\\x9b');
    expect(clean('\u202egnp\u2028\u{e0069}\ud800')).toBe('\\u{202e}gnp\\u{2028}\\u{e0069}\\u{d800}');
  });

  it.each([
    'alice-prod (rotated)',
    'Ünïcödé, naïve, ½ × π ≈ 1.57',
    '日本語　テスト 한국어 中文',
    'हिन्दी ไทย עברית العربية Ελληνικά Кириллица',
    '🚀 👍🏽 🇩🇪 ✓ ▲ – “quotes” …',
    'e\u0301 n\u0303 a\u0323\u0302',
    'C:\\new\\table',
  ])('leaves legible text alone: %s', (text) => {
    expect(clean(text)).toBe(text);
  });

  it('lets a joined emoji fall into its parts', () => {
    expect(clean('👩‍💻')).toBe('👩\\u{200d}💻');
  });

  it('keeps six marks on a character and no more, and none that would grip our own text', () => {
    expect(clean(`z${'\u0301'.repeat(6)}`)).toBe(`z${'\u0301'.repeat(6)}`);
    expect(clean(`z${'\u0301'.repeat(7)}`)).toBe(`z${'\u0301'.repeat(6)}\\u{301}`);
    expect(clean('\u0301x')).toBe('\\u{301}x');
  });

  it('disarms any text, and an already clean one not again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (raw) => {
        const safe = clean(raw);
        expect(acts(safe)).toBe(false);
        expect(clean(safe)).toBe(safe);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a megabyte in its stride', () => {
    for (const raw of ['a'.repeat(1e6), '\x1b'.repeat(1e6), '\u0301'.repeat(1e6), '語'.repeat(1e6)]) {
      expect(acts(clean(raw))).toBe(false);
    }
  });
});

describe('line', () => {
  it('puts cleaned text and numbers between trusted words', () => {
    expect(line`revoked ${clean('a\x1b[31m')} after ${1.9} s, audit ${8841n}`).toBe(
      'revoked a\\x1b[31m after 1.9 s, audit 8841',
    );
    expect(line`plain`).toBe('plain');
    // @ts-expect-error a raw string does not pass the type: it goes through clean first.
    expect(line`${'raw'}`).toBe('raw');
  });

  it('keeps our colours and lines, and contains what a cast let through', () => {
    expect(line`${'\x1b[31mred\x1b[39m\nnext' as Safe}`).toBe('\x1b[31mred\x1b[39m\nnext');
    for (const [, text] of hostile) {
      const rest = line`${text as Safe}`.replace(/\x1b\[[\d;]*m|\n/g, '');
      expect(acts(rest), JSON.stringify(rest)).toBe(false);
    }
  });

  it('joins', () => {
    expect(joinLines([clean('a'), clean('b\n')])).toBe('a\nb\\n');
    expect(joinWith(line` · `, [clean('a'), clean('b')])).toBe('a · b');
  });
});
