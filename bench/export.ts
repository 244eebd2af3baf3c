import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Benchmark, Stage } from './benchmark.js';
import { type EventPlan, keyIds } from './generate.js';
import { insertKeys } from './keys.js';
import { loadEvents } from './load.js';
import { alternate, type Program } from './measure.js';
import { missingLine, seriesLine, verdictLine } from './report.js';

/** What keyctl exports of an event, made into JSON by the server. */
const jsonCopy = `copy (select row_to_json(e) from (
  select ts, key_id, id, key_version, method, endpoint, object, feature, status, ip_text as ip, user_agent, bytes,
    latency_ms, tokens, cost_usd, model, request_id from keyctl.usage_events) e) to stdout`;

/** Taking the whole usage log out as NDJSON, against the server's own JSON (F29). */
export const exportUsage: Benchmark = {
  name: 'export',
  title:
    '`audit export --usage --format ndjson`, whole process, against psql COPY of row_to_json of the same rows',
  async run(stage) {
    const { ground, sizes, psql, progress } = stage;
    const events = Math.min(sizes.events, 2_000_000);
    const plan: EventPlan = {
      events,
      keys: sizes.keys,
      weeks: 6,
      seed: 3,
      until: new Date('2025-06-30T00:00:00Z'),
    };
    const database = await ground.database('bench_export');
    await insertKeys(database.sql, keyIds(plan.keys));
    progress(`loading ${events.toLocaleString('en')} events of ${plan.keys} keys`);
    await loadEvents(database.sql, plan);

    const { env } = database;
    const args = ['audit', 'export', '--usage', '--format', 'ndjson'];
    const peaksMb: number[] = [];
    const takes = [
      async () => {
        const { elapsedMs, peakMb, stderr } = await timeStream({ file: ground.keyctl, args, env });
        if (!stderr.includes(`${events.toLocaleString('en')} events`))
          throw new Error(`exported: ${stderr.trim()}`);
        peaksMb.push(peakMb);
        return (events / elapsedMs) * 1000;
      },
    ];
    if ('file' in psql) {
      const { file } = psql;
      takes.push(async () => {
        const { elapsedMs } = await timeStream({ file, args: ['-X', '-q', '-c', jsonCopy], env });
        return (events / elapsedMs) * 1000;
      });
    }
    const [keyctl = [], copy] = await alternate(sizes.bulks, takes);
    report(stage, { keyctl, copy, peakMb: Math.max(...peaksMb) });
    await database.drop();
  },
};

interface Figures {
  readonly keyctl: readonly number[];
  readonly copy: readonly number[] | undefined;
  readonly peakMb: number;
}

function report({ psql, print }: Stage, { keyctl, copy, peakMb }: Figures): void {
  const subject = { name: 'keyctl audit export --usage', unit: 'rows/s', samples: keyctl } as const;
  if (copy === undefined) {
    print(seriesLine(subject));
    if ('missing' in psql) print(missingLine('COPY of row_to_json, and the ratio to it', psql.missing));
  } else {
    const against = { name: 'psql COPY of row_to_json', unit: 'rows/s', samples: copy } as const;
    print(seriesLine(against));
    print(seriesLine(subject));
    print(verdictLine({ subject, against, target: { atLeast: 1.3 } }));
  }
  if (Number.isFinite(peakMb))
    print(`  peak memory ${Math.round(peakMb)} MB; at most 120 MB: ${peakMb <= 120 ? 'met' : 'MISSED'}`);
}

interface Streamed {
  readonly elapsedMs: number;
  /** The most that the process ever held, by its last look; negative infinity where the system does not tell. */
  readonly peakMb: number;
  readonly stderr: string;
}

/** Runs a program whose output nobody keeps, and looks at its memory meanwhile. Throws when it failed. */
async function timeStream({ file, args, env }: Program): Promise<Streamed> {
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

/** The high-water mark never falls, so the last look before the end tells nearly all. */
function peakOf(pid: number | undefined): number {
  try {
    const [, kilobytes = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === '' ? Number.NEGATIVE_INFINITY : Number(kilobytes) / 1000;
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}
