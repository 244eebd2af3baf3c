import type { Activity, Knowledge, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { named } from './evidence.js';
import type { Candidate } from './finding.js';
import { hasStrangers, isLearned, isPublicClient, isRarelyNew, noveltyBits, placesOf } from './novelty.js';
import { groupBy, ipsOf, tally } from './tally.js';

const asnWeight = 0.35;
const countryWeight = 0.6;

const about = {
  name: 'origin_place',
  family: 'origin',
  summary: 'accepted use from a provider or country that the key was never used from (needs a prefix table)',
  rule: 'An ASN (medium) or country (high) none of the known addresses belongs to, for a family whose networks rarely change.',
  source: 'Elastic "unusual country", "rare AS organization"; GuardDuty AnomalousBehavior',
  budgeted: true,
} as const;

/** New ASN or country of an accepted request, by the knowledge file; bits as in `origin_network`, and one more for a country. */
export const originPlace: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || isPublicClient(baseline) || !isRarelyNew(baseline, 'networks')) return [];
  if (!hasStrangers(window, baseline)) return [];
  const known = placesOf(baseline, window.knowledge);
  if (known.asns.size === 0 && known.countries.size === 0) return [];
  return [...groupBy(window.activity, (each) => newPlace(each, known, window.knowledge))].flatMap(
    ([place, activity]) => {
      const { ok, requests } = tally(activity);
      if (ok === 0) return [];
      const country = !place.startsWith('AS');
      return candidateOf(about, window, baseline, activity, {
        ...{ severity: country ? 'high' : 'medium', weight: country ? countryWeight : asnWeight },
        ...{ bits: noveltyBits(baseline, 'networks') + (country ? 1 : 0), cause: place },
        ...{ observed: requests, expected: [0, 0] },
        summary: `accepted from ${place}, where it was never used from`,
        factors: [
          {
            what: country ? 'country' : 'provider',
            value: place,
            usual: country ? named([...known.countries]) : named([...known.asns].map((asn) => `AS${asn}`)),
          },
        ],
        suggests: 'keyctl audit usage KEY --by ip',
        query: { ips: [...ipsOf(activity)] },
      });
    },
  );
}

/** The country when it is new, else the ASN when that is; null: known, or nothing is known of the address. */
function newPlace(
  { ip, ok }: Activity,
  known: ReturnType<typeof placesOf>,
  knowledge: Knowledge,
): string | null {
  const place = ip === null || ok === 0 ? null : knowledge.place(ip);
  if (place === null) return null;
  if (place.country !== null && known.countries.size > 0 && !known.countries.has(place.country))
    return place.country;
  if (place.asn !== null && known.asns.size > 0 && !known.asns.has(place.asn)) return `AS${place.asn}`;
  return null;
}
