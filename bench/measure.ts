import { spawnSync } from 'node:child_process';

/** A program to run to its end, in an environment of its own. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Milliseconds from starting the program until it has ended and its output is closed. Throws when it failed. */
export function timeProgram({ file, args, env }: Program): number {
  const startedAt = performance.now();
  const child = spawnSync(file, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
  const elapsedMs = performance.now() - startedAt;
  if (child.error !== undefined) throw child.error;
  if (child.status !== 0) {
    throw new Error(`${file} ${args.join(' ')}: exit ${child.status}: ${child.stderr.toString().trim()}`);
  }
  return elapsedMs;
}

export interface Repeats {
  readonly runs: number;
  /** Thrown away: they fill the caches of file system and server. */
  readonly warmup: number;
}

/**
 * Takes the samples in turn, A B C A B C, so that a machine that slows down meanwhile slows all of them. What each takes is
 * in the order of `takes`.
 */
export async function alternate(
  { runs, warmup }: Repeats,
  takes: readonly (() => number | Promise<number>)[],
): Promise<number[][]> {
  const samples: number[][] = takes.map(() => []);
  for (let run = -warmup; run < runs; run += 1) {
    for (const [at, take] of takes.entries()) {
      const value = await take();
      if (run >= 0) samples[at]?.push(value);
    }
  }
  return samples;
}

/** The value below which a `share` of the samples lies, between neighbours in proportion. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
