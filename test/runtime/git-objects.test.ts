import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../src/domain/token.js';
import { gitObjects } from '../../src/runtime/git-objects.js';

const token = mintToken('kc', randomBytes).token.reveal();
const id = (at: number) => at.toString(16).padStart(40, '0');

describe('gitObjects', () => {
  it('tells which object holds a token, however the stream is cut and whatever the objects hold', async () => {
    const content = fc.oneof(
      fc.constantFrom(
        '',
        '\n',
        token,
        `a\n${token}\n`,
        `${id(7)} blob 5\n`,
        token.slice(0, 40),
        token.slice(40),
      ),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    const kind = fc.constantFrom('blob', 'tree', 'commit', 'tag', 'missing');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(kind, content), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 10 }),
        async (objects, sizes) => {
          const stream = Buffer.concat(
            objects.map(([type, text], at) => {
              const bytes = Buffer.from(text);
              if (type === 'missing') return Buffer.from(`${id(at)} missing\n`);
              return Buffer.concat([
                Buffer.from(`${id(at)} ${type} ${bytes.length}\n`),
                bytes,
                Buffer.from('\n'),
              ]);
            }),
          );
          const chunks: Buffer[] = [];
          for (let from = 0, turn = 0; from < stream.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            chunks.push(stream.subarray(from, from + size));
            from += size;
          }
          const found: string[] = [];
          for await (const each of gitObjects(chunks)) found.push(each.object);
          const expected = objects.flatMap(([type, text], at) =>
            type !== 'missing' && text.includes(token) ? [id(at)] : [],
          );
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});
