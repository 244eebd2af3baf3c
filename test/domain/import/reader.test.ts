import { createHash, randomBytes } from 'node:crypto';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyctlError } from '../../../src/domain/errors.js';
import { importColumns, type RowProblem, rowCauses } from '../../../src/domain/import/columns.js';
import { type ImportFormat, importFormatOf, importReader } from '../../../src/domain/import/reader.js';
import type { ImportRow } from '../../../src/domain/import/row.js';
import { importedTime } from '../../../src/domain/import/time.js';
import { mintToken } from '../../../src/domain/token.js';

function read(text: string, format: ImportFormat = 'csv', size = 7) {
  const rows: ImportRow[] = [];
  const problems: RowProblem[] = [];
  let tokens = 0;
  const now = new Date('2026-08-20T00:00:00Z');
  const reader = importReader(
    { source: 'keys.csv', ignoreUnknown: false, format, now, randomBytes },
    { row: (row) => rows.push(row), rejected: (problem) => problems.push(problem), tokens: () => tokens++ },
  );
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.end();
  return { rows, problems, tokens };
}

describe('importReader', () => {
  it('lets nothing of any text out of its column, and no token out at all', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '=1+1',
        '\u001b]0;x\u0007',
        '\u202e',
        '"',
        '",,',
        '\r\n',
        "'; drop table keys; --",
        '{"a":1}',
        '\u0000',
        '\ud800',
      ),
    );
    const columns = importColumns.filter((column) => column !== 'token' && column !== 'digest');
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.array(hostile, { minLength: columns.length, maxLength: columns.length }), fc.boolean()),
          { minLength: 1, maxLength: 6 },
        ),
        fc.integer({ min: 1, max: 300 }),
        (values, size) => {
          const secret = `sk-canary-${randomBytes(12).toString('hex')}`;
          const table = values.map(([texts, glued]) => [
            glued ? `${secret}` : `${secret}${texts.length}`,
            ...texts.map((text, at) => (glued && at === 3 ? `${text}${secret}` : text)),
          ]);
          const { rows, problems, tokens } = read(
            stringify([['token', ...columns], ...table], { quoted: true }),
            'csv',
            size,
          );
          expect(rows.length + problems.length).toBe(values.length);
          expect(tokens).toBe(1);
          const out = JSON.stringify([rows, problems]);
          expect(out).not.toContain('sk-canary-');
          for (const problem of problems) expect(Object.keys(rowCauses)).toContain(problem.cause);
          for (const row of rows) {
            expect(row.digest).toMatch(/^[0-9a-f]{64}$/);
            expect(JSON.stringify(row.settings)).not.toMatch(/[\u0000-\u001f]/);
          }
        },
      ),
    );
  });

  it('says nothing of a token in the errors that refuse a file either', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.constantFrom<ImportFormat>('csv', 'ndjson'),
        (text, format) => {
          const secret = `sk_canary_${randomBytes(12).toString('hex')}`;
          try {
            const { problems } = read(`${secret}${text}\n${secret},${text}`, format);
            expect(JSON.stringify(problems)).not.toContain('sk_canary_');
          } catch (error) {
            expect(error).toBeInstanceOf(KeyctlError);
            expect(
              JSON.stringify([(error as KeyctlError).message, (error as KeyctlError).hint]),
            ).not.toContain('canary');
          }
        },
      ),
    );
  });

  it('hashes a token as sha256sum does, and keeps the public part of one of our form', () => {
    const { token, id } = mintToken('fie_alice', randomBytes);
    const { rows } = read(`token\n${token.reveal()}\nsk-live-0123456789\n`);
    const digest = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(rows).toMatchObject([
      { key_id: id, prefix: 'fie_alice', digest: digest(token.reveal()), external_id: null },
      {
        prefix: null,
        digest: digest('sk-live-0123456789'),
        settings: { name: `imported-${digest('sk-live-0123456789').slice(0, 16)}` },
      },
    ]);
    expect(rows[1]?.key_id).toMatch(/^key_[0-9A-Za-z]{12}$/);
  });

  it('reads NDJSON with lists and numbers, and the same as CSV', () => {
    const json = read(
      '\ufeff{"subkey":"a","scopes":["x:read","y:*"],"rpm":5,"email":"A@x.org","used_by":["worker on app-3"],"level":null}\n\n',
      'ndjson',
    ).rows[0];
    const csv = read(
      '\ufeffSubkey;Scopes;RPM;E-mail\n'.replace('E-mail', 'email').concat('a;{x:read,y:*};5;A@x.org\n'),
    ).rows[0];
    expect(json?.settings).toEqual({
      name: 'a',
      scopes: ['x:read', 'y:*'],
      rpm: 5,
      used_by: ['worker on app-3'],
    });
    expect(csv?.settings).toEqual({ name: 'a', scopes: ['x:read', 'y:*'], rpm: 5 });
    expect([json?.owner_email, csv?.owner_email]).toEqual(['a@x.org', 'a@x.org']);
  });

  it.each([
    ['keys.csv', '{', 'csv'],
    ['keys.tsv.gz', '', 'csv'],
    ['keys.jsonl', 'x', 'ndjson'],
    ['-', ' \n{"subkey":1}', 'ndjson'],
    ['-', 'subkey,name', 'csv'],
  ])('takes %s with %j for %s', (name, head, format) => {
    expect(importFormatOf(name, Buffer.from(head))).toBe(format);
  });
});

describe('importedTime', () => {
  it.each([
    ['2024-02-03 04:05:06.123456+00', '2024-02-03T04:05:06.123456+00:00'],
    ['2024-02-03T04:05:06Z', '2024-02-03T04:05:06Z'],
    ['2024-02-03t04:05:06.1234567890z'.replace('7890', '789'), '2024-02-03T04:05:06.123456Z'],
    ['2024-02-03 04:05:06+0530', '2024-02-03T04:05:06+05:30'],
    ['2024-02-03', '2024-02-03T00:00:00Z'],
  ])('reads %s to the microsecond', (text, stored) => {
    expect(importedTime(text)?.text).toBe(stored);
  });

  it.each(['', '2024-02-30', '2024-02-03 04:05:06', '04:05', '90d', '2024-13-01T00:00:00Z', '1700000000'])(
    'does not guess at %j',
    (text) => {
      expect(importedTime(text)).toBeNull();
    },
  );
});
