import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted } from './evidence.js';
import type { Candidate } from './finding.js';
import { endpointsOf, groupBy, tally } from './tally.js';

const weight = 0.97;
const nowhere = 'unknown';

const about = {
  name: 'decoy',
  family: 'lifecycle',
  summary: 'a decoy key was used: nobody has a reason to',
  rule: 'Any request with a key marked decoy, accepted or refused; by address.',
  source: 'GitGuardian honeytoken; canary tokens',
  budgeted: false,
} as const;

/** A rule without statistics. */
export const decoy: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  const decoys = new Set(window.subject.keys.filter((key) => key.decoy).map(({ keyId }) => keyId));
  if (decoys.size === 0) return [];
  const used = window.activity.filter(({ keyId }) => decoys.has(keyId));
  return [...groupBy(used, ({ ip }) => ip ?? nowhere)].map(([from, activity]) => {
    const { requests, firstAt } = tally(activity);
    const endpoints = endpointsOf(activity);
    const ip = activity[0]?.ip ?? null;
    const agents = [...groupBy(activity, ({ agent }) => agent).keys()];
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: 'critical', weight, bits: null, cause: 'decoy', ip },
      ...{ observed: requests, expected: [0, 0], detectableAt: firstAt },
      summary: `decoy used: ${counted(requests, 'request')} from ${from} to ${counted(endpoints.size, 'endpoint')}`,
      factors: agents.map((value) => ({ what: 'program', value, usual: null })),
      suggests: 'keyctl audit usage KEY --by ip',
      query: { decoys: [...decoys] },
    });
  });
}
