import type { IncidentNews } from '../db/incident-news.js';
import { type IngestCounts, type IngestReport, ingestClose, ingestOpen } from '../db/kernel-ingest.js';
import { KeyctlError } from '../domain/errors.js';
import type { RejectCause } from '../domain/ingest/reject.js';
import { isoTime } from '../domain/stored-time.js';
import { type Context, changeOf } from './context.js';
import { type ExposedKey, exposedKeys } from './exposed-keys.js';
import { fileBatches } from './file-batches.js';
import { type LogInput, type LogTally, readLog } from './read-log.js';

/** What came of an ingest. Null stands for what only the database knows, in a dry run. */
export interface Ingestion {
  readonly operationId: string;
  readonly source: string;
  /** False when it was interrupted, or the input broke off: what was read until then is filed. */
  readonly complete: boolean;
  readonly dryRun: boolean;
  readonly events: number;
  readonly duplicates: number | null;
  readonly stray: number | null;
  readonly rejected: number;
  readonly rejectedByCause: Readonly<Partial<Record<RejectCause, number>>>;
  readonly keysAdopted: number | null;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** Keys whose whole token stood in the log. */
  readonly exposed: readonly ExposedKey[];
  readonly auditSeq: number | null;
  /** Dead keys of incidents in what came in. */
  readonly incidents: IncidentNews;
}

export interface IngestOptions {
  /** Register unknown names that have an accepted event. */
  readonly adopt: boolean;
  /** Limit of every wait for the database. */
  readonly timeoutMs: number;
}

/**
 * Files a log's events. Batch after batch is copied into an inbox and taken from there, each in one statement; while the
 * database takes one, the next is read. A batch counts whole or not at all, and an event that comes again adds nothing:
 * whatever ends it in the middle, running it again files what is missing.
 * @throws KeyctlError as the database does; its message says what was filed before
 */
export async function ingestUsage(ctx: Context, input: LogInput, options: IngestOptions): Promise<Ingestion> {
  const runId = ctx.operationId;
  const inbox = await ctx.db.change(runId, (db) => ingestOpen(db, runId));
  if (inbox === null)
    return await closed(ctx, { source: input.source, complete: true, rejected_by_cause: {}, exposed: [] });
  await ctx.reached('ingest.opened');
  const client = await ctx.db.copyClient();
  const exposed = exposedKeys(ctx);
  const filing = fileBatches(ctx, { client, inbox, ...options });
  let tally: LogTally;
  try {
    tally = await readLog(input, ctx.now(), {
      take: filing.take,
      exposed: exposed.add,
      settle: exposed.settle,
    });
    await filing.done();
    await client.close();
    await ctx.reached('ingest.done');
  } catch (error) {
    client.destroy();
    throw filedBefore(error, filing.counts());
  }
  const keys = await exposed.report(input.source);
  return await closed(ctx, {
    source: input.source,
    complete: tally.complete,
    rejected_by_cause: tally.rejectedByCause as Record<string, number>,
    exposed: keys.map(({ keyId, name, status, times }) => ({ key_id: keyId, name, status, times })),
  });
}

/** Reads the log and says what would be offered to the database; opens none. */
export async function tryLog(input: LogInput, now: Date, operationId: string): Promise<Ingestion> {
  const tokens = new Map<string, number>();
  const tally = await readLog(input, now, {
    take: async () => {},
    exposed({ keyId }) {
      if (tokens.has(keyId) || tokens.size < 1000) tokens.set(keyId, (tokens.get(keyId) ?? 0) + 1);
    },
    settle: async () => {},
  });
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    operationId,
    source: input.source,
    complete: tally.complete,
    dryRun: true,
    events: tally.events,
    duplicates: null,
    stray: null,
    rejected: tally.rejected,
    rejectedByCause: tally.rejectedByCause,
    keysAdopted: null,
    firstAt: time(tally.firstAt),
    lastAt: time(tally.lastAt),
    exposed: [...tokens].map(([keyId, times]) => ({ keyId, name: null, status: null, times })),
    auditSeq: null,
    incidents: { reopened: [], attempts: [] },
  };
}

async function closed(ctx: Context, report: IngestReport): Promise<Ingestion> {
  const runId = ctx.operationId;
  const answer = await ctx.db.change(runId, (db) => ingestClose(db, changeOf(ctx), { runId, report }));
  return {
    operationId: runId,
    source: answer.source,
    complete: answer.complete,
    dryRun: false,
    events: answer.events,
    duplicates: answer.duplicates,
    stray: answer.stray,
    rejected: Object.values(answer.rejected_by_cause).reduce((sum, each) => sum + each, 0),
    rejectedByCause: answer.rejected_by_cause,
    keysAdopted: answer.keys_adopted,
    firstAt: isoTime(answer.first_at),
    lastAt: isoTime(answer.last_at),
    exposed: answer.exposed.map(({ key_id: keyId, ...rest }) => ({ keyId, ...rest })),
    auditSeq: answer.audit_seq,
    incidents: answer.incidents ?? { reopened: [], attempts: [] },
  };
}

/** The same error, saying what is true of the batches before it. */
function filedBefore(error: unknown, counts: IngestCounts | null): unknown {
  if (!(error instanceof KeyctlError) || counts === null) return error;
  const { code, exitCode, outcome, cause } = error;
  const filed = counts.events + counts.stray;
  return new KeyctlError({
    code,
    exitCode,
    outcome: outcome === 'not_done' ? 'partial' : outcome,
    message: `${error.message.replace(/[;,] nothing was (?:changed|done)/, '')}; ${filed} events were filed before that`,
    hint: 'run the same command again: it files what is missing and adds nothing twice',
    cause,
  });
}
