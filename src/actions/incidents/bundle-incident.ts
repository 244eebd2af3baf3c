import { createHash } from 'node:crypto';
import { type BundleRecord, recordBundle } from '../../db/kernel-bundle.js';
import { type EvidenceGround, evidenceGround } from '../../db/reads/incident-evidence.js';
import { targetName } from '../../db/settings.js';
import { bundleManifest } from '../../domain/bundle-manifest.js';
import { derivedOperation } from '../../domain/derived-operation.js';
import { exitCodes, interruptedError, KeyctlError } from '../../domain/errors.js';
import type { IncidentWindow } from '../../domain/incident-window.js';
import type { NoteSigner } from '../../domain/signed-note.js';
import { isoTime } from '../../domain/stored-time.js';
import { type Context, changeOf } from '../context.js';
import { type BundleForms, type PartsWritten, writeParts } from './bundle-parts.js';
import { type PartSum, type TarTarget, tarWriter } from './bundle-tar.js';
import { type GivenWindow, type IncidentReport, reportIncident } from './report-incident.js';

export interface BundleRequest {
  readonly incidentId: string;
  readonly window: GivenWindow;
  /** What the parts look like. */
  readonly forms: BundleForms;
  /** Signs manifest and checkpoint; null: a bundle that says itself that nobody vouches for it. */
  readonly signer: NoteSigner | null;
}

/** Where a bundle goes; it stands under its name whole, or not at all. */
export interface BundleFile extends TarTarget {
  /** Everything is written: makes it durable. It still stands under no name. */
  seal(): Promise<void>;
  /** What stands on the disk, from its beginning. */
  contents(): AsyncIterable<Uint8Array>;
  place(): Promise<void>;
  discard(): Promise<void>;
}

/** A bundle that stands under its name, and was written down. */
export interface Bundle extends Omit<BundleRecord, 'first_seq' | 'last_seq' | 'signed_by'> {
  readonly operationId: string;
  readonly incidentId: string;
  readonly title: string;
  readonly databaseId: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** What checks its signature; null when it has none. */
  readonly vkey: string | null;
  /** As they stand in the manifest. */
  readonly parts: readonly PartSum[];
  readonly bundledAt: string;
  readonly auditSeq: number | null;
}

/**
 * Seals the evidence of an incident into one file, in constant memory, and writes it down: after the bytes are safe, read back
 * and summed, and before the file stands under its name. The audit log in it is all of it from the incident's first row to the
 * head, because a chain with holes proves nothing; the checkpoint is of that head.
 * @param run.stallMs longest wait for the next rows
 * @throws KeyctlError 3 for a number that there is not; 4, 7 when the log is not one to vouch for (unless without a signer); 77 when
 * the role may not; 69, 75 when the database is lost; 130. Nothing is left of the file then.
 */
export async function bundleIncident(
  ctx: Context,
  request: BundleRequest,
  run: { readonly file: BundleFile; readonly stallMs: number; readonly interrupted: AbortSignal },
): Promise<Bundle> {
  const { file, interrupted } = run;
  try {
    const bundle = await written(ctx, request, run);
    if (interrupted.aborted) throw interruptedError('');
    const { sha256, bytes } = await summed(file);
    const recorded = await writeDown(ctx, { ...bundle, sha256, bytes });
    await ctx.reached('bundle.recorded');
    await file.place();
    return { ...bundle, sha256, bytes, ...recorded };
  } catch (error) {
    await file.discard();
    throw interrupted.aborted ? interruptedError('nothing is kept of the bundle') : error;
  }
}

type Written = Omit<Bundle, 'sha256' | 'bytes' | 'bundledAt' | 'auditSeq'>;

async function written(
  ctx: Context,
  request: BundleRequest,
  run: { readonly file: BundleFile; readonly stallMs: number; readonly interrupted: AbortSignal },
): Promise<Written> {
  const { incidentId, forms, signer } = request;
  const report = await reportIncident(ctx, incidentId, request.window);
  const ground = await groundOf(ctx, report);
  refuseIfBehind(ctx, signer);
  const madeAt = new Date(`${isoTime(report.row.read_at).slice(0, 19)}Z`);
  const { file } = run;
  const tar = tarWriter(file, { directory: incidentId, modifiedAt: madeAt });
  const done = await writeParts(ctx, tar, { ...run, report, ground, forms, signer });
  if (done.brokenAt !== null && signer !== null) throw broken(done.brokenAt);
  const { databaseId, firstSeq, head } = ground;
  const about = {
    databaseId,
    incidentId,
    madeAt: `${madeAt.toISOString().slice(0, 19)}Z`,
    parts: done.parts,
  };
  const manifest = bundleManifest(about, signer);
  await tar.part('MANIFEST', (put) => put(Buffer.from(manifest)));
  await tar.end();
  await file.seal();
  await ctx.reached('bundle.sealed');
  return {
    ...{ operationId: ctx.operationId, incidentId, title: report.row.title, databaseId },
    ...factsOf(report.window, done),
    ...{ firstSeq, lastSeq: head.seq, vkey: signer?.vkey ?? null },
  };
}

function factsOf({ since, until }: IncidentWindow, { parts, events }: PartsWritten) {
  return { since, until, events, parts };
}

/** @throws KeyctlError 77 before a byte is written */
async function groundOf(ctx: Context, { row, keys, window }: IncidentReport): Promise<EvidenceGround> {
  const asked = {
    incidentId: row.incident_id,
    keyIds: keys.map(({ key }) => key.id),
    since: window.since,
  };
  const ground = await ctx.db.query((db) => evidenceGround(db, asked));
  if (ground.mayRecord) return ground;
  const { target } = ctx.db;
  throw new KeyctlError({
    code: 'permission_denied',
    message: `permission denied in ${targetName(target)}; a bundle needs keyctl_auditor or keyctl_operator`,
    hint: `keyctl db roles grant ${target.role} auditor`,
    exitCode: exitCodes.permission,
  });
}

const withoutSignature = '--unsigned makes a bundle that nobody vouches for';

/** Two notes of one key must never contradict each other (C2SP tlog-checkpoint). */
function refuseIfBehind({ actor: { behind } }: Context, signer: NoteSigner | null): void {
  if (behind === undefined || signer === null) return;
  throw new KeyctlError({
    code: 'behind',
    message: `not signed: the audit log ends at ${behind.found_seq}, or is another one, and this machine saw it at ${behind.remembered_seq}`,
    hint: `keyctl audit verify; ${withoutSignature}`,
    exitCode: exitCodes.state,
  });
}

function broken(seq: number): KeyctlError {
  return new KeyctlError({
    code: 'chain_broken',
    message: `not signed: the audit log is broken at ${seq}`,
    hint: `keyctl audit verify; ${withoutSignature}`,
    exitCode: exitCodes.check,
  });
}

/** Read back: what is written down is what stands on the disk. */
async function summed(file: BundleFile): Promise<{ sha256: string; bytes: number }> {
  const sum = createHash('sha256');
  let bytes = 0;
  for await (const piece of file.contents()) {
    sum.update(piece);
    bytes += piece.length;
  }
  return { sha256: sum.digest('hex'), bytes };
}

/** Under an operation of these very bytes: the same command again makes another file, which is another row. */
async function writeDown(
  ctx: Context,
  bundle: Written & { readonly sha256: string; readonly bytes: number },
): Promise<Pick<Bundle, 'bundledAt' | 'auditSeq'>> {
  const { incidentId, sha256, bytes, since, until, events, firstSeq, lastSeq, vkey } = bundle;
  const operationId = derivedOperation(ctx.operationId, `bundle ${sha256}`);
  const record = { sha256, bytes, since, until, events, first_seq: firstSeq, last_seq: lastSeq };
  const answer = await ctx.db.change(operationId, (db) =>
    recordBundle(
      db,
      { ...changeOf(ctx), operationId },
      { incidentId, bundle: { ...record, signed_by: vkey } },
    ),
  );
  return { bundledAt: answer.bundled_at, auditSeq: answer.audit_seq };
}
