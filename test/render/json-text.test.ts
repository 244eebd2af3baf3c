import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { jsonText, ndjsonLine } from '../../src/render/json-text.js';
import { clean } from '../../src/render/terminal-text.js';
import { hostile } from './hostile.js';

describe('jsonText', () => {
  it.each(hostile)('parses to the same value and leaves the terminal alone: %s', (_trick, text) => {
    const value = { [text]: [text, { nested: text }] };
    for (const indent of [0, 2] as const) {
      const json = jsonText(value, indent);
      expect(JSON.parse(json)).toEqual(value);
      expect(json.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
    }
    expect(ndjsonLine(value).indexOf('\n')).toBe(ndjsonLine(value).length - 1);
  });

  it('parses to the same value, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        expect(JSON.parse(jsonText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('writes absent values as null, times in RFC 3339, big numbers whole, secrets as dots', () => {
    const at = new Date('2026-08-20T03:12:09.114Z');
    expect(jsonText({ a: undefined, b: null, at, n: 42n, big: 2n ** 64n, key: new Secret('hunter2') })).toBe(
      '{"a":null,"b":null,"at":"2026-08-20T03:12:09.114Z","n":42,"big":"18446744073709551616","key":"••••"}',
    );
    expect(jsonText(undefined)).toBe('null');
  });

  it('keeps readable what is readable', () => {
    expect(jsonText({ name: 'Käthe 鍵 🚀 é' })).toBe('{"name":"Käthe 鍵 🚀 é"}');
    expect(jsonText('\u202ex')).toBe('"\\u202ex"');
    expect(jsonText('\u{e0069}')).toBe('"\\udb40\\udc69"');
    expect(clean('')).toBe('');
  });
});
