import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChainFault, walkChain } from '../../src/domain/audit-chain.js';
import { chainColumns, columnAt } from '../../src/domain/audit-record.js';
import { bigint, binaryRow } from '../support/binary-row.js';

/** The fields of one row, in the order of `chainColumns`. */
type Fields = (Buffer | null)[];

const databaseId = '018f3c2e-0000-7000-8000-000000000001';
const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const genesis = sha256(`keyctl audit v1\n${databaseId}`);

/** A sound chain of that many rows, hashed here and not by the code under test. */
function chain(length: number): { rows: Fields[]; head: { seq: number; hash: Buffer } } {
  const rows: Fields[] = [];
  let last = genesis;
  for (let seq = 1; seq <= length; seq += 1) {
    const micros = 1_792_000_000_123_456n + BigInt(seq) * 1_000_003n;
    const at = `${new Date(Number(micros / 1000n)).toISOString().slice(0, -1)}${String(micros % 1000n).padStart(3, '0')}Z`;
    const operation = sha256(`operation ${seq}`).subarray(0, 16);
    const hex = operation.toString('hex');
    const texts = [
      'key.revoked',
      `key_${seq}`,
      null,
      null,
      'oncall',
      'j"doe',
      null,
      'höst',
      `reason ${seq}\n`,
    ];
    const names = chainColumns.slice(3, 12);
    const record = `{"seq" : ${seq}, "at" : "${at}", "operation_id" : "${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}"${names
      .map((name, i) => `, "${name}" : ${JSON.stringify(texts[i])}`)
      .join('')}, "details" : {}}`;
    const hash = sha256(last, record);
    rows.push([
      bigint(BigInt(seq)),
      bigint(micros - 946_684_800_000_000n),
      operation,
      ...texts.map((text) => (text === null ? null : Buffer.from(text))),
      Buffer.from(record),
      last,
      hash,
    ]);
    last = hash;
  }
  return { rows, head: { seq: length, hash: last } };
}

function verdict(rows: readonly Fields[], head: { seq: number; hash: Buffer }): ChainFault | null {
  const walk = walkChain(databaseId);
  for (const row of rows) {
    const fault = walk.take(binaryRow(row));
    if (fault !== null) return fault;
  }
  return walk.end(head);
}

const length = 12;
const { rows: sound, head } = chain(length);
const copy = (): Fields[] => sound.map((row) => row.map((field) => field && Buffer.from(field)));
const row = fc.integer({ min: 0, max: length - 1 });

describe('the walk along the chain', () => {
  it('finds a sound chain sound, of any length, and the hash that a checkpoint would keep', () => {
    for (const size of [0, 1, 2, length, 300]) {
      const { rows, head: end } = chain(size);
      const walk = walkChain(databaseId);
      for (const each of rows) expect(walk.take(binaryRow(each))).toBeNull();
      expect(walk.end(end)).toBeNull();
      expect({ rows: walk.rows, hash: Buffer.from(walk.hash) }).toEqual({ rows: size, hash: end.hash });
    }
  });

  it('sees every single bit that is changed in any field of any row, at that row', () => {
    const column = fc.integer({ min: 0, max: chainColumns.length - 1 });
    fc.assert(
      fc.property(row, column, fc.nat(), fc.nat({ max: 7 }), (at, field, position, bit) => {
        const rows = copy();
        const bytes = rows[at]?.[field];
        if (!bytes) return true;
        const byte = position % bytes.length;
        bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit);
        const fault = verdict(rows, head);
        // A changed seq is out of place: the gap, or the row too many, is what is named.
        return fault !== null && (field === columnAt.seq || fault.seq === at + 1);
      }),
      { numRuns: 3000 },
    );
  });

  it('sees every field that is emptied, filled, lengthened or cut', () => {
    const column = fc.integer({ min: 0, max: chainColumns.length - 1 });
    const change = fc.constantFrom<(was: Buffer | null) => Buffer | null>(
      (was) => (was === null ? Buffer.from('') : null),
      (was) => Buffer.concat([was ?? Buffer.alloc(0), Buffer.from('x')]),
      (was) => (was === null ? Buffer.from('null') : was.subarray(0, -1)),
    );
    fc.assert(
      fc.property(row, column, change, (at, field, changed) => {
        const rows = copy();
        // Fields of a fixed width come from the server in that width only.
        if (field < 3) return true;
        rows[at]?.splice(field, 1, changed(rows[at]?.[field] ?? null));
        return verdict(rows, head)?.seq === at + 1;
      }),
    );
  });

  it('sees rows that are missing, doubled, exchanged or moved', () => {
    fc.assert(
      fc.property(row, row, (one, other) => {
        const without = copy().filter((_row, at) => at !== one);
        expect(verdict(without, head)).toMatchObject({
          problem: one === length - 1 ? 'truncated' : 'gap',
          seq: one + 1,
        });
        const doubled = copy();
        doubled.splice(one + 1, 0, doubled[one] ?? []);
        expect(verdict(doubled, head)).toEqual({ problem: 'extra', seq: one + 1 });
        if (one === other) return;
        const exchanged = copy();
        const seqs = [exchanged[one]?.[0], exchanged[other]?.[0]];
        [exchanged[one], exchanged[other]] = [exchanged[other] ?? [], exchanged[one] ?? []];
        expect(verdict(exchanged, head)?.seq).toBe(Math.min(one, other) + 1);
        exchanged[one]?.splice(0, 1, seqs[0] ?? null);
        exchanged[other]?.splice(0, 1, seqs[1] ?? null);
        expect(verdict(exchanged, head)).toEqual({ problem: 'link', seq: Math.min(one, other) + 1 });
      }),
    );
  });

  it('sees a head that does not agree', () => {
    expect(verdict(sound, { seq: length + 3, hash: head.hash })).toEqual({
      problem: 'truncated',
      seq: length + 1,
      to: length + 3,
    });
    expect(verdict(sound, { seq: length - 2, hash: head.hash })).toEqual({
      problem: 'uncounted',
      seq: length - 1,
      to: length,
    });
    expect(verdict(sound, { seq: length, hash: genesis })).toEqual({ problem: 'head', seq: length });
  });

  it('does not take the log of another database for its own', () => {
    const walk = walkChain('018f3c2e-0000-7000-8000-000000000002');
    expect(walk.take(binaryRow(sound[0] ?? []))).toEqual({ problem: 'link', seq: 1 });
  });

  it('hashes records of any size', () => {
    const big = Buffer.alloc(300_000, 'x');
    const rows = copy().slice(0, 1);
    rows[0]?.splice(columnAt.record, 1, big);
    rows[0]?.splice(columnAt.hash, 1, sha256(genesis, big));
    expect(verdict(rows, head)).toEqual({ problem: 'column', seq: 1, column: 'record' });
  });
});
