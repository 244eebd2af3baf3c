import { createHash } from 'node:crypto';
import { evidenceGround } from '../../../db/reads/incident-evidence.js';
import { usageGroups } from '../../../db/reads/usage-groups.js';
import { isoTime } from '../../../domain/stored-time.js';
import type { Context } from '../../context.js';
import type { WholeIncident } from '../find-incident.js';
import { leakedSince } from './blast-radius.js';
import { partOf, type StepDone } from './run-step.js';

/** A file that holds the evidence, as it was written down. */
export interface SealedEvidence {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly events: number;
  readonly auditSeq: number | null;
}

/**
 * Keeps the evidence: seals it into a file, or, without one, writes down the counts and where the audit log stood, under one
 * hash. The file holds everything; the counts only show later whether something was taken away.
 */
export async function preserve(
  inside: Context,
  whole: WholeIncident,
  seal: ((part: Context) => Promise<SealedEvidence>) | null,
): Promise<StepDone> {
  if (seal === null) return { complete: true, result: await countsOf(inside, whole) };
  const { path, sha256, bytes, events, auditSeq } = await seal(partOf(inside, 'bundle'));
  return {
    complete: true,
    result: { kept: 'bundle', path, sha256, bytes, events, audit_seq: auditSeq },
  };
}

async function countsOf(inside: Context, whole: WholeIncident) {
  const { incident_id: incidentId } = whole.row;
  const keyIds = whole.detail.keys.map(({ key_id }) => key_id).sort();
  const since = leakedSince(whole, null);
  const until = isoTime(whole.row.read_at);
  const ground = await inside.db.query((db) => evidenceGround(db, { incidentId, keyIds, since }));
  const filter = { keyIds, since, until, keyVersion: null };
  const { groups, total } = await inside.db.query((db) =>
    usageGroups(db, filter, 'key', { limit: null, lean: true }),
  );
  const counts = {
    database_id: ground.databaseId,
    audit_head: ground.head,
    first_seq: ground.firstSeq,
    since,
    until,
    requests: total.requests,
    errors: total.errors,
    bytes: total.bytes,
    by_key: groups.map(({ value, requests, errors, bytes }) => ({ key_id: value, requests, errors, bytes })),
  };
  // The very text that was hashed: a database keeps the fields of an object in an order of its own.
  const counted = JSON.stringify(counts);
  const sha256 = createHash('sha256').update(counted).digest('hex');
  return { kept: 'counts', sha256, counted };
}
