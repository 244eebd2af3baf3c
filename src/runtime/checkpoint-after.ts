import { existsSync } from 'node:fs';
import type { Head } from '../db/watch-head.js';
import { KeyctlError } from '../domain/errors.js';
import type { Safe } from '../render/terminal-text.js';
import { type CheckpointSettings, checkpointSettings, readSigner, sinkPaths } from './checkpoint-settings.js';
import type { Runtime } from './runtime.js';

export interface Changed {
  readonly databaseId: string;
  /** The head that the command's last change made. */
  readonly head: Head;
  /** The log is not the one that this machine saw: what is signed now would contradict what was signed before. */
  readonly contradicts: boolean;
}

/**
 * Signs a checkpoint of what a command has just changed and appends it to every sink, when there is a key. What goes wrong is a
 * warning: the change stands, and the next one catches up.
 */
export async function checkpointAfter(rt: Runtime, changed: Changed): Promise<void> {
  try {
    const settings = checkpointSettings(rt);
    if (settings.keyNamedBy === null && !existsSync(settings.keyPath)) return;
    await signAndAppend(rt, settings, changed);
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    const { unsignedWarning } = await import('../render/head-memory.js');
    warn(rt, unsignedWarning(error.message));
  }
}

async function signAndAppend(
  rt: Runtime,
  settings: CheckpointSettings,
  { databaseId, head, contradicts }: Changed,
): Promise<void> {
  const { signCheckpoint } = await import('../domain/checkpoint.js');
  const { appendToSinks } = await import('./checkpoint-sinks.js');
  const { failedSink, unsignedWarning } = await import('../render/head-memory.js');
  const signer = readSigner(rt, settings);
  if (signer === null) return;
  if (contradicts) {
    // C2SP tlog-checkpoint: a log must not sign what is inconsistent with what it signed before.
    warn(rt, unsignedWarning('it would contradict what this machine saw before'));
    return;
  }
  const hash = Buffer.from(head.hash, 'hex');
  const note = signCheckpoint({ size: head.seq, hash }, databaseId, signer);
  for (const { path, code } of appendToSinks(
    sinkPaths(settings, databaseId),
    note,
    settings.directory ?? '',
  )) {
    warn(rt, failedSink(path, code));
  }
}

function warn(rt: Runtime, text: Safe): void {
  const { warning } = rt.style('stderr');
  rt.warn(warning(text));
}
