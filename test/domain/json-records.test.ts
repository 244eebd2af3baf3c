import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordSplitter } from '../../src/domain/json-records.js';

function split(chunks: readonly string[], longest = 1_000_000) {
  const splitter = recordSplitter(longest);
  const records = chunks.flatMap((chunk) => splitter.push(chunk));
  return { records: records.map((text) => JSON.parse(text)), rest: splitter.end() };
}

const record = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });

describe('recordSplitter', () => {
  it('cuts any layout of any records in any chunks into the same records', () => {
    const layouts = [
      (records: unknown[]) => JSON.stringify(records),
      (records: unknown[]) => `\n ${JSON.stringify(records, null, 2)}\n`,
      (records: unknown[]) => records.map((each) => `${JSON.stringify(each)}\n`).join(''),
      (records: unknown[]) => records.map((each) => JSON.stringify(each, null, 1)).join(' '),
    ];
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 5 }),
        fc.constantFrom(...layouts),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
        (records, layout, sizes) => {
          const text = layout(records);
          const chunks: string[] = [];
          for (let from = 0, turn = 0; from < text.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            chunks.push(text.slice(from, from + size));
            from += size;
          }
          expect(split(chunks)).toEqual({ records: JSON.parse(JSON.stringify(records)), rest: null });
        },
      ),
    );
  });

  it('passes over what stands between records, quotes included', () => {
    const noise = '🐷 "TruffleHog. Unearth your secrets.\n{"a":"}"}\nnot json\n{"b":"\\"{"}';
    expect(split([noise]).records).toEqual([{ a: '}' }, { b: '"{' }]);
  });

  it('tells that a record never ended', () => {
    expect(split(['[{"a":1},{"b":']).rest).not.toBeNull();
    expect(split(['[{"a":1}']).rest).not.toBeNull();
    expect(split(['[]']).rest).toBeNull();
  });

  it('does not hold more than it is told to', () => {
    expect(() => split(['{"a":"', 'x'.repeat(100), 'x'.repeat(100)], 150)).toThrow(RangeError);
    expect(split([`{"a":1}${' '.repeat(1000)}`, '{"b":2}'], 150).records).toHaveLength(2);
  });
});
