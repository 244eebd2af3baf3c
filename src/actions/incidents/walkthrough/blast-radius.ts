import { endpointsOut } from '../../../db/reads/data-out.js';
import { type Strangers, strangers } from '../../../db/reads/incident-strangers.js';
import { type IncidentUsage, incidentUsage } from '../../../db/reads/incident-usage.js';
import { findCandidates } from '../../../db/reads/keys.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import { isoTime } from '../../../domain/stored-time.js';
import type { Context } from '../../context.js';
import type { WholeIncident } from '../find-incident.js';
import { linkInStep } from './link.js';
import type { StepDone } from './run-step.js';

/** What was done with the keys of an incident since they leaked. */
interface IncidentRadius {
  readonly since: string;
  readonly usage: IncidentUsage;
  /** Null: it was not known in time, and nobody waits for it at 3 a.m. */
  readonly strangers: Strangers | null;
  /** Most bytes first. */
  readonly dataOut: readonly {
    readonly endpoint: string | null;
    readonly requests: number;
    readonly bytes: number;
    readonly known: boolean;
  }[];
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const listed = 5;

/** A leak is older than its discovery: a day before it, unless somebody knows better. */
export function leakedSince({ row }: WholeIncident, since: Date | null): string {
  return (since ?? new Date(new Date(isoTime(row.detected_at)).getTime() - dayMs)).toISOString();
}

/** Straight from the events, so that the open hour is in it. */
async function incidentRadius(ctx: Context, whole: WholeIncident, since: string): Promise<IncidentRadius> {
  const keyIds = whole.detail.keys.map(({ key_id }) => key_id);
  // An event that comes while this is read belongs to it.
  const until = new Date(ctx.now().getTime() + hourMs).toISOString();
  const keys = await ctx.db.query((db) => findCandidates(db, { ids: keyIds }));
  const familyIds = [...new Set(keys.map(({ key }) => key.familyId))];
  const asked = { keyIds, since, until, detectedAt: since, stepSeconds: 3600, listed };
  const usage = await ctx.db.query((db) => incidentUsage(db, asked));
  const history = { since: new Date(Date.parse(since) - 30 * dayMs).toISOString(), until: since };
  const out = await ctx.db.query((db) =>
    endpointsOut(db, { keyIds, familyIds, parts: 1 }, { since, until }, history),
  );
  return {
    since,
    usage,
    strangers: await strangersInTime(ctx, keyIds, since),
    dataOut: out
      .slice(0, listed)
      .map(({ endpoint, requests, bytes, known }) => ({ endpoint, requests, bytes, known })),
  };
}

/** It walks over the events of every key since the leak: where that takes too long, the keys are contained without it. */
async function strangersInTime(
  ctx: Context,
  keyIds: readonly string[],
  since: string,
): Promise<Strangers | null> {
  try {
    return await ctx.db.query((db) => strangers(db, { keyIds, since }));
  } catch (error) {
    if (error instanceof KeyctlError && error.exitCode === exitCodes.unreachable) return null;
    throw error;
  }
}

/** Writes down what was seen, and links keys that are in the same hands. */
export async function recordRadius(
  inside: Context,
  whole: WholeIncident,
  input: { readonly since: string; readonly linkIds: readonly string[] },
): Promise<StepDone> {
  const incidentId = whole.row.incident_id;
  const radius = await incidentRadius(inside, whole, input.since);
  await linkInStep(inside, {
    incidentId,
    keyIds: input.linkIds,
    reason: 'seen from the same addresses as the leaked key',
  });
  return { complete: true, result: radiusRecord(radius, input.linkIds) };
}

function radiusRecord(
  { since, usage, strangers: found, dataOut }: IncidentRadius,
  linked: readonly string[],
) {
  const top = (of: IncidentUsage['ips']) =>
    of.top.map(({ value, requests, refused, bytes }) => ({ value, requests, refused, bytes }));
  return {
    since,
    requests: usage.total.requests,
    refused: usage.total.refused,
    errors: usage.total.errors,
    bytes: usage.total.bytes,
    first_at: usage.total.firstAt,
    last_at: usage.total.lastAt,
    endpoints: top(usage.endpoints),
    endpoint_count: usage.endpoints.distinct,
    ips: top(usage.ips),
    ip_count: usage.ips.distinct,
    agents: top(usage.agents),
    data_out: dataOut,
    new_ips: found?.ips.slice(0, 20) ?? [],
    new_ip_count: found?.ipCount ?? null,
    other_keys: (found?.keys ?? []).map(({ keyId, name, requests, accepted, ips }) => ({
      ...{ key_id: keyId, name, requests, accepted, ips },
    })),
    linked,
  };
}
