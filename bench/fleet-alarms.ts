import { parseArgs } from 'node:util';
import { type Activity, noKnowledge, type Subject } from '../src/domain/detect/activity.js';
import { type Thresholds, thresholds } from '../src/domain/detect/calibration.js';
import { dailyBaselines } from '../src/domain/detect/daily-baselines.js';
import { addFamily, newFleetScores } from '../src/domain/detect/fleet-scores.js';
import { dayMs, hourMs } from '../src/domain/detect/profile.js';
import { raise } from '../src/domain/detect/raise.js';
import type { Raised } from '../src/domain/detect/raised.js';
import { detectors } from '../src/domain/detect/registry.js';
import { volumeRequests } from '../src/domain/detect/volume-requests.js';
import { familyWalk, type Scored } from '../src/domain/detect/walk.js';
import { type NabSeries, readNab } from './nab-series.js';
import { type Random, randomFrom } from './random.js';

/**
 * `npm run bench:fleet -- DIR`: how many alarms a fleet raises in which nobody did anything, and whether a burst is found. The hourly
 * shapes are those of the counts of the Numenta benchmark, thinned to keys of .05 to 500 requests an hour, without the hours of its
 * labelled windows; DIR as for `bench:nab`.
 */
const counts = /Twitter_volume|nyc_taxi|elb_request_count/;
/** Three weeks to know what is usual, three for the fleet's scores, four that count. */
const scoresFrom = 21;
const judgedFrom = 42;
const days = 70;
/** A Monday. */
const start = Date.parse('2026-01-05T00:00:00Z');
const judgedDays = days - judgedFrom;
/** All share the budget; only these have anything to say about counts. */
const asked = detectors.filter(({ family }) => family === 'volume');

interface Shape {
  readonly name: string;
  /** Counts by hour from a Monday on, as often repeated as is needed; NaN in a labelled window. */
  readonly hours: readonly number[];
  readonly mean: number;
}

interface FleetKey {
  readonly subject: Subject;
  readonly rate: number;
  /** Requests by hour; NaN: not judged. */
  readonly hours: Float64Array;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      keys: { type: 'string', default: '1000' },
      budget: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      burst: { type: 'string', default: '500' },
    },
  });
  const [directory] = positionals;
  if (directory === undefined)
    throw new Error('which series? npm run bench:fleet -- DIR [--keys 1000] [--budget 5] [--seed 1]');
  const shapes = (await readNab(directory)).filter(({ name }) => counts.test(name)).map(shapeOf);
  const random = randomFrom(Number(values.seed));
  const keys = Array.from({ length: Number(values.keys) }, (_, n) => keyOf(n, shapes, random));
  console.log(
    `${keys.length} keys of ${shapes.length} shapes, ${judgedDays} days judged, seed ${values.seed}`,
  );

  const fleet = newFleetScores();
  const scored: Scored[] = [];
  for (const key of keys)
    addFamily(
      fleet,
      walked(key, (each) => scored.push(each)),
      detectors,
    );
  const limits = thresholds(fleet, { alertBudgetPerDay: Number(values.budget), detectors });
  const told = onsetsOf(raise(scored, limits, detectors));
  const perDay = told / judgedDays;
  const perKeyMonth = (perDay * 30) / keys.length;
  console.log(
    `  alarms a day            ${perDay.toFixed(2)} of ${values.budget} asked; ${verdict(perDay, 1.5 * Number(values.budget))}`,
  );
  console.log(`  alarms a key and month  ${perKeyMonth.toFixed(3)}; ${verdict(perKeyMonth, 0.15)}`);
  const firstDay = start / dayMs + judgedFrom;
  const bits = [0, 1, 2, 3].map((stratum) => limits.of(volumeRequests, firstDay, stratum).bits.toFixed(1));
  console.log(`  bits asked of keys of <.5, .5-5, 5-50, 50+ requests an hour: ${bits.join(', ')}`);
  for (const [from, to] of [
    [0.05, 0.5],
    [0.5, 5],
    [5, 50],
    [50, 500],
  ] as const) {
    const group = keys.filter(({ rate }) => rate >= from && rate < to);
    const found = group.map((key) => isFound(key, Number(values.burst), { limits, random }));
    const recall = found.filter(Boolean).length / group.length;
    const goal =
      from === 5 && values.burst === '500' ? `; at least 0.85: ${recall >= 0.85 ? 'met' : 'MISSED'}` : '';
    console.log(
      `  a burst of +${values.burst} in an hour, keys of ${from} to ${to}: ${recall.toFixed(2)} found${goal}`,
    );
  }
}

/** What is told within a day of the same key is the same finding, which got worse. */
function onsetsOf(raised: readonly Raised[]): number {
  const last = new Map<string | null, number>();
  return raised.filter(({ familyId, detectedAt }) => {
    const before = last.get(familyId) ?? Number.NEGATIVE_INFINITY;
    last.set(familyId, detectedAt);
    return detectedAt - before >= dayMs;
  }).length;
}

function verdict(value: number, atMost: number): string {
  return `at most ${atMost}: ${value <= atMost ? 'met' : 'MISSED'}`;
}

/** Sums by hour from the first Monday on; what is left before it is put behind the end, so that weeks stay weeks. */
function shapeOf({ name, points, windows }: NabSeries): Shape {
  const sums = new Map<number, number>();
  for (const { at, value } of points) {
    const hour = Math.floor(at / hourMs);
    const labelled = windows.some(([from, until]) => at >= from && at <= until);
    sums.set(hour, labelled ? Number.NaN : (sums.get(hour) ?? 0) + value);
  }
  const all = [...sums.keys()];
  // The first and the last hour are not whole.
  const [first, last] = [Math.min(...all) + 1, Math.max(...all) - 1];
  const monday = first + ((168 - ((first - 96) % 168)) % 168);
  const weeks = Math.floor((last - monday) / 168);
  const hours = Array.from({ length: weeks * 168 }, (_, n) => sums.get(monday + n) ?? 0);
  const known = hours.filter((value) => !Number.isNaN(value));
  return { name, hours, mean: known.reduce((sum, value) => sum + value, 0) / known.length };
}

function keyOf(n: number, shapes: readonly Shape[], random: Random): FleetKey {
  const shape = shapes[n % shapes.length];
  if (shape === undefined) throw new Error('no count series among them');
  const rate = 0.05 * 10_000 ** random();
  const shift = 168 * Math.floor((random() * shape.hours.length) / 168);
  const keyId = `key_${String(n).padStart(12, '0')}`;
  const none = { replacedBy: null, rpm: null, rph: null, environment: null, externalId: null, diedAt: null };
  const key = { keyId, familyId: keyId, name: keyId, version: 1, decoy: false, activatedAt: 0, diedAs: null };
  const hours = Float64Array.from({ length: days * 24 }, (_, hour) =>
    thinned(shape.hours[(hour + shift) % shape.hours.length] ?? 0, rate / shape.mean, random),
  );
  return { subject: { familyId: keyId, keys: [{ ...key, ...none }] }, rate, hours };
}

/** Each event is kept with the same chance; where more events are wanted than there were, each stands for several. */
function thinned(count: number, share: number, random: Random): number {
  if (Number.isNaN(count)) return Number.NaN;
  if (share >= 1) return Math.round(count * share);
  if (count * share > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(count * share + normal * Math.sqrt(count * share * (1 - share))));
  }
  let kept = 0;
  for (let event = 0; event < count; event += 1) if (random() < share) kept += 1;
  return kept;
}

function activityOf(keyId: string, at: number, requests: number): Activity {
  return {
    ...{ at, keyId, ip: null, agent: null, endpoint: null, requests, ok: requests, unauthorized: 0 },
    ...{ forbidden: 0, notFound: 0, limited: 0, failed: 0, bytes: 0, costUsd: 0, objects: 0 },
    ...{ firstAt: at, lastAt: at + hourMs - 1, firstOkAt: at },
  };
}

/** Goes through a key's days as a replay does; hours of a labelled window hold what the hour a week before held. */
function walked({ subject, hours }: FleetKey, take: (scored: Scored) => void) {
  const span = { since: start + judgedFrom * dayMs, scoresSince: start + scoresFrom * dayMs };
  const until = start + days * dayMs;
  const walk = familyWalk({ ...span, until, subject, detectors: asked, knowledge: noKnowledge, take });
  for (const activity of activitiesOf({ subject, hours })) walk.push(activity);
  return walk.end();
}

function* activitiesOf({ subject, hours }: Pick<FleetKey, 'subject' | 'hours'>): Generator<Activity> {
  for (const [hour, requests] of hours.entries()) {
    const count = requests > 0 ? requests : Number.isNaN(requests) ? (hours[hour - 168] ?? 0) : 0;
    if (count > 0) yield activityOf(subject.familyId, start + hour * hourMs, count);
  }
}

/** Whether one hour with so many requests more is told. */
function isFound(
  key: FleetKey,
  burst: number,
  { limits, random }: { readonly limits: Thresholds; readonly random: Random },
): boolean {
  let hour = judgedFrom * 24;
  do hour = Math.floor((judgedFrom + random() * judgedDays) * 24);
  while (Number.isNaN(key.hours[hour]));
  const hours = key.hours.slice();
  hours[hour] = (hours[hour] ?? 0) + burst;
  const from = start + hour * hourMs;
  const baselines = dailyBaselines(key.subject.familyId);
  for (const activity of activitiesOf(key)) if (activity.at < from) baselines.push(activity);
  const said: Scored[] = [];
  const walk = familyWalk({
    ...{
      subject: key.subject,
      detectors: [volumeRequests],
      knowledge: noKnowledge,
      since: from,
      until: from + hourMs,
    },
    ...{ baseline: baselines.at(from), take: (each: Scored) => said.push(each) },
  });
  walk.push(activityOf(key.subject.familyId, from, hours[hour] ?? 0));
  walk.end();
  return raise(said, limits, detectors).length > 0;
}

await main();
