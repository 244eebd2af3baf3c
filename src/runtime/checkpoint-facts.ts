import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineFacts } from '../actions/doctor/machine-checks.js';
import { KeyctlError } from '../domain/errors.js';
import {
  type CheckpointSettings,
  checkpointSettings,
  readSigner,
  verifiersOf,
} from './checkpoint-settings.js';
import { lastAppended, sinkProblem } from './checkpoint-sinks.js';
import type { Runtime } from './runtime.js';

/** What `doctor` wants to know of checkpoints; null where no key is set up. Which database is meant is not known yet. */
export function checkpointFacts(rt: Runtime): MachineFacts['checkpoints'] {
  const now = rt.machine.now();
  try {
    const settings = checkpointSettings(rt);
    if (settings.keyNamedBy === null && !existsSync(settings.keyPath)) return null;
    verifiersOf(settings, readSigner(rt, settings));
    const sinks = knownSinks(settings);
    const times = sinks.flatMap((path) => lastAppended(path)?.getTime() ?? []);
    return {
      problem: null,
      sinks: sinks.map((path) => ({ path, problem: sinkProblem(path) })),
      newest: times.length === 0 ? null : new Date(Math.max(...times)),
      now,
    };
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    const { message, hint } = error;
    return { problem: { message, hint }, sinks: [], newest: null, now };
  }
}

/** The usual files of all databases that were signed here, and every further file. */
function knownSinks({ directory, further }: CheckpointSettings): string[] {
  if (directory === null || !existsSync(directory)) return [...further];
  return [...readdirSync(directory).map((name) => join(directory, name)), ...further];
}
