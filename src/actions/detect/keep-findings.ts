import { createHash } from 'node:crypto';
import { reproduceSql } from '../../db/detect/reproduce.js';
import { type NewFinding, type RecordOutcome, recordFindings } from '../../db/kernel-findings.js';
import { encodeBase62 } from '../../domain/base62.js';
import { derivedOperation } from '../../domain/derived-operation.js';
import type { KeptFinding } from '../../domain/detect/kept-finding.js';
import { storyOf } from '../../domain/detect/onset.js';
import type { Raised } from '../../domain/detect/raised.js';
import { type Context, changeOf } from '../context.js';

import type { KeyFacts } from './key-facts.js';

/** What detection raised, with its key, its id and its query; not written down yet. */
export function newFindings(raised: readonly Raised[], facts: KeyFacts): readonly KeptFinding[] {
  return raised.map((each): KeptFinding => {
    const key = facts.keyOf(each);
    const story = hashOf(storyOf(each));
    return {
      ...{ findingId: idOf(`${story} ${each.onsetAt}`), story, kept: false, lastSeenAt: each.windowEnd },
      ...{ detector: each.detector, family: each.family, severity: each.severity, familyId: each.familyId },
      ...{ keyId: key?.id ?? each.keyId, keyName: key?.name ?? null, externalId: key?.externalId ?? null },
      ...{ keyVersion: key?.version ?? null, keyStatus: key?.status ?? null, owner: key?.owner ?? null },
      ...{ ip: each.ip, cause: each.cause, onsetAt: each.onsetAt, windowStart: each.windowStart },
      ...{ windowEnd: each.windowEnd, detectedAt: each.detectedAt, observed: each.observed },
      ...{ expectedLow: each.expectedLow, expectedHigh: each.expectedHigh },
      ...{
        bits: each.calibratedBits ?? each.bits,
        scoreBits: each.bits,
        calibratedBits: each.calibratedBits,
      },
      ...{ weight: each.weight, evidence: each.evidence },
      reproduceSql: reproduceSql(each, each.familyId === null ? [] : facts.idsOf(each.familyId)),
      ...{ status: 'open', statusAt: null, statusBy: null, statusReason: null, incidentId: null },
    };
  });
}

/** As many as the kernel takes in one statement. */
const batchSize = 100;

/**
 * Writes findings down, those of one key in one statement where they fit, and how far detection has looked. Answers what
 * became of each, in their order.
 * @throws KeyctlError 77 when this role may not
 */
export async function keepFindings(
  ctx: Context,
  found: readonly KeptFinding[],
  judgedUntil: number | null,
): Promise<readonly RecordOutcome[]> {
  const outcomes: RecordOutcome[] = [];
  for (let from = 0; from === 0 || from < found.length; from += batchSize) {
    const batch = found.slice(from, from + batchSize);
    const last = from + batchSize >= found.length;
    // Each statement has an id of its own: the log holds one row of an action for a key and operation.
    const operationId = derivedOperation(ctx.operationId, `findings ${from}`);
    const input = {
      findings: batch.map(rowOf),
      judgedUntil: last && judgedUntil !== null ? new Date(judgedUntil).toISOString() : null,
    };
    const answer = await ctx.db.change(operationId, (db) =>
      recordFindings(db, { ...changeOf(ctx), operationId }, input),
    );
    outcomes.push(...answer.results.map(({ outcome }) => outcome));
    await ctx.reached('findings.kept');
  }
  return outcomes;
}

function rowOf(finding: KeptFinding): NewFinding {
  const at = (ms: number) => new Date(ms).toISOString();
  return {
    ...{ finding_id: finding.findingId, detector: finding.detector, detector_family: finding.family },
    ...{ severity: finding.severity, key_id: finding.keyId, family_id: finding.familyId, ip: finding.ip },
    ...{ cause: finding.cause, story: finding.story, onset_at: at(finding.onsetAt) },
    ...{ window_start: at(finding.windowStart), window_end: at(finding.windowEnd) },
    ...{ observed: finding.observed, expected_low: finding.expectedLow, expected_high: finding.expectedHigh },
    ...{ bits: finding.scoreBits, calibrated_bits: finding.calibratedBits, weight: finding.weight },
    ...{ evidence: finding.evidence, reproduce_sql: finding.reproduceSql },
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The same finding has the same id in a replay and when it is kept. */
function idOf(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  // Twice 48 bits are 2 times 6 characters of base 62, less a fraction of a bit.
  const six = (from: number) => encodeBase62(digest.readUIntBE(from, 6) % 62 ** 6, 6);
  return `fnd_${six(0)}${six(6)}`;
}
