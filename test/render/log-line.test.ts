import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../src/domain/token.js';
import { logLine } from '../../src/render/log-line.js';
import { clean } from '../../src/render/terminal-text.js';
import { hostile } from './hostile.js';

describe('logLine', () => {
  it('writes key=value', () => {
    const at = new Date('2026-08-20T03:12:09.114Z');
    expect(
      logLine({
        at,
        event: 'key.revoked',
        key_id: 'key_1',
        reason: 'leaked in "x"',
        n: 3,
        ok: true,
        none: null,
        empty: '',
        word: 'null',
      }),
    ).toBe(
      'at=2026-08-20T03:12:09.114Z event=key.revoked key_id=key_1 reason="leaked in \\"x\\"" n=3 ok=true none=null empty="" word="null"',
    );
  });

  it.each(hostile)('stays one line that no terminal obeys, and forges no field: %s', (_trick, text) => {
    const logged = logLine({ a: text, [text]: 1, b: 2 });
    expect(logged).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
    expect(logged.endsWith(' b=2')).toBe(true);
  });

  it('quotes whatever could be read as another field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const value = logLine({ a: text }).slice(2);
        expect(value.startsWith('"') ? JSON.parse(value) : value).toBe(text);
        expect(value.startsWith('"') || !/[\s="\\]/.test(value)).toBe(true);
        expect(clean(value).length).toBeGreaterThan(0);
      }),
    );
  });

  it('holds no token, and no megabytes', () => {
    const token = mintToken('kc', randomBytes).token.reveal();
    expect(logLine({ agent: `x ${token}` })).not.toContain(token.slice(-52));
    expect(logLine({ agent: `${'y'.repeat(1_000_000)}` }).length).toBeLessThan(2100);
    // A token that begins before the cut of a long value must not survive as its half.
    expect(logLine({ agent: `${'y'.repeat(1960)} ${token}` })).not.toContain(token.slice(15, 35));
  });
});
