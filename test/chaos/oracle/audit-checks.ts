import { createHash } from 'node:crypto';
import type { AuditFact, Facts, RotationFact } from './facts.js';
import { grouped, type Violations } from './key-checks.js';

/** DESIGN 6, computed anew: every hash from the text that is stored, every link, and the head. */
export function brokenLinks({ rows, head, databaseId }: Facts): Violations {
  let previous = sha256(`keyctl audit v1\n${databaseId}`);
  for (const [at, row] of rows.entries()) {
    const { seq, operation_id, action, key_id } = JSON.parse(row.record);
    if (row.seq !== at + 1) return [`the record goes from ${at} to ${row.seq}`];
    if (!row.prevHash.equals(previous)) return [`row ${row.seq} does not follow the one before it`];
    previous = sha256(previous, row.record);
    if (!row.hash.equals(previous)) return [`row ${row.seq} was hashed over another text`];
    const told = [seq, operation_id, action, key_id];
    if (told.join() !== [row.seq, row.operationId, row.action, row.keyId].join())
      return [`the columns of row ${row.seq} are not what its text says`];
  }
  return head.seq === rows.length && head.hash.equals(previous) ? [] : ['the head is not the last row'];
}

function sha256(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

interface RotationRows {
  readonly rotationId: string;
  readonly action: string;
}

/** Every step of every rotation stands in the record once, and nothing stands there that was not done. */
export function changesWithoutOneRow({ keys, rotations, rows }: Facts): Violations {
  const wrong: string[] = [];
  const told = rows.filter((row) => row.action.startsWith('rotation.')).map(rotationOf);
  const byRotation = grouped(told, (row) => row.rotationId);
  for (const rotation of rotations) {
    const actions = grouped(byRotation.get(rotation.id) ?? [], (row) => row.action);
    for (const [action, most, least] of expectedRows(rotation)) {
      const count = actions.get(action)?.length ?? 0;
      if (count < least || count > most) wrong.push(`${rotation.id} has ${count} rows ${action}`);
    }
    byRotation.delete(rotation.id);
  }
  for (const unknown of byRotation.keys()) wrong.push(`the record tells of ${unknown}, which is not known`);
  const twice = grouped(rows, (row) => [row.operationId, row.action, row.keyId].join());
  for (const [what, same] of twice)
    if (same.length > 1) wrong.push(`the record has ${same.length} rows of ${what}`);
  const made = grouped(
    rows.filter((row) => row.action === 'key.created'),
    (row) => row.keyId,
  );
  const successors = new Set(
    rotations.filter(({ prepared }) => prepared).map((rotation) => rotation.newKeyId),
  );
  for (const { id } of keys) {
    const count = made.get(id)?.length ?? 0;
    if (count !== (successors.has(id) ? 0 : 1)) wrong.push(`the making of ${id} has ${count} rows`);
  }
  return wrong;
}

/** Action, most rows, least rows. */
function expectedRows(rotation: RotationFact): readonly (readonly [string, number, number])[] {
  const { prepared, activated, aborted } = rotation;
  return [
    ['rotation.prepared', Number(prepared), Number(prepared)],
    ['rotation.activated', Number(activated), Number(activated)],
    ['rotation.aborted', Number(aborted), Number(aborted)],
    ['rotation.committed', Number(activated), 0],
    ['rotation.finalized', Number(activated), 0],
  ];
}

function rotationOf(row: AuditFact): RotationRows {
  const { answer, details } = JSON.parse(row.record);
  return { action: row.action, rotationId: answer.rotation_id ?? details.rotation_id ?? '(none)' };
}
