import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { quoted, textArray } from '../../../src/db/detect/sql-text.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let viewer: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  viewer = await database.connect('test_viewer');
});
afterAll(() => database.drop());

const hostile = [
  ...["o'hara", "'; drop table keyctl.api_keys; --", "\\'; select 1; --", '\\', '\\\\', "\\'", "''", "'\\''"],
  ...[
    'a\nb\r\tc',
    '$$body$$',
    '$a$',
    '/* */ --',
    '%s ?',
    '{"a":"b"}',
    "U&'\\0027'",
    "E'\\n'",
    '\\0027',
    '\\+01F600',
  ],
  ...['\u202egnp.exe', '\u200b', '\u0007\u001b[31m', 'ä 語 😀', '\u2028', '\ufeff', ''],
];

async function asServerReads(text: string): Promise<unknown> {
  const [row] = await viewer.sql.unsafe(`select ${quoted(text)}::text as value`);
  return row?.value;
}

describe('a quoted text', () => {
  it.each(hostile)('is the same text to the server: %j', async (text) => {
    expect(await asServerReads(text)).toBe(text);
  });

  it('is the same for whatever a log may hold, and printable on one line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({
          unit: fc.oneof(
            fc.constantFrom("'", '\\', '$', '\n', ';', '-'),
            fc.string({ maxLength: 1, unit: 'binary' }),
          ),
        }),
        async (text) => {
          const kept = text.replaceAll('\0', '\ufffd').replace(/\p{Surrogate}/gu, '\ufffd');
          expect(quoted(text)).toMatch(/^(?:U&)?'[\x20-\x7e]*'$/);
          expect(await asServerReads(text)).toBe(kept);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('never becomes another statement where backslashes escape', async () => {
    await viewer.sql.unsafe('set standard_conforming_strings = off');
    for (const text of hostile) {
      const read = await asServerReads(text).catch((error: unknown) => (error as { code?: string }).code);
      expect([text, '0A000', '42601', '22P06'], quoted(text)).toContain(read);
    }
    await viewer.sql.unsafe('set standard_conforming_strings = on');
  });

  it('stands in arrays as it is', async () => {
    const [row] = await viewer.sql.unsafe(`select ${textArray(hostile)} as value, ${textArray([])} as none`);
    expect(row).toEqual({ value: hostile, none: [] });
  });
});
