import type { Facts, KeyFact } from './facts.js';
import { type HeldToken, keyOf, proves, type TokenReader } from './held-tokens.js';
import type { Violations } from './key-checks.js';

/** What one run of `keyctl rotate` was told to do, and what it said of it. */
export interface Observation {
  /** For people: `kill at rotate.staged, age`. */
  readonly name: string;
  readonly operationId: string;
  readonly keyId: string;
  /** Null: it was killed. */
  readonly exitCode: number | null;
  /** Of the error on stderr, when it was one. */
  readonly outcome: 'not_done' | 'unknown' | 'partial' | null;
  /** False when the operation had run before: what that did is no news. */
  readonly isFirst: boolean;
  /** Files in which each of its sinks leaves the secret. */
  readonly destinations: readonly string[];
}

/** Codes that promise that nothing was activated. */
const nothingDone = [2, 3, 4, 5, 8, 69, 77, 78];

/** Exit code and truth agree. */
export async function runsThatLied(
  { keys, rotations }: Facts,
  runs: readonly Observation[],
  reader: TokenReader,
): Promise<Violations> {
  const wrong: string[] = [];
  const byId = new Map(keys.map((key) => [key.id, key]));
  for (const run of runs) {
    const lies = (what: string) =>
      wrong.push(`${run.name} (operation ${run.operationId}): exit ${run.exitCode}, but ${what}`);
    const rotation = rotations.find(
      (each) => each.operationId === run.operationId && each.oldKeyId === run.keyId,
    );
    const old = byId.get(run.keyId);
    const successor = rotation === undefined ? undefined : byId.get(rotation.newKeyId);
    if (run.exitCode === 0) {
      if (rotation?.activated !== true || successor?.status !== 'active') lies('its successor is not active');
      else if (rotation.commitPending) lies('that it is in place was never noted');
      else wrong.push(...(await notDelivered(run, successor, reader)));
    } else if (run.exitCode === 6) {
      if (rotation?.activated !== true) lies('its successor is not active');
      if (successor?.usable !== true || old?.usable !== true) lies('not both keys are usable');
    } else if (run.exitCode !== null && run.isFirst && rotation?.activated === true) {
      if (nothingDone.includes(run.exitCode) || run.outcome === 'not_done') lies(`${rotation.id} is active`);
    }
    if (run.exitCode === 8 && rotation?.activated === true) lies(`${rotation.id} is active`);
    if (run.exitCode === 8 && old?.usable !== true) lies('the old key is not usable');
  }
  return wrong;
}

async function notDelivered(run: Observation, successor: KeyFact, reader: TokenReader): Promise<string[]> {
  const wrong: string[] = [];
  for (const file of run.destinations) {
    const found = await reader.in(file);
    if (!found.some(({ token }) => proves(token, successor)))
      wrong.push(
        `${run.name} (operation ${run.operationId}): exit 0, but ${file} does not hold the secret of ${successor.id}`,
      );
  }
  return wrong;
}

/** Every key that stands in an env file is usable right now. */
export function unusableInEnvFiles({ keys }: Facts, standing: readonly HeldToken[]): Violations {
  return standing.flatMap(({ token, file }) => {
    const key = keyOf(keys, token);
    if (key === undefined) return [`${file} holds a token that belongs to no key`];
    return key.usable ? [] : [`${file} holds ${key.id}, which is ${key.status} and not usable`];
  });
}
