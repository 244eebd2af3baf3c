import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { groupBy, tally } from './tally.js';

const weight = 0.7;
const refusedWeight = 0.1;

const about = {
  name: 'listed_ip',
  family: 'origin',
  summary: 'used from an address of a list that you gave (needs an IP list)',
  rule: 'Any request from an address in the list: high when accepted, low when all were refused.',
  source: 'GuardDuty MaliciousIPCaller.Custom, TorIPCaller',
  budgeted: false,
} as const;

/** A rule: the address stands in the operator's own list. */
export const listedIp: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  return [...groupBy(window.activity, (each) => each.ip)].flatMap(([ip, activity]) => {
    const list = window.knowledge.listed(ip);
    if (list === null) return [];
    const { ok, requests, firstAt } = tally(activity);
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: ok > 0 ? 'high' : 'low', weight: ok > 0 ? weight : refusedWeight },
      ...{ bits: null, cause: list, ip, observed: requests, expected: [0, 0], detectableAt: firstAt },
      summary: `${ok > 0 ? 'accepted' : 'refused'} from ${ip}, which stands in ${list}`,
      factors: [{ what: 'list', value: list, usual: null }],
      suggests: 'keyctl keys block-ip IP',
    });
  });
}
