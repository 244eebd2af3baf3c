import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../src/actions/context.js';
import { verifyChain } from '../../src/actions/verify-chain.js';
import type { Connection } from '../../src/db/connect.js';
import { readChain } from '../../src/db/reads/audit-chain.js';
import { type ChainFault, type ChainHead, walkChain } from '../../src/domain/audit-chain.js';
import { chainColumns, columnAt } from '../../src/domain/audit-record.js';
import { chanceFrom } from '../chaos/chance.js';
import { bigint, binaryRow } from '../support/binary-row.js';
import { contextOn } from '../support/context.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { seedAudit, tamper } from '../support/seed-audit.js';

/** The fields of one row, in the order of `chainColumns`. */
type Fields = (Buffer | null)[];
type Random = (below: number) => number;

const rows = 40;
const kinds = ['flip', 'delete', 'insert', 'swap', 'renumber'] as const;
type Kind = (typeof kinds)[number];

/** Printed with every failure, so that it can be had again. */
const seed = randomInt(2 ** 31);

describe('single mutations of the audit table', () => {
  let database: TestDatabase;
  let admin: Connection;
  let ctx: Context;
  let databaseId: string;
  let head: ChainHead;
  const sound: Fields[] = [];

  beforeAll(async () => {
    database = await freshDatabase();
    admin = await database.connect();
    ctx = await contextOn(database, { role: 'test_auditor' });
    await seedAudit(
      admin,
      Array.from({ length: rows }, (_, at) => ({
        keyId: at % 3 === 0 ? null : `key_${at}`,
        reason: at % 4 === 0 ? null : `reason "${at}"\n`,
        actorOs: at % 5 === 0 ? null : 'oncall',
        incidentId: at % 7 === 0 ? `INC-${at + 1}` : null,
      })),
    );
    await readChain(
      await ctx.db.copyClient(),
      {
        ends(found) {
          databaseId = found.databaseId ?? '';
          head = found.head as ChainHead;
          return true;
        },
        row({ bytes, starts, lengths }) {
          const field = (_name: string, at: number): Buffer | null => {
            const [from = 0, length = -1] = [starts[at], lengths[at]];
            return length < 0 ? null : Buffer.from(bytes.subarray(from, from + length));
          };
          return sound.push(chainColumns.map(field)) > 0;
        },
      },
      5000,
    );
    expect(faultOf(sound)).toBeNull();
  });
  afterAll(async () => {
    await ctx.db.close();
    await database.drop();
  });

  function faultOf(table: readonly Fields[]): ChainFault | null {
    const walk = walkChain(databaseId);
    for (const row of table) {
      const fault = walk.take(binaryRow(row));
      if (fault !== null) return fault;
    }
    return walk.end(head);
  }

  it('10,000 at random, none unnoticed, none before the row where it is', () => {
    const random = chanceFrom(seed).below;
    const unnoticed: unknown[] = [];
    for (let round = 0; round < 10_000; round += 1) {
      const kind = kinds[round % kinds.length] as Kind;
      const { table, at } = mutated(sound, kind, random);
      const fault = faultOf(table);
      if (fault === null || fault.seq < at) unnoticed.push({ seed, round, kind, at, fault });
    }
    expect(unnoticed).toEqual([]);
  });

  it('200 in the table itself, triggers off, none unnoticed', { timeout: 60_000 }, async () => {
    const random = chanceFrom(seed).below;
    await tamper(admin, 'create table public.kept as select * from keyctl.audit_log');
    const verdict = () => verifyChain(ctx, { stallMs: 5000, anchors: [] });
    for (let round = 0; round < 200; round += 1) {
      const kind = kinds[round % kinds.length] as Kind;
      const statement = mutation(kind, random);
      await tamper(admin, statement);
      expect({ seed, round, statement, fault: (await verdict()).fault }).not.toMatchObject({ fault: null });
      await tamper(
        admin,
        'delete from keyctl.audit_log; insert into keyctl.audit_log select * from public.kept',
      );
    }
    expect((await verdict()).fault).toBeNull();
  });
});

/** The table in the order of seq, as the auditor reads it, and the seq before which nothing was changed. */
function mutated(sound: readonly Fields[], kind: Kind, random: Random): { table: Fields[]; at: number } {
  const table = sound.map((row) => [...row]);
  const at = random(rows);
  const row = table[at] as Fields;
  const other = (at + 1 + random(rows - 1)) % rows;
  switch (kind) {
    case 'flip':
      flip(row, random);
      // A seq that is another puts the row elsewhere.
      return inOrder(table, 1);
    case 'delete':
      table.splice(at, 1);
      return { table, at: at + 1 };
    case 'insert': {
      const copy = [...row];
      copy[columnAt.seq] = bigint(BigInt(random(3 * rows)) - 5n);
      return inOrder([...table, copy], Number.NEGATIVE_INFINITY);
    }
    case 'swap': {
      const theirs = table[other] as Fields;
      [row[columnAt.seq], theirs[columnAt.seq]] = [theirs[columnAt.seq] ?? null, row[columnAt.seq] ?? null];
      return inOrder(table, Math.min(at, other) + 1);
    }
    case 'renumber': {
      const seq = BigInt(random(3 * rows)) - 5n;
      row[columnAt.seq] = bigint(seq === BigInt(at + 1) ? seq + BigInt(rows) : seq);
      return inOrder(table, Number.NEGATIVE_INFINITY);
    }
  }
}

function inOrder(table: Fields[], at: number): { table: Fields[]; at: number } {
  const seqOf = (row: Fields) => row[columnAt.seq]?.readBigInt64BE() ?? 0n;
  const sorted = [...table].sort((a, b) => (seqOf(a) < seqOf(b) ? -1 : seqOf(a) > seqOf(b) ? 1 : 0));
  // A flipped seq may be negative, and is named as it is.
  return { table: sorted, at: Math.min(at, Number(seqOf(sorted[0] as Fields))) };
}

/** One bit of one field, or a null that is none any more. */
function flip(row: Fields, random: Random): void {
  const column = random(chainColumns.length);
  const field = row[column];
  if (field === null || field === undefined || field.length === 0) {
    row[column] = Buffer.from('x');
    return;
  }
  const changed = Buffer.from(field);
  const byte = random(changed.length);
  changed[byte] = (changed[byte] ?? 0) ^ (1 << random(8));
  row[column] = changed;
}

/** The same by SQL, of what SQL can write. */
function mutation(kind: Kind, random: Random): string {
  const seq = 1 + random(rows);
  const other = 1 + (seq % rows);
  switch (kind) {
    case 'flip': {
      const column = ['prev_hash', 'hash'][random(2)];
      const text = ['action', 'actor_db', 'host', 'reason', 'key_id', 'record'][random(6)];
      return random(2) === 0
        ? `update keyctl.audit_log set ${column} = overlay(${column} placing '\\xdead'::bytea from ${1 + random(30)}) where seq = ${seq}`
        : `update keyctl.audit_log set ${text} = coalesce(${text}, '') || 'x' where seq = ${seq}`;
    }
    case 'delete':
      return `delete from keyctl.audit_log where seq = ${seq}`;
    case 'insert':
      return `insert into keyctl.audit_log select ${rows + 1 + random(5)}, at, gen_random_uuid(), action, key_id, family_id,
        incident_id, actor_db, actor_os, actor_claimed, host, reason, record, prev_hash, hash from keyctl.audit_log where seq = ${seq}`;
    case 'swap':
      return `update keyctl.audit_log set seq = -1 where seq = ${seq}; update keyctl.audit_log set seq = ${seq} where seq = ${other};
        update keyctl.audit_log set seq = ${other} where seq = -1`;
    case 'renumber':
      return `update keyctl.audit_log set seq = ${rows + 1 + random(50)} where seq = ${seq}`;
  }
}
