import type { Context } from '../actions/context.js';
import type { FoundKey } from '../actions/find-keys.js';
import { proveDead } from '../actions/prove-dead.js';
import type { RevocationResult, Revocations } from '../actions/revoke-keys.js';
import type { ProbeHeader } from '../domain/probe-url.js';
import type { Secret } from '../domain/secret.js';
import { fingerprint } from '../domain/token.js';
import { tokensIn } from '../domain/token-scan.js';
import { clean, line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';
import { readToken } from '../runtime/token-input.js';

export interface ProofWanted {
  readonly keys: readonly FoundKey[];
  readonly done: Revocations;
  readonly url: URL | null;
  readonly withinSeconds: number;
  readonly header: ProbeHeader;
  /** stdin held the KEYs, so no token can come from there. */
  readonly stdinIsKeys: boolean;
}

/** A pipe that brings the token may be slower than the revocation, which does not wait for it. */
const tokenLimitMs = 5000;

/**
 * Adds the proof to each key that is revoked. The revocation is done already, and said: nothing here can hold it up or
 * make it look undone. `interrupted` when a person did not want to wait for the proof.
 */
export async function proveRevocations(
  rt: Runtime,
  ctx: Context,
  wanted: ProofWanted,
): Promise<{ readonly done: Revocations; readonly interrupted: boolean }> {
  const revoked = wanted.done.results.filter((result) => result.revokedAt !== null);
  if (revoked.length === 0) return { done: wanted.done, interrupted: false };
  sayRevoked(rt, wanted, revoked);
  const calledOff = new AbortController();
  const undo = rt.machine.onInterrupt(() => calledOff.abort());
  try {
    const tokens = wanted.url === null ? new Map<string, Secret>() : await tokensFor(rt, wanted, revoked);
    const proofs = revoked.map(({ keyId }) => {
      const token = tokens.get(keyId);
      const { url, header } = wanted;
      return { keyId, probe: url === null || token === undefined ? null : { url, token, header } };
    });
    const shown = await proveDead(ctx, proofs, {
      withinMs: wanted.withinSeconds * 1000,
      monotonicMs: () => rt.machine.monotonicMs(),
      signal: calledOff.signal,
    });
    const results = wanted.done.results.map((result) => ({
      ...result,
      verification: shown.get(result.keyId) ?? null,
    }));
    return { done: { ...wanted.done, results }, interrupted: calledOff.signal.aborted };
  } finally {
    undo();
  }
}

/** At once, and not after the proof: who waits half a minute wants to know that the key is stopped. */
function sayRevoked(rt: Runtime, wanted: ProofWanted, revoked: readonly RevocationResult[]): void {
  const { sign, ok } = rt.style('stderr');
  const [only] = revoked;
  const what =
    revoked.length === 1 && only !== undefined
      ? line`${clean(only.keyId)} is revoked`
      : line`${revoked.length} keys are revoked`;
  rt.say(ok(line`${sign.ok} ${what}; looking for the proof, up to ${wanted.withinSeconds} s`));
}

/** The tokens to try, by key: each has to be that key's own, since a wrong one is refused by every gateway. */
async function tokensFor(
  rt: Runtime,
  wanted: ProofWanted,
  revoked: readonly RevocationResult[],
): Promise<ReadonlyMap<string, Secret>> {
  const prints = new Map(wanted.keys.map(({ row }) => [row.key.fingerprint, row.key.id]));
  const tokens = new Map<string, Secret>();
  const keep = (token: Secret): boolean => {
    const id = prints.get(fingerprint(token));
    if (id !== undefined) tokens.set(id, token);
    return id !== undefined;
  };
  for (const { reference } of wanted.keys) {
    if (reference.kind === 'token' || reference.kind === 'foreign') keep(reference.token);
  }
  if (revoked.some(({ keyId }) => !tokens.has(keyId)) && !wanted.stdinIsKeys) {
    const given = await tokenFromOutside(rt, revoked);
    if (given !== null && !candidates(given).map(keep).includes(true)) {
      rt.warn(line`the token that was given is not the revoked key's`);
    }
  }
  for (const { keyId } of revoked) {
    if (tokens.has(keyId)) continue;
    rt.warn(
      line`probe of ${clean(keyId)} skipped: its token was not given (on stdin, or as KEY); the usage log alone decides`,
    );
  }
  return tokens;
}

/** Ctrl-C at this question means "no token", not "undo": the key is revoked. */
async function tokenFromOutside(rt: Runtime, revoked: readonly RevocationResult[]): Promise<Secret | null> {
  const [only] = revoked;
  if (rt.machine.terminal.stdin && (revoked.length > 1 || only === undefined)) return null;
  const question = line`Token of ${clean(only?.keyId ?? '')} for the probe (not shown, Enter goes without):`;
  try {
    return await readToken(rt, { limitMs: tokenLimitMs, question });
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') return null;
    throw error;
  }
}

/** Every token of ours in it, and the whole of it, which may be an imported key. */
function candidates(given: Secret): Secret[] {
  return [...tokensIn(given.reveal()).flatMap(({ token }) => (token === null ? [] : [token])), given];
}
