import { probation } from './nab-score.js';
import type { NabSeries } from './nab-series.js';
import { type Views, viewsOf } from './nab-views.js';

/** One set for all series; `npm run bench:nab -- DIR --folds 5` tries others. */
export interface DetectorSettings {
  /** What a view has to exceed is its highest size of six hours but so many: one earlier anomaly must not hide the next. */
  readonly forgiven: number;
  /** No more of them than this share of the stretches that were seen. */
  readonly forgivenShare: number;
  /** How much other views that exceed theirs too add to the strongest. */
  readonly agreement: number;
  readonly beyondWeight: number;
  /** After an onset so many hours of silence. */
  readonly silentHours: number;
  /** Unless it gets so many times worse. */
  readonly worseBy: number;
}

export const usualSettings: DetectorSettings = {
  ...{ forgiven: 4, forgivenShare: 0.2, agreement: 0.5, beyondWeight: 4, silentHours: 36, worseBy: 2 },
};

const stretchHours = 6;
const mostRemembered = 40;

/**
 * 0 to 1 for each point: by how many octaves a series exceeds what it ever did itself (`viewsOf`), the range rule (beyond everything
 * before), and the onset rule (then silence). A score needs no scale of its own, so that one threshold suits all series.
 */
export function scoresOf(views: Views, settings: DetectorSettings): Float64Array {
  const { sizes, beyond, pointsPerDay } = views;
  const count = beyond.length;
  const stretch = Math.max(4, Math.round((stretchHours / 24) * pointsPerDay));
  const records = sizes.map(() => highest(mostRemembered));
  const from = Math.floor(probation(count));
  const scores = new Float64Array(count);
  let stretches = 0;
  for (let place = 0; place < count; place += 1) {
    const forgiven = Math.min(settings.forgiven, Math.floor(stretches * settings.forgivenShare));
    if (place >= from) {
      const octaves = sizes.map((view, index) => {
        const limit = records[index]?.at(forgiven) ?? 0;
        return limit > 0 ? Math.max(0, Math.log2((view[place] ?? 0) / limit)) : 0;
      });
      const strongest = Math.max(...octaves);
      const all = octaves.reduce((sum, each) => sum + each, 0);
      scores[place] =
        strongest + settings.agreement * (all - strongest) + settings.beyondWeight * (beyond[place] ?? 0);
    }
    for (const [index, view] of sizes.entries()) records[index]?.see(view[place] ?? 0);
    if (place % stretch !== stretch - 1) continue;
    stretches += 1;
    for (const record of records) record.close();
  }
  return onsetsOf(scores, (settings.silentHours / 24) * pointsPerDay, settings.worseBy);
}

/** Views of all series, which no setting changes. */
export function allViews(all: readonly NabSeries[]): readonly Views[] {
  return all.map(({ points }) => viewsOf(points));
}

/** The highest sizes of closed stretches, falling. */
function highest(most: number) {
  const kept: number[] = [];
  let current = 0;
  return {
    at: (rank: number): number => kept[Math.min(rank, kept.length - 1)] ?? 0,
    see(size: number): void {
      current = Math.max(current, size);
    },
    close(): void {
      const place = kept.findIndex((each) => each <= current);
      kept.splice(place === -1 ? kept.length : place, 0, current);
      if (kept.length > most) kept.pop();
      current = 0;
    },
  };
}

/** As in src/domain/detect/onset.ts: the beginning is told, then nothing unless it gets much worse. */
function onsetsOf(scores: Float64Array, silence: number, worseBy: number): Float64Array {
  const told = new Float64Array(scores.length);
  let last = { place: Number.NEGATIVE_INFINITY, score: 0 };
  scores.forEach((score, place) => {
    if (score <= 0) return;
    const quiet = place - last.place < silence;
    if (quiet && score <= last.score * worseBy) return;
    last = { place: quiet ? last.place : place, score };
    told[place] = score / (1 + score);
  });
  return told;
}
