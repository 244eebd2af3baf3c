import { describe, expect, it } from 'vitest';
import { width } from '../../src/render/layout.js';
import { type ColorInput, colorLevel, styleFor, unicodeLocale } from '../../src/render/style.js';
import { line } from '../../src/render/terminal-text.js';

const tones = ['danger', 'warning', 'notice', 'ok', 'dead', 'muted', 'accent', 'marked'] as const;

describe('colorLevel', () => {
  // F17: chalk ignores NO_COLOR, and lets FORCE_COLOR beat it.
  it.each<[ColorInput['choice'], boolean, Record<string, string>, number]>([
    ['auto', true, { TERM: 'xterm' }, 1],
    ['auto', true, { TERM: 'xterm-256color' }, 2],
    ['auto', true, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 3],
    ['auto', true, { TERM: 'dumb' }, 0],
    ['auto', true, {}, 1],
    ['auto', false, { TERM: 'xterm' }, 0],
    ['auto', true, { TERM: 'xterm', NO_COLOR: '1' }, 0],
    ['auto', true, { TERM: 'xterm', NO_COLOR: '' }, 1],
    ['auto', true, { TERM: 'xterm', NO_COLOR: '1', FORCE_COLOR: '3' }, 0],
    ['auto', false, { FORCE_COLOR: '1' }, 1],
    ['auto', false, { FORCE_COLOR: '3' }, 3],
    ['auto', false, { FORCE_COLOR: 'true', TERM: 'xterm-256color' }, 2],
    ['auto', false, { FORCE_COLOR: '', TERM: 'dumb' }, 1],
    ['auto', true, { TERM: 'xterm', FORCE_COLOR: '0' }, 0],
    ['auto', true, { TERM: 'xterm', FORCE_COLOR: 'false' }, 0],
    ['always', false, { NO_COLOR: '1' }, 1],
    ['always', false, { COLORTERM: '24bit' }, 3],
    ['never', true, { FORCE_COLOR: '3', TERM: 'xterm' }, 0],
  ])('--color %s, terminal %s, %o: %i', (choice, isTTY, env, level) => {
    expect(colorLevel({ choice, isTTY, env })).toBe(level);
  });
});

describe('unicodeLocale', () => {
  it.each<[Record<string, string>, boolean]>([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'C' }, false],
    [{}, false],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
    [{ LC_ALL: '', LC_CTYPE: 'de_DE.UTF-8', LANG: 'C' }, true],
  ])('%o: %s', (env, unicode) => {
    expect(unicodeLocale(env)).toBe(unicode);
  });
});

describe('styleFor', () => {
  it('writes no escape without colours', () => {
    const style = styleFor({ colorLevel: 0, unicode: true });
    for (const tone of [...tones, 'strong'] as const) expect(style[tone](line`text`)).toBe('text');
  });

  it('colours each tone, and its text stays', () => {
    const style = styleFor({ colorLevel: 3, unicode: true });
    for (const tone of tones)
      expect(style[tone](line`text`)).toMatch(/^(\x1b\[[\d;]+m)+text(\x1b\[[\d;]+m)+$/);
  });

  it('has a sign of one column for each tone, all different, in ASCII where the locale wants it', () => {
    for (const unicode of [true, false]) {
      const { sign, glyph } = styleFor({ colorLevel: 0, unicode });
      expect(new Set(Object.values(sign)).size).toBe(8);
      for (const shown of [...Object.values(sign), ...Object.values(glyph)]) {
        expect(width(shown)).toBe(1);
        if (!unicode) expect(shown).toMatch(/^[!-~]$/);
      }
    }
    expect(Object.values(styleFor({ colorLevel: 0, unicode: false }).sign).join(' ')).toBe('! * ~ v x . > +');
  });
});
