import { decide } from '../../../db/kernel-decisions.js';
import { markIncident } from '../../../db/kernel-incidents.js';
import { findCandidates } from '../../../db/reads/keys.js';
import { firstAccepted } from '../../../db/reads/old-key-use.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import type { ProbeHeader } from '../../../domain/probe-url.js';
import type { Secret } from '../../../domain/secret.js';
import { fingerprint } from '../../../domain/token.js';
import { type Context, changeOf } from '../../context.js';
import { probeKey } from '../../probe-key.js';
import { verifyToken } from '../../verify-token.js';
import type { WholeIncident } from '../find-incident.js';
import { partOf, type StepDone } from './run-step.js';

export interface TestInput {
  /** The new keys' tokens, as far as somebody has them at hand. */
  readonly tokens: readonly Secret[];
  readonly url: URL | null;
  readonly header: ProbeHeader;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Whether each successor is let in: by the kernel; by its own token when that is given; and where it will be used, when there
 * is a URL too. With none to test there is nothing that could fail.
 */
export async function testReplacement(
  inside: Context,
  whole: WholeIncident,
  input: TestInput,
): Promise<StepDone> {
  const ids = [...new Set(whole.detail.keys.flatMap(({ successor_id: id }) => (id === null ? [] : [id])))];
  const rows = await inside.db.query((db) => findCandidates(db, { ids }));
  const prints = new Map(input.tokens.map((token) => [fingerprint(token), token]));
  const keys = [];
  for (const { key } of rows) {
    // A key that leaked as well, or was rotated since, is not the one to test.
    if (whole.detail.keys.some(({ key_id }) => key_id === key.id)) continue;
    const token = prints.get(key.fingerprint ?? '') ?? null;
    keys.push({ key_id: key.id, name: key.name, ...(await tested(inside, key.id, token, input)) });
  }
  const result = { keys, tested_with_token: keys.filter((each) => each.token !== null).length };
  const failed = keys.filter((each) => !each.ok);
  if (failed.length > 0) return { result, complete: false, problem: refused(failed[0]) };
  await markRecovered(inside, whole);
  return { result, complete: true };
}

interface Tested {
  readonly decision: string;
  /** The kernel's word on the token; null when it was not given. */
  readonly token: string | null;
  readonly probe_status: number | null;
  readonly probe: 'alive' | 'refused' | 'unknown' | null;
  readonly first_used_at: string | null;
  readonly ok: boolean;
}

async function tested(
  inside: Context,
  keyId: string,
  token: Secret | null,
  { url, header, limitMs, signal }: TestInput,
): Promise<Tested> {
  const decision = await inside.db.query((db) => decide(db, keyId));
  const verified = token === null ? null : (await verifyToken(inside, token, {})).decision;
  const answer =
    token === null || url === null ? null : await probeKey({ url, token, header }, { limitMs, signal });
  return {
    decision,
    token: verified,
    probe_status: answer?.status ?? null,
    probe: answer?.kind ?? null,
    first_used_at: await inside.db.query((db) => firstAccepted(db, keyId)),
    ok:
      passes(decision) &&
      (verified === null || passes(verified)) &&
      (answer === null || answer.kind === 'alive'),
  };
}

/** `ip`, `scope` and the like are refused of a request that says nothing of itself: the key itself is good. */
function passes(decision: string): boolean {
  return ['ok', 'ip', 'scope', 'workspace', 'model', 'feature'].includes(decision);
}

async function markRecovered(inside: Context, { row }: WholeIncident): Promise<void> {
  if (!['contained', 'recovering'].includes(row.state)) return;
  const part = partOf(inside, 'recovered');
  await part.db.change(part.operationId, (db) =>
    markIncident(db, changeOf(part), { incidentId: row.incident_id, mark: 'recovered', text: null }),
  );
}

function refused(key: (Tested & { readonly key_id: string }) | undefined): KeyctlError {
  const { key_id: id = '', decision = '', probe = null, probe_status: status = null } = key ?? {};
  const why =
    probe === null || probe === 'alive'
      ? `the kernel says ${decision}`
      : `the probe was ${probe}${status === null ? '' : ` (${status})`}`;
  return new KeyctlError({
    code: 'replacement_refused',
    message: `the new key ${id} is not let in: ${why}`,
    hint: `keyctl keys explain ${id}`,
    exitCode: exitCodes.check,
  });
}
