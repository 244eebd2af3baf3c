import type { SQL } from 'drizzle-orm';
import { auditExport, type ExportedEntry, exportedEntry, usageExport } from '../../db/reads/export-rows.js';
import type { IncidentKey } from '../../db/reads/incident-detail.js';
import type { EvidenceGround } from '../../db/reads/incident-evidence.js';
import type { TimelineEntry } from '../../db/reads/incident-timeline.js';
import type { KeyRow } from '../../db/reads/keys.js';
import { walkSlice } from '../../domain/chain-slice.js';
import { signCheckpoint } from '../../domain/checkpoint.js';
import { copyRows } from '../../domain/copy-text.js';
import type { KeptFinding } from '../../domain/detect/kept-finding.js';
import { interruptedError } from '../../domain/errors.js';
import type { NoteSigner } from '../../domain/signed-note.js';
import type { Context } from '../context.js';
import { toldRows } from '../copied-rows.js';
import type { ExportEncoder } from '../export-meter.js';
import type { PartSum, PutBytes, TarWriter } from './bundle-tar.js';
import { readTimeline } from './read-timeline.js';
import type { IncidentReport } from './report-incident.js';

/** What the parts of a bundle look like; made in `src/render/incidents/bundle-forms.ts`. Lines of NDJSON end in a newline. */
export interface BundleForms {
  readme(report: IncidentReport, about: { readonly vkey: string | null }): string;
  markdown(report: IncidentReport): string;
  html(report: IncidentReport): string;
  incident(report: IncidentReport): string;
  timeline(entries: readonly TimelineEntry[]): string;
  key(row: KeyRow, linked: IncidentKey): string;
  finding(finding: KeptFinding): string;
  audit(): ExportEncoder<readonly ExportedEntry[]>;
  usage(): ExportEncoder<Uint8Array>;
}

export interface PartsWritten {
  readonly parts: readonly PartSum[];
  readonly events: number;
  /** The first row of the audit log that does not fit to the one before it; null when all do. */
  readonly brokenAt: number | null;
}

interface Evidence {
  readonly report: IncidentReport;
  readonly ground: EvidenceGround;
  readonly forms: BundleForms;
  readonly signer: NoteSigner | null;
  readonly stallMs: number;
  readonly interrupted: AbortSignal;
}

/** Writes every part but the manifest, in the order in which they are read by whoever opens the file. */
export async function writeParts(ctx: Context, tar: TarWriter, evidence: Evidence): Promise<PartsWritten> {
  const { report, ground, forms, signer } = evidence;
  const parts: PartSum[] = [];
  const part = async (name: string, fill: (put: PutBytes) => Promise<void>) => {
    parts.push(await tar.part(name, fill));
    await ctx.reached('bundle.part');
  };
  const text = (name: string, whole: string) => part(name, (put) => put(Buffer.from(whole)));
  let events = 0;
  let brokenAt: number | null = null;

  await text('README.txt', forms.readme(report, { vkey: signer?.vkey ?? null }));
  await text('report.md', forms.markdown(report));
  await text('report.html', forms.html(report));
  await text('incident.json', forms.incident(report));
  await part('timeline.ndjson', (put) => putTimeline(ctx, evidence, put));
  await text('keys.ndjson', keyLines(report, forms));
  await text('findings.ndjson', report.findings.map(forms.finding).join(''));
  await part('usage.ndjson', async (put) => {
    events = await putUsage(ctx, evidence, put);
  });
  await part('audit.ndjson', async (put) => {
    brokenAt = await putAudit(ctx, evidence, put);
  });
  if (signer !== null) await text('checkpoint', checkpointOf(ground, signer));
  return { parts, events, brokenAt };
}

function checkpointOf({ databaseId, head }: EvidenceGround, signer: NoteSigner): string {
  return signCheckpoint({ size: head.seq, hash: Buffer.from(head.hash, 'hex') }, databaseId, signer);
}

function keyLines({ keys, detail }: IncidentReport, forms: BundleForms): string {
  const linked = new Map(detail.keys.map((each) => [each.key_id, each]));
  return keys
    .map((row) => {
      const link = linked.get(row.key.id);
      return link === undefined ? '' : forms.key(row, link);
    })
    .join('');
}

/** As far as the audit log in the bundle reaches. */
async function putTimeline(ctx: Context, { report, ground, forms }: Evidence, put: PutBytes): Promise<void> {
  for await (const page of readTimeline(ctx, report.row.incident_id)) {
    const entries = page.filter(({ seq }) => seq <= ground.head.seq);
    await put(Buffer.from(forms.timeline(entries)));
  }
}

async function putUsage(ctx: Context, evidence: Evidence, put: PutBytes): Promise<number> {
  const { report, forms } = evidence;
  const keyIds = report.keys.map(({ key }) => key.id);
  const query = usageExport({ ...report.window, keyIds, keyVersion: null });
  const encoder = forms.usage();
  let events = 0;
  await copied(ctx, query, evidence, async (piece) => {
    const { bytes, rows } = encoder.encode(piece);
    events += rows;
    await put(bytes);
    await ctx.reached('bundle.usage');
  });
  return events;
}

async function putAudit(ctx: Context, evidence: Evidence, put: PutBytes): Promise<number | null> {
  const { firstSeq, head } = evidence.ground;
  const query = auditExport({ since: null, until: null }, head.seq, firstSeq);
  const encoder = evidence.forms.audit();
  const walk = walkSlice(firstSeq);
  await copied(ctx, query, evidence, async (piece) => {
    const entries = copyRows(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString()).map(
      exportedEntry,
    );
    for (const entry of entries) walk.take(entry);
    await put(encoder.encode(entries).bytes);
  });
  return walk.end(head);
}

/** The rows of one COPY, piece by piece. */
async function copied(
  ctx: Context,
  query: SQL,
  { stallMs, interrupted }: Evidence,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const copy = await ctx.db.copyClient();
  interrupted.addEventListener('abort', copy.destroy);
  try {
    for await (const piece of toldRows(ctx, copy, query, stallMs)) {
      if (interrupted.aborted) break;
      await take(piece);
    }
    if (interrupted.aborted) throw interruptedError('the bundle is not whole');
  } finally {
    interrupted.removeEventListener('abort', copy.destroy);
    copy.destroy();
  }
}
