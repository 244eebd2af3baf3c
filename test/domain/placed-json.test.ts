import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JsonMistake,
  lineAndColumn,
  type PlacedJson,
  parsePlacedJson,
} from '../../src/domain/placed-json.js';

function plain(value: PlacedJson): unknown {
  if (value.kind === 'value') return value.value;
  if (value.kind === 'array') return value.items.map(plain);
  return Object.fromEntries([...value.fields].map(([name, field]) => [name, plain(field)]));
}

describe('JSON with places', () => {
  it('reads what JSON.parse reads, in any layout', () => {
    const shallow = fc
      .jsonValue({ maxDepth: 4 })
      .filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(shallow, fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(plain(parsePlacedJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON.parse refuses, cut off anywhere', () => {
    const text = '{"a": [1, true, null, "x\\u0041"], "b": {"c": -1.5e3}}';
    for (let end = 0; end < text.length; end += 1)
      expect(() => parsePlacedJson(text.slice(0, end)), text.slice(0, end)).toThrow(JsonMistake);
  });

  const mistakes: readonly (readonly [text: string, place: string, problem: string])[] = [
    ['{\n  "a": 1,\n  "b" 2\n}', '3:7', 'a colon'],
    ['{"a": 1 "b": 2}', '1:9', 'a comma or }'],
    ['[1, 2', '1:6', 'a comma or ]'],
    ['{"a": x}', '1:7', 'a value'],
    ['{a: 1}', '1:2', 'in quotes'],
    ['{"a": 1, "a": 2}', '1:10', 'twice'],
    ['{} {}', '1:4', 'follows the end'],
    ['{"ü": "\\q"}', '1:7', 'escape'],
    ['', '1:1', 'too early'],
    ['['.repeat(50), '1:22', 'deeply'],
  ];
  it.each(mistakes)('%j: at %s, %s', (text, place, problem) => {
    try {
      parsePlacedJson(text);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof JsonMistake)) throw error;
      expect(lineAndColumn(text, error.at)).toBe(place);
      expect(error.message).toContain(problem);
    }
  });
});
