import { type SinceRevocation, sinceRevocation } from '../db/reads/proof.js';
import { KeyctlError } from '../domain/errors.js';
import type { Context } from './context.js';
import { type Probe, type ProbeAnswer, probeKey } from './probe-key.js';

/** The proof that a key is dead; `dead` is null when neither its death nor its life is shown. */
export interface Verification {
  readonly dead: boolean | null;
  /** From the beginning of the proof, right after the revocation, until it was shown. */
  readonly afterSeconds: number | null;
  readonly lastAcceptedAt: string | null;
  /** Null when the usage log does not reach past the revocation. */
  readonly eventsAsOf: string | null;
  readonly probeStatus: number | null;
  /** In words for people, when dead is not true. */
  readonly doubt: string | null;
}

export interface Proof {
  readonly keyId: string;
  /** Null: no URL, or no token to try it with. */
  readonly probe: Probe | null;
}

export interface ProofLimits {
  readonly withinMs: number;
  readonly monotonicMs: () => number;
  /** Ends the proof at once, with what is known. */
  readonly signal: AbortSignal;
  /** What the log says of keys that died of something else than a revocation. */
  readonly since?: typeof sinceRevocation;
}

/** Between two looks; longer each time, so that a gateway that asks for patience (429) gets it. */
const firstPauseMs = 250;
const longestPauseMs = 2000;
const longestProbeMs = 10_000;
const probesAtOnce = 8;

/**
 * Looks until each key is shown to be dead, or the time is over: its probe must be refused (401 or 403 alone count) and
 * none of its requests may have been accepted after the revocation. Without a probe the events alone must show it, and
 * they can only when the log reaches past the revocation. Never throws for what happens on the way: the keys are
 * revoked, and what is not shown is said.
 */
export async function proveDead(
  ctx: Context,
  proofs: readonly Proof[],
  limits: ProofLimits,
): Promise<ReadonlyMap<string, Verification>> {
  const start = limits.monotonicMs();
  const elapsedMs = () => limits.monotonicMs() - start;
  const shown = new Map<string, Verification>();
  let open = proofs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const answers = await probeAll(open, limits.withinMs - elapsedMs(), limits.signal);
    const events = await eventsOf(ctx, open, limits.since ?? sinceRevocation);
    for (const { keyId } of open) {
      const verification = verdict(answers.get(keyId) ?? null, events?.get(keyId) ?? null);
      const afterSeconds = verification.dead === true ? Math.round(elapsedMs() / 100) / 10 : null;
      shown.set(keyId, { ...verification, afterSeconds });
    }
    // An accepted request is not undone by waiting, and a lost database does not come back by itself.
    open = open.filter(({ keyId }) => {
      const seen = shown.get(keyId);
      return seen?.dead !== true && seen?.lastAcceptedAt === null;
    });
    if (open.length === 0 || events === null || limits.signal.aborted) return shown;
    if (elapsedMs() + pauseMs >= limits.withinMs) return shown;
    await pause(pauseMs, limits.signal);
  }
}

async function probeAll(
  proofs: readonly Proof[],
  remainingMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ProbeAnswer>> {
  const limitMs = Math.max(1, Math.min(remainingMs, longestProbeMs));
  const waiting = proofs.flatMap(({ keyId, probe }) => (probe === null ? [] : [{ keyId, probe }]));
  const answers = new Map<string, ProbeAnswer>();
  while (waiting.length > 0) {
    const together = waiting.splice(0, probesAtOnce);
    await Promise.all(
      together.map(async ({ keyId, probe }) =>
        answers.set(keyId, await probeKey(probe, { limitMs, signal })),
      ),
    );
  }
  return answers;
}

/** Null when the database cannot be asked any more. */
async function eventsOf(
  ctx: Context,
  proofs: readonly Proof[],
  since: typeof sinceRevocation,
): Promise<ReadonlyMap<string, SinceRevocation> | null> {
  try {
    const ids = proofs.map((proof) => proof.keyId);
    return await ctx.db.query((db) => since(db, ids));
  } catch (error) {
    if (error instanceof KeyctlError) return null;
    throw error;
  }
}

function verdict(probe: ProbeAnswer | null, events: SinceRevocation | null): Verification {
  const known = {
    afterSeconds: null,
    lastAcceptedAt: events?.lastAcceptedAt ?? null,
    eventsAsOf: events?.eventsAsOf ?? null,
    probeStatus: probe?.status ?? null,
  };
  const say = (dead: boolean | null, doubt: string | null): Verification => ({ ...known, dead, doubt });
  if (probe?.kind === 'alive') return say(false, `the probe was accepted (${probe.status})`);
  if (known.lastAcceptedAt !== null) {
    return say(false, `a request was accepted at ${known.lastAcceptedAt}, after the revocation`);
  }
  if (events === null) return say(null, 'the usage log could not be read');
  if (probe?.kind === 'refused') return say(true, null);
  if (probe !== null) return say(null, `the probe told nothing: it ${probe.why}`);
  if (known.eventsAsOf === null) return say(null, 'no event newer than the revocation was brought in');
  return say(true, null);
}

/** Ends early when the proof is called off. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
