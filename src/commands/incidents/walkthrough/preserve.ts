import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../../../actions/context.js';
import { readTimeline } from '../../../actions/incidents/read-timeline.js';
import { preserve, type SealedEvidence } from '../../../actions/incidents/walkthrough/preserve.js';
import { configError } from '../../../domain/errors.js';
import type { NoteSigner } from '../../../domain/signed-note.js';
import { clean, line } from '../../../render/terminal-text.js';
import { checkpointSettings, readSigner } from '../../../runtime/checkpoint-settings.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { type AskStep, askWhich, type StepAsked } from './asked.js';

/** Seals a bundle; without a file of its own name the counts alone are kept, and that is said. */
export const askPreserve: AskStep = async (asked) => {
  const { rt, flags, walk } = asked;
  const name = `${walk.row.incident_id}.tar`;
  const which = flags.out ?? (rt.canAsk ? await askFile(asked, name) : null);
  if (which === 'skip' || which === 'leave') return which;
  if (which === null) return (inside, now) => preserve(inside, now, null);
  const signer = signerOf(rt, flags.unsigned === true);
  return (inside, now) =>
    preserve(inside, now, (part) => sealed(rt, part, { walk: now, out: which, signer }));
};

async function askFile({ rt }: StepAsked, name: string): Promise<string | null | 'skip' | 'leave'> {
  const which = await askWhich(rt, line`Where is the evidence kept?`, [
    {
      value: 'file' as const,
      name: line`in ${clean(name)}, here`,
      description: line`usage, audit log, keys and timeline, each with its hash`,
    },
    {
      value: 'counts' as const,
      name: line`only its counts`,
      description: line`nothing can be shown later but that something is missing`,
    },
  ]);
  if (which === 'file') return name;
  return which === 'counts' ? null : which;
}

/** Signed where there is a key to sign with; a bundle that nobody vouches for has to be asked for, or is said. */
function signerOf(rt: Runtime, unsigned: boolean): NoteSigner | null {
  if (unsigned) return null;
  const settings = checkpointSettings(rt);
  const signer = readSigner(rt, settings);
  if (signer !== null) return signer;
  if (!rt.canAsk)
    throw configError(
      'no_checkpoint_key',
      `there is no key to sign with at ${settings.keyPath}`,
      'keyctl audit checkpoint --init; --unsigned makes a bundle that nobody vouches for',
    );
  rt.warn(line`The bundle is not signed: there is no checkpoint key (keyctl audit checkpoint --init)`);
  return null;
}

async function sealed(
  rt: Runtime,
  part: Context,
  { walk, out, signer }: { walk: StepAsked['walk']; out: string; signer: NoteSigner | null },
): Promise<SealedEvidence> {
  const { incident_id: incidentId } = walk.row;
  const earlier = await sealedBefore(rt, part, incidentId, out);
  if (earlier !== null) return earlier;
  const { bundleTo } = await import('../seal-bundle.js');
  const { bundleForms } = await import('../../../render/incidents/bundle-forms.js');
  const window = { since: null, until: null };
  const request = { incidentId, window, forms: bundleForms, signer };
  const { sha256, bytes, events, auditSeq } = await bundleTo(rt, part, { out, force: false, request });
  return { path: out, sha256, bytes, events, auditSeq };
}

/** A run that was cut off after its bundle had its name: the file is that bundle when the log has its hash. */
async function sealedBefore(
  rt: Runtime,
  part: Context,
  incidentId: string,
  out: string,
): Promise<SealedEvidence | null> {
  const sha256 = await sumOf(resolve(rt.machine.workingDirectory, out));
  if (sha256 === null) return null;
  for await (const page of readTimeline(part, incidentId)) {
    const row = page.find(
      ({ action, details }) => action === 'incident.bundled' && details.sha256 === sha256,
    );
    if (row === undefined) continue;
    const { bytes, events } = row.details as { bytes?: number; events?: number };
    return { path: out, sha256, bytes: bytes ?? 0, events: events ?? 0, auditSeq: row.seq };
  }
  return null;
}

async function sumOf(file: string): Promise<string | null> {
  const sum = createHash('sha256');
  try {
    for await (const piece of createReadStream(file)) sum.update(piece as Buffer);
    return sum.digest('hex');
  } catch {
    return null;
  }
}
