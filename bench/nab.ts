import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allViews, type DetectorSettings, scoresOf, usualSettings } from './nab-detector.js';
import { nabScore, type ProfileScore, profiles, type Scored } from './nab-score.js';
import { type NabSeries, readNab } from './nab-series.js';

/** `npm run bench:nab -- DIR`: the Numenta Anomaly Benchmark on a folder of its series. */
const usage = 'npm run bench:nab -- DIR [--out DIR] [--folds N]';
const standard = profiles[0] as (typeof profiles)[number];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, folds: { type: 'string' } },
  });
  const [directory] = positionals;
  if (directory === undefined) throw new Error(`which series? ${usage}`);
  const all = await readNab(directory);
  const views = allViews(all);
  const scored = (settings: DetectorSettings): readonly Scored[] =>
    views.map((view, n) => ({ scores: scoresOf(view, settings), windows: placesOf(all[n] as NabSeries) }));

  const usual = scored(usualSettings);
  const windows = all.reduce((sum, series) => sum + series.windows.length, 0);
  console.log(`${all.length} series, ${windows} windows; 0 says nothing, 100 is perfect`);
  const results = profiles.map((profile) => nabScore(usual, profile));
  for (const result of results) console.log(scoreLine(result));
  const out = values.out ?? join(tmpdir(), 'keyctl-nab');
  await writeRows(out, all, usual);
  console.log(`  a row for each point: ${out}`);
  if (values.folds !== undefined) crossValidate(scored, Number(values.folds));
}

function scoreLine({ profile, score, threshold }: ProfileScore): string {
  const goal = profile.name === 'standard' ? `; at least 62 (aim 69): ${score >= 62 ? 'met' : 'MISSED'}` : '';
  return `  ${profile.name.padEnd(20)} ${score.toFixed(1)} at threshold ${threshold.toFixed(3)}${goal}`;
}

/** The labelled windows, by the places of their first and last point. */
function placesOf({ points, windows }: NabSeries): Scored['windows'] {
  return windows.map(([from, until]) => {
    const first = points.findIndex(({ at }) => at >= from);
    return [first, points.findLastIndex(({ at }) => at <= until)] as const;
  });
}

async function writeRows(out: string, all: readonly NabSeries[], scored: readonly Scored[]): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const [n, { name, points }] of all.entries()) {
    const { scores = [], windows = [] } = scored[n] ?? {};
    const rows = points.map(({ at, value }, place) => {
      const label = windows.some(([first, last]) => place >= first && place <= last) ? 1 : 0;
      const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ');
      return `${time},${value},${(scores[place] ?? 0).toFixed(6)},${label}`;
    });
    const file = join(out, `${name.replace('/', '__')}`);
    await writeFile(file, `timestamp,value,anomaly_score,label\n${rows.join('\n')}\n`);
  }
}

/** Settings around those that are used. */
function* neighbours(): Generator<DetectorSettings> {
  for (const forgiven of [3, 4, 5])
    for (const agreement of [0.25, 0.5, 1])
      for (const silentHours of [24, 36])
        for (const worseBy of [1.5, 2]) yield { ...usualSettings, forgiven, agreement, silentHours, worseBy };
}

/**
 * What to expect of series that were not there: each part of them is scored with the settings and the threshold that were best on the
 * others; and once with the usual settings, of which only the threshold comes from the others.
 */
function crossValidate(scored: (settings: DetectorSettings) => readonly Scored[], folds: number): void {
  const candidates = [...neighbours()].map(scored);
  const usual = scored(usualSettings);
  const [chosen, fixed] = [
    [0, 0],
    [0, 0],
  ] as [[number, number], [number, number]];
  const add = (sum: [number, number], test: readonly Scored[], threshold: number) => {
    const windows = test.reduce((all, each) => all + each.windows.length, 0);
    sum[0] += windows * nabScore(test, standard, threshold).score;
    sum[1] += windows;
  };
  for (let fold = 0; fold < folds; fold += 1) {
    const train = (all: readonly Scored[]) => all.filter((_, n) => n % folds !== fold);
    const test = (all: readonly Scored[]) => all.filter((_, n) => n % folds === fold);
    const best = candidates
      .map((all) => ({ all, found: nabScore(train(all), standard) }))
      .reduce((a, b) => (b.found.score > a.found.score ? b : a));
    add(chosen, test(best.all), best.found.threshold);
    add(fixed, test(usual), nabScore(train(usual), standard).threshold);
  }
  console.log(
    `  ${folds} folds, settings and threshold from the others: ${(chosen[0] / chosen[1]).toFixed(1)}`,
  );
  console.log(`  ${folds} folds, threshold from the others: ${(fixed[0] / fixed[1]).toFixed(1)}`);
}

await main();
