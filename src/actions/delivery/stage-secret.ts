import { type ExitCode, exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Secret } from '../../domain/secret.js';
import { type IssuedKey, type Sink, SinkError } from './sink.js';

export interface Delivery {
  readonly key: IssuedKey;
  readonly secret: Secret;
  /** What cannot be taken back (a terminal, a pipe) comes last. */
  readonly sinks: readonly Sink[];
  /** Sinks that hold the secret from an earlier run. */
  readonly held: readonly Sink[];
}

/** What came of staging a secret: the sinks that hold it, and the one that could not take it. */
export interface Staging {
  readonly staged: readonly Sink[];
  readonly failed: { readonly sink: Sink; readonly error: unknown } | null;
}

/** Takes a secret to each sink that does not hold it yet, and stops at the first that fails. Never throws. */
export async function stageSecret({ key, secret, sinks, held }: Delivery): Promise<Staging> {
  const staged = [...held];
  for (const sink of sinks) {
    try {
      if (held.includes(sink)) await sink.adopt?.(key, secret);
      else {
        await sink.stage(secret, key);
        staged.push(sink);
      }
    } catch (error) {
      return { staged, failed: { sink, error } };
    }
  }
  return { staged, failed: null };
}

/** Finishes the delivery in every sink; answers those that could not, in words. */
export async function commitSinks(sinks: readonly Sink[]): Promise<readonly string[]> {
  return await failures(sinks, (sink) => sink.commit());
}

/** The same for what an earlier run staged. @param secret null when no sink could be read */
export async function commitAdopted(
  sinks: readonly Sink[],
  key: IssuedKey,
  secret: Secret | null,
): Promise<readonly string[]> {
  return await failures(sinks, async (sink) => {
    await sink.adopt?.(key, secret);
    await sink.commit();
  });
}

async function failures(
  sinks: readonly Sink[],
  work: (sink: Sink) => Promise<void>,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const sink of sinks) {
    await work(sink).catch((error: unknown) => failed.push(`${sink.name} (${sinkFailure(error)})`));
  }
  return failed;
}

/** Removes what was staged; only for a key that can never become active any more. */
export async function discardSinks(sinks: readonly Sink[]): Promise<void> {
  for (const sink of sinks) await sink.discard().catch(() => {});
}

/** The exit code of a failed delivery: 8, or 130 when somebody called it off. */
export function sinkExitCode(error: unknown): ExitCode {
  return error instanceof SinkError && error.interrupted ? exitCodes.interrupted : exitCodes.undelivered;
}

/** Why a sink failed, in words that hold nothing of the secret. */
export function sinkFailure(error: unknown): string {
  if (error instanceof SinkError || error instanceof KeyctlError) return error.message;
  return error instanceof Error && 'code' in error ? String(error.code) : 'for an unknown reason';
}

/** What to try instead of a sink that failed. */
export function sinkHint(sink: Sink, error: unknown): string {
  return error instanceof SinkError ? error.hint : `--deliver file:PATH instead of ${sink.name}`;
}
