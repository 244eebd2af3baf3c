import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Program } from './measure.js';

export interface Watched {
  readonly elapsedMs: number;
  /** The most that the process ever held, by its last look; negative infinity where the system does not tell. */
  readonly peakMb: number;
  readonly stderr: string;
}

/** Runs a program whose output nobody keeps, and looks at its memory meanwhile. Throws when it failed. */
export async function watchProgram({ file, args, env }: Program): Promise<Watched> {
  const startedAt = performance.now();
  const child = spawn(file, [...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  let peakMb = Number.NEGATIVE_INFINITY;
  const looking = setInterval(() => {
    peakMb = Math.max(peakMb, peakOf(child.pid));
  }, 25);
  try {
    const [code] = await once(child, 'close');
    const elapsedMs = performance.now() - startedAt;
    if (code !== 0) throw new Error(`${file} ${args.join(' ')}: exit ${code}: ${stderr.trim()}`);
    return { elapsedMs, peakMb, stderr };
  } finally {
    clearInterval(looking);
  }
}

/** The same, and how many lines it wrote. */
export async function countLines({ file, args, env }: Program): Promise<number> {
  const child = spawn(file, [...args], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let lines = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines += 1;
  });
  await once(child, 'close');
  return lines;
}

/** The high-water mark never falls, so the last look before the end tells nearly all. */
function peakOf(pid: number | undefined): number {
  try {
    const [, kilobytes = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === '' ? Number.NEGATIVE_INFINITY : Number(kilobytes) / 1000;
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}
