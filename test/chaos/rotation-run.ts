import { randomUUID } from 'node:crypto';
import { type Arena, type Destination, keyInUse, type PlantedKey, type SinkKind } from './arena.js';
import type { Observation } from './oracle/oracle.js';
import { outcomeOf, type Started, startKeyctl } from './run-keyctl.js';

/** One `keyctl rotate`, which can be run again under the same operation id. */
export interface RotationRun {
  readonly name: string;
  readonly operationId: string;
  readonly keyId: string;
  readonly sinks: readonly Destination[];
  readonly argv: readonly string[];
}

export interface RunRequest {
  readonly name: string;
  readonly planted: PlantedKey;
  readonly kinds: readonly SinkKind[];
  readonly flags?: readonly string[];
  /** A new secret for the successor, instead of a rotation of it. */
  readonly isReissue?: boolean;
  /** Whose env files it goes to as well; other places are never used twice. */
  readonly after?: RotationRun;
}

/** Chooses the family's key in use, and places for its successor's secret. */
export async function planRun(arena: Arena, request: RunRequest): Promise<RotationRun> {
  const { name, planted, kinds, flags = [], isReissue = false, after } = request;
  const operationId = randomUUID();
  const keyId = await keyInUse(arena.sql, planted);
  const sinks: Destination[] = [];
  for (const kind of kinds) {
    const known = kind === 'env' ? after?.sinks.find((sink) => sink.kind === 'env') : undefined;
    sinks.push(known ?? (await arena.newSink(kind, planted)));
  }
  const delivery = sinks.flatMap((sink) => ['--deliver', sink.flag]);
  const why = ['--reason', 'chaos: the quarterly rotation'];
  const what = isReissue ? ['rotate', 'reissue', keyId] : ['rotate', keyId, ...why];
  const how = ['--yes', '--json', '--operation-id', operationId, '--timeout', '20s'];
  return {
    name: `${name}, ${kinds.join('+')}`,
    operationId,
    keyId,
    sinks,
    argv: [...what, ...delivery, ...how, ...flags],
  };
}

export function startRun(
  arena: Arena,
  run: RotationRun,
  env: Readonly<Record<string, string>> = {},
): Started {
  const stdout = run.sinks.find((sink) => sink.kind === 'stdout')?.file;
  return startKeyctl(arena, run.argv, { env, stdout });
}

/** What the oracle is told of a run that ended. */
export function observed(
  run: RotationRun,
  ended: { readonly exitCode: number | null; readonly stderr: string },
  isFirst = true,
): Observation {
  const { name, operationId, keyId } = run;
  const destinations = run.sinks.map((sink) => sink.file);
  const outcome = outcomeOf(ended.stderr);
  return { name, operationId, keyId, exitCode: ended.exitCode, outcome, isFirst, destinations };
}
