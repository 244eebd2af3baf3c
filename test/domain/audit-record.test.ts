import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainColumns, columnNotRecorded, recordedColumns } from '../../src/domain/audit-record.js';
import { bigint, binaryRow } from '../support/binary-row.js';

type Text = string | null;

interface Row {
  readonly seq: number;
  /** Microseconds since 1970. */
  readonly micros: bigint;
  readonly operationId: string;
  readonly texts: readonly Text[];
}

const textColumns = recordedColumns.slice(3);
const postgresEpochMicros = 946_684_800_000_000n;

/** What PostgreSQL's text columns can hold: no NUL, no half of a pair. */
const text = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((raw) => Buffer.from(raw).toString().replaceAll('\0', '\x01'));
const rows: fc.Arbitrary<Row> = fc.record({
  seq: fc.integer({ min: 1, max: 2 ** 40 }),
  micros: fc.bigInt({ min: 0n, max: 4_102_444_800_000_000n }),
  operationId: fc.uuid(),
  texts: fc.tuple(...textColumns.map(() => fc.option(text))),
});

/** As `json_build_object(…)::text` writes it. */
function recordOf({ seq, micros, operationId, texts }: Row, rest = ', "details" : {}'): string {
  const at = new Date(Number(micros / 1000n))
    .toISOString()
    .replace('Z', `${String(micros % 1000n).padStart(3, '0')}Z`);
  const fields = textColumns.map((name, i) => `, "${name}" : ${JSON.stringify(texts[i] ?? null)}`);
  return `{"seq" : ${seq}, "at" : "${at}", "operation_id" : "${operationId}"${fields.join('')}${rest}}`;
}

function bytesOf(row: Row, record: Text): ReturnType<typeof binaryRow> {
  const utf8 = (value: Text | undefined) => (typeof value === 'string' ? Buffer.from(value) : null);
  return binaryRow([
    bigint(BigInt(row.seq)),
    bigint(row.micros - postgresEpochMicros),
    Buffer.from(row.operationId.replaceAll('-', ''), 'hex'),
    ...row.texts.map(utf8),
    utf8(record),
    Buffer.alloc(32),
    Buffer.alloc(32),
  ]);
}

describe('columns and the record that was hashed', () => {
  it('agree for whatever the columns hold', () => {
    fc.assert(fc.property(rows, (row) => columnNotRecorded(bytesOf(row, recordOf(row))) === null));
  });

  it('agree also when a later version writes the fields in another way', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const said = JSON.parse(recordOf(row)) as Record<string, unknown>;
        const turned = JSON.stringify(Object.fromEntries(Object.entries(said).reverse()), null, 1);
        return columnNotRecorded(bytesOf(row, turned)) === null;
      }),
    );
  });

  it('differ in the one column that was changed, and that one is named', () => {
    const change = fc.integer({ min: 0, max: recordedColumns.length - 1 });
    fc.assert(
      fc.property(rows, change, text, (row, at, other) => {
        const changed: Row = {
          ...row,
          ...(at === 0 ? { seq: row.seq + 1 } : {}),
          ...(at === 1 ? { micros: row.micros + 1n } : {}),
          ...(at === 2 ? { operationId: '00000000-0000-4000-8000-000000000000' } : {}),
          texts: row.texts.map((was, i) => (i + 3 !== at ? was : was === other ? null : other)),
        };
        expect(columnNotRecorded(bytesOf(changed, recordOf(row)))).toBe(chainColumns[at]);
      }),
    );
  });

  const row: Row = {
    seq: 7,
    micros: 1_792_000_000_123_456n,
    operationId: '018f3c2e-0000-7000-8000-000000000001',
    texts: [
      'key.revoked',
      'key_7Q2mK9xZab3d',
      null,
      null,
      'oncall',
      'j"d\\o\x01e',
      null,
      'bastion',
      'it leaked',
    ],
  };

  it('differ when a column is null that was not, and the other way round', () => {
    const without = (name: string, value: Text): Row => ({
      ...row,
      texts: row.texts.map((was, i) => (textColumns[i] === name ? value : was)),
    });
    expect(columnNotRecorded(bytesOf(without('reason', null), recordOf(row)))).toBe('reason');
    expect(columnNotRecorded(bytesOf(without('family_id', ''), recordOf(row)))).toBe('family_id');
    expect(columnNotRecorded(bytesOf(without('family_id', 'null'), recordOf(row)))).toBe('family_id');
  });

  it.each(['', 'not JSON', '[]', 'null', '"text"', null])('a record of %j is no record', (record) => {
    expect(columnNotRecorded(bytesOf(row, record))).toBe(record === '[]' ? 'seq' : 'record');
  });

  it('a record that stops in the middle of its columns does not borrow what stands behind it', () => {
    const columns = recordOf(row, '').slice(0, -1);
    for (let length = 0; length <= columns.length; length += 1) {
      expect(columnNotRecorded(bytesOf(row, columns.slice(0, length)))).toBe('record');
    }
  });

  it.each([
    ['infinity', 2n ** 63n - 1n + postgresEpochMicros],
    ['-infinity', -(2n ** 63n) + postgresEpochMicros],
    ['the year 12026', 317_000_000_000_000_000n],
  ])('a time of %s matches none', (_name, micros) => {
    expect(columnNotRecorded(bytesOf({ ...row, micros }, recordOf(row)))).toBe('at');
  });
});
