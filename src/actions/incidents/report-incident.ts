import { type FindingFilter, findings } from '../../db/reads/findings.js';
import type { TimelineEntry } from '../../db/reads/incident-timeline.js';
import { type IncidentUsage, incidentUsage } from '../../db/reads/incident-usage.js';
import type { IncidentRow } from '../../db/reads/incidents.js';
import { findCandidates, type KeyRow } from '../../db/reads/keys.js';
import { targetName } from '../../db/settings.js';
import type { KeptFinding } from '../../domain/detect/kept-finding.js';
import { type IncidentWindow, incidentWindow, windowSteps } from '../../domain/incident-window.js';
import { isoTime } from '../../domain/stored-time.js';
import type { Context } from '../context.js';
import { usageAsOf } from '../read-usage.js';
import { type WholeIncident, wholeIncident } from './find-incident.js';
import { readTimeline } from './read-timeline.js';

/** Everything that a report of an incident says, read in one go. */
export interface IncidentReport extends WholeIncident {
  /** The database it is about. */
  readonly where: string;
  /** From when to when usage belongs to it. */
  readonly window: IncidentWindow;
  /** The parts that its usage is counted in. */
  readonly steps: { readonly seconds: number; readonly starts: readonly string[] };
  /** How far usage has been brought in; null: there is none. */
  readonly asOf: string | null;
  readonly usage: IncidentUsage;
  /** As they stand now, oldest version of each family first. */
  readonly keys: readonly KeyRow[];
  /** Those that the incident names, and those about its keys in its time or shortly before; the oldest first. */
  readonly findings: readonly KeptFinding[];
  readonly timeline: ReportedTimeline;
}

/** The beginning and the end of a timeline. */
interface ReportedTimeline {
  readonly first: readonly TimelineEntry[];
  readonly last: readonly TimelineEntry[];
  /** How many stand between them. */
  readonly between: number;
}

/** Bounds that were typed; null: of the incident's own time. */
export interface GivenWindow {
  readonly since: string | null;
  readonly until: string | null;
}

/** Of each kind; what is more stands in the bundle, and a report is for reading. */
const listed = 12;
const mostFindings = 1000;
const mostEntries = 150;
const monthMs = 30 * 86_400_000;

/** @throws KeyctlError 3 when there is none of that number */
export async function reportIncident(
  ctx: Context,
  incidentId: string,
  given: GivenWindow,
): Promise<IncidentReport> {
  const whole = await wholeIncident(ctx, incidentId);
  const { row, detail } = whole;
  const { db } = ctx;
  const ids = detail.keys.map(({ key_id }) => key_id);
  const keys = await db.query((each) => findCandidates(each, { ids }));
  const familyIds = [...new Set(keys.map(({ key }) => key.familyId))];
  const signs = await signsOf(ctx, row, familyIds);
  const window = incidentWindow(timesOf(row, signs), given);
  const about = await db.query((each) => findings(each, { ...window, familyIds, limit: mostFindings }));
  const steps = windowSteps(window);
  const asked = { ...window, keyIds: ids, detectedAt: row.detected_at, stepSeconds: steps.seconds, listed };
  return {
    ...whole,
    where: targetName(db.target),
    window,
    steps,
    asOf: await usageAsOf(ctx),
    usage: await db.query((each) => incidentUsage(each, asked)),
    keys,
    findings: merged(signs, about),
    timeline: await ends(ctx, incidentId),
  };
}

/** A leak is often older than its discovery: what was serious about its keys in the month before belongs to it. */
async function signsOf(
  ctx: Context,
  { incident_id: incidentId, detected_at: detectedAt }: IncidentRow,
  familyIds: readonly string[],
): Promise<readonly KeptFinding[]> {
  const detected = new Date(isoTime(detectedAt));
  const serious: FindingFilter = {
    familyIds,
    severities: ['critical', 'high'],
    statuses: ['open', 'acknowledged', 'escalated'],
    since: new Date(detected.getTime() - monthMs).toISOString(),
    until: detected.toISOString(),
    limit: mostFindings,
  };
  const named = await ctx.db.query((db) => findings(db, { incidentId, limit: mostFindings }));
  return merged(named, await ctx.db.query((db) => findings(db, serious)));
}

function timesOf(row: IncidentRow, signs: readonly KeptFinding[]) {
  const date = (text: string | null) => (text === null ? null : new Date(isoTime(text)));
  const began = [row.detected_at, row.opened_at].map((text) => new Date(isoTime(text)));
  return {
    began: [...began, ...signs.map(({ onsetAt }) => new Date(onsetAt))],
    closedAt: date(row.closed_at),
    lastAttemptAt: date(row.last_attempt_at),
    now: new Date(isoTime(row.read_at)),
  };
}

function merged(...lists: readonly (readonly KeptFinding[])[]): KeptFinding[] {
  const byId = new Map(lists.flat().map((finding) => [finding.findingId, finding]));
  return [...byId.values()].sort((a, b) => a.onsetAt - b.onsetAt || (a.findingId < b.findingId ? -1 : 1));
}

async function ends(ctx: Context, incidentId: string): Promise<ReportedTimeline> {
  const first: TimelineEntry[] = [];
  let last: TimelineEntry[] = [];
  let rows = 0;
  for await (const page of readTimeline(ctx, incidentId)) {
    rows += page.length;
    const fitting = page.slice(0, mostEntries - first.length);
    first.push(...fitting);
    last = [...last, ...page.slice(fitting.length)].slice(-mostEntries);
  }
  return { first, last, between: rows - first.length - last.length };
}
