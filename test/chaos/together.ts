import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arena, PlantedKey } from './arena.js';
import { observed, planRun, startRun } from './rotation-run.js';
import { startKeyctl } from './run-keyctl.js';

/** Many processes that rotate one key at the same time, by its id. Answers their exit codes, and what broke. */
export async function rotateTogether(
  arena: Arena,
  processes: number,
): Promise<{ codes: readonly (number | null)[]; planted: PlantedKey; problems: readonly string[] }> {
  const planted = await arena.plantKey();
  const runs = await Promise.all(
    Array.from({ length: processes }, (_, at) =>
      planRun(arena, { name: `one of ${processes}, number ${at}`, planted, kinds: ['file'] }),
    ),
  );
  const ended = await Promise.all(runs.map((run) => startRun(arena, run).ended));
  const problems = await arena.oracle.look(
    runs.map((run, at) => observed(run, ended[at] ?? { exitCode: 1, stderr: '' })),
  );
  return { codes: ended.map(({ exitCode }) => exitCode), planted, problems };
}

export interface DueTogether {
  readonly codes: readonly (number | null)[];
  /** Lines of all runs by outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Ids of keys that a line calls rotated; one twice stands here twice. */
  readonly rotated: readonly string[];
  readonly problems: readonly string[];
}

/** Overlapping cron entries over the same due keys, into one directory. */
export async function rotateDueTogether(
  arena: Arena,
  runs: number,
  keys: readonly PlantedKey[],
): Promise<DueTogether> {
  const [first] = keys;
  if (first === undefined) throw new Error('nothing is due');
  await makeDue(arena, keys);
  const outputs = Array.from({ length: runs }, (_, at) => join(first.directory, `due-${at}.ndjson`));
  const what = ['rotate', 'due', '--deliver-dir', first.directory, '--reason', 'chaos: the monthly cron'];
  const argv = [...what, '--yes', '-o', 'ndjson', '--timeout', '30s'];
  const ended = await Promise.all(outputs.map((stdout) => startKeyctl(arena, argv, { stdout }).ended));
  const lines = (await Promise.all(outputs.map((file) => readFile(file, 'utf8')))).flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  );
  const outcomes = new Map<string, number>();
  for (const { outcome } of lines) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const rotated = lines.filter(({ outcome }) => outcome === 'rotated').map((line) => String(line.old_key_id));
  const stories = ended
    .filter(({ exitCode }) => exitCode !== 0)
    .map(({ exitCode, stderr }) => `exit ${exitCode}: ${stderr}`);
  return {
    codes: ended.map(({ exitCode }) => exitCode),
    outcomes,
    rotated,
    problems: [...(await arena.oracle.look()), ...stories],
  };
}

async function makeDue({ sql }: Arena, keys: readonly PlantedKey[]): Promise<void> {
  const ids = JSON.stringify(keys.map((key) => key.id));
  await sql`update keyctl.api_keys set activated_at = activated_at - interval '91 days'
    where id in (select jsonb_array_elements_text(${ids}::text::jsonb))`;
}
