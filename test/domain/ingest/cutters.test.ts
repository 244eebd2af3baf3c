import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudTrailCutter } from '../../../src/domain/ingest/cloudtrail-records.js';
import { lineCutter, longestRecord, type RecordSink } from '../../../src/domain/ingest/lines.js';
import { heldBytes } from '../../support/held-memory.js';

interface Cut {
  readonly records: string[];
  readonly broken: [cause: string, text: string][];
}

function cut(cutter: typeof lineCutter, chunks: Iterable<Uint8Array | string>): Cut {
  const found: Cut = { records: [], broken: [] };
  const sink: RecordSink = {
    record: (text) => found.records.push(text),
    broken: (cause, bytes) => found.broken.push([cause, bytes.toString('latin1')]),
  };
  const { push, end } = cutter(sink);
  for (const chunk of chunks) push(Buffer.from(chunk as string));
  end();
  return found;
}

/** The same bytes in pieces of any size. */
function inPieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0, at = 0; from < bytes.length; at++) {
    const size = sizes[at % sizes.length] ?? 1;
    pieces.push(bytes.subarray(from, from + size));
    from += size;
  }
  return pieces;
}

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });

describe('lines', () => {
  it('are cut at newlines, with or without CR, and a last one needs none', () => {
    expect(cut(lineCutter, ['\ufeffone\r\ntwo\n\n  \nthree'])).toEqual({
      records: ['one', 'two', 'three'],
      broken: [],
    });
  });

  it('are the same however the bytes come in', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 })), sizes, (texts, lengths) => {
        const lines = texts
          .map((text) => text.replace(/[\n\r\ufeff\ud800-\udfff]/g, '').trim())
          .filter((text) => text !== '');
        const bytes = Buffer.from(lines.join('\n'));
        expect(cut(lineCutter, inPieces(bytes, lengths))).toEqual({ records: lines, broken: [] });
      }),
    );
  });

  it('that are no UTF-8 are told apart from their neighbours, byte for byte', () => {
    const bytes = Buffer.concat([
      Buffer.from('good\n'),
      Buffer.from([0x61, 0xff, 0xfe, 0x0d, 0x0a]),
      Buffer.from('g\u00f6od\n'),
    ]);
    expect(cut(lineCutter, [bytes])).toEqual({
      records: ['good', 'g\u00f6od'],
      broken: [['bad_utf8', 'a\xff\xfe']],
    });
  });

  it('of a hundred megabytes are refused, not held, and the next one is read', () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    function* chunks(): Generator<Buffer | string> {
      yield 'before\n';
      for (let n = 0; n < 100; n++) yield Buffer.from(piece);
      held = heldBytes();
      yield '\nafter\n';
    }
    const before = heldBytes();
    let held = 0;
    const { records, broken } = cut(lineCutter, chunks());
    expect(held - before).toBeLessThan(50 * 1024 * 1024);
    expect(records).toEqual(['before', 'after']);
    expect(broken.map(([cause, text]) => [cause, text.length])).toEqual([['too_long', 64 * 1024]]);
  });

  it('are refused at the same length whether they come in one chunk or many', () => {
    const long = Buffer.from(`${'y'.repeat(longestRecord + 1)}\nshort`);
    for (const pieces of [[long], inPieces(long, [65_536])]) {
      const { records, broken } = cut(lineCutter, pieces);
      expect([records, broken.map(([cause]) => cause)]).toEqual([['short'], ['too_long']]);
    }
  });
});

describe('CloudTrail records', () => {
  const a = { eventName: 'A', text: '}]{[","\\"\n', list: [{ deep: [[1]] }] };
  const b = { eventName: 'B', deeper: { Records: [{ no: 'record' }] } };
  const read = ({ records, broken }: Cut) => ({ records: records.map((text) => JSON.parse(text)), broken });

  it.each([
    ['the wrapper of S3', JSON.stringify({ Records: [a, b] })],
    [
      'the wrapper with more around it',
      `{"n":1,"Records" : [${JSON.stringify(a)},\n${JSON.stringify(b)}], "next":{"x":"]}"}}`,
    ],
    ['an array in many lines', JSON.stringify([a, b], null, 3)],
    ['an array without indentation', JSON.stringify([a, b], null, 1).replace(/^ +/gm, '')],
    ['one record a line', `${JSON.stringify(a)}\n${JSON.stringify(b)}\n`],
    ['a byte order mark', `\ufeff${JSON.stringify([a, b])}`],
  ])('are cut out of %s, in chunks of any size', (_what, text) => {
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(sizes, (lengths) => {
        expect(read(cut(cloudTrailCutter, inPieces(bytes, lengths)))).toEqual({
          records: [a, b],
          broken: [],
        });
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['{"a": "cut off\n{"b":1}\n', ['{"b":1}'], 1],
    ['{"a": 1\n{"b":1}\n', ['{"b":1}'], 1],
    ['{"Records":[{"a":"x\n{"b":1},{"c":1}]}', ['{"b":1}', '{"c":1}'], 1],
    ['garbage\n{"b":1}\nmore garbage', ['{"b":1}'], 2],
    ['[{"a":1},7,{"b":1}]', ['{"a":1}', '{"b":1}'], 1],
    ['{"a":1', [], 1],
    ['}}}]]]{"b":1}', ['{"b":1}'], 1],
    ['', [], 0],
    [' \n\n', [], 0],
  ] as [string, string[], number][])('go on behind what is broken: %j', (text, records, broken) => {
    const found = cut(cloudTrailCutter, [text]);
    expect(found.records).toEqual(records);
    expect(found.broken.length).toBe(broken);
  });

  it('that are no UTF-8 cost themselves alone', () => {
    const bytes = Buffer.concat([Buffer.from('[{"a":"'), Buffer.from([0xff]), Buffer.from('"},{"b":1}]')]);
    const found = cut(cloudTrailCutter, [bytes]);
    expect(found.records).toEqual(['{"b":1}']);
    expect(found.broken.map(([cause]) => cause)).toEqual(['bad_utf8']);
  });

  it('of a hundred megabytes are refused, not held, and the next one is read', () => {
    function* chunks(): Generator<Buffer | string> {
      yield '[{"long":"';
      for (let n = 0; n < 100; n++) yield Buffer.alloc(1024 * 1024, 'x');
      held = heldBytes();
      yield '"},{"b":1}]';
    }
    const before = heldBytes();
    let held = 0;
    const found = cut(cloudTrailCutter, chunks());
    expect(held - before).toBeLessThan(50 * 1024 * 1024);
    expect(found.records).toEqual(['{"b":1}']);
    expect(found.broken.map(([cause, text]) => [cause, text.length])).toEqual([['too_long', 64 * 1024]]);
  });

  it('are never made of noise, and noise never throws', () => {
    const noise = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '\n', 'x', '1', ' '),
    });
    fc.assert(
      fc.property(noise, sizes, (text, lengths) => {
        const whole = cut(cloudTrailCutter, [text]);
        expect(cut(cloudTrailCutter, inPieces(Buffer.from(text), lengths))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});
