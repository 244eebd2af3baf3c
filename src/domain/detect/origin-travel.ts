import type { Activity, Place, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { hasStrangers, isKnown, isLearned, isPublicClient } from './novelty.js';
import { groupBy, tally } from './tally.js';

/** Airliners cruise at 800 to 900 km/h; nearer than this is what tables of places get wrong. */
const fastestKmh = 900;
const leastKm = 300;
/** Activity is known by five minutes; a shorter time says as much. */
const leastMs = 5 * 60_000;
const earthRadiusKm = 6371;
const weight = 0.7;

const about = {
  name: 'travel',
  family: 'origin',
  summary: 'two places sooner after each other than anybody travels (needs a prefix table with coordinates)',
  rule: 'Accepted from a new address more than 300 km from the last known one, faster than 900 km/h; not for keys with several homes.',
  source: 'Panther impossible travel; Datadog impossible_travel; haversine formula (Sinnott 1984)',
  budgeted: false,
} as const;

/** A rule: great-circle distance over the time between the last accepted request there and the first one here. */
export const travel: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || !hasStrangers(window, baseline)) return [];
  if (isPublicClient(baseline) || homesApart(window, baseline)) return [];
  const all = [...window.before, ...window.activity];
  const known = all.filter((each) => each.ip !== null && isKnown(baseline.ips, each.ip));
  return [...groupBy(window.activity, (each) => each.ip)].flatMap(([ip, activity]) => {
    const there = window.knowledge.place(ip);
    const arrival = tally(all.filter((each) => each.ip === ip)).firstOkAt;
    if (tally(activity).ok === 0 || isKnown(baseline.ips, ip) || there === null || arrival === null)
      return [];
    const trip = lastTrip(known, arrival, there, window);
    if (trip === null || trip.kmh <= fastestKmh || trip.km <= leastKm) return [];
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: 'high', weight, bits: null, cause: 'travel', ip, onsetAt: arrival },
      ...{ observed: trip.kmh, expected: [0, fastestKmh], windowStart: window.from - 3_600_000 },
      detectableAt: arrival,
      summary: `${Math.round(trip.km)} km from ${trip.ip} to ${ip} in ${Math.round(trip.ms / 60_000)} min`,
      factors: [{ what: 'journey', value: `${trip.kmh} km/h`, usual: `at most ${fastestKmh} km/h` }],
      suggests: 'keyctl suspend KEY',
      query: { fromIp: trip.ip, toIp: ip, km: Math.round(trip.km) },
    });
  });
}

interface Trip {
  readonly ip: string;
  readonly km: number;
  readonly ms: number;
  readonly kmh: number;
}

/** From the known address that was used last before the arrival. */
function lastTrip(known: readonly Activity[], arrival: number, there: Place, window: Window): Trip | null {
  let trip: Trip | null = null;
  for (const each of known) {
    if (each.firstAt > arrival || each.ip === null) continue;
    const here = window.knowledge.place(each.ip);
    const km = here === null ? null : kmBetween(here, there);
    if (km === null) continue;
    const ms = Math.max(leastMs, arrival - each.lastAt);
    if (trip === null || ms < trip.ms)
      trip = { ip: each.ip, km, ms, kmh: Math.floor(Math.round(km) / (ms / 3_600_000)) };
  }
  return trip;
}

/** The known addresses are themselves further apart than a journey is long. */
function homesApart({ knowledge }: Window, baseline: Baseline): boolean {
  const places = Object.keys(baseline.ips).flatMap((ip) => knowledge.place(ip) ?? []);
  const [first] = places;
  return first !== undefined && places.some((place) => (kmBetween(first, place) ?? 0) > leastKm);
}

function kmBetween(a: Place, b: Place): number | null {
  if (a.lat === null || a.lon === null || b.lat === null || b.lon === null) return null;
  const radians = Math.PI / 180;
  const half =
    Math.sin(((b.lat - a.lat) * radians) / 2) ** 2 +
    Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * Math.sin(((b.lon - a.lon) * radians) / 2) ** 2;
  return 2 * earthRadiusKm * Math.asin(Math.sqrt(Math.min(1, half)));
}
