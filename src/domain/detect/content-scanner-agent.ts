import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { isScanner } from './scanner-names.js';
import { groupBy, ipsOf, tally } from './tally.js';

const weight = 0.6;

const about = {
  name: 'scanner_agent',
  family: 'content',
  summary: 'a scanner or cracking tool names itself as the user agent',
  rule: 'The User-Agent names a known tool (sqlmap, nikto, w3af, nuclei ...).',
  source: 'GuardDuty PenTest:IAMUser; OWASP CRS 913100',
  budgeted: false,
} as const;

/** A rule: tools that do not hide. */
export const scannerAgent: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  const byAgent = groupBy(window.activity, ({ agent }) =>
    agent !== null && isScanner(agent) ? agent : null,
  );
  return [...byAgent].map(([agent, activity]) => {
    const { requests, firstAt } = tally(activity);
    const ips = ipsOf(activity);
    const [ip] = ips;
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: 'medium', weight, bits: null, cause: agent },
      ...{ ip: ips.size === 1 && ip !== undefined ? ip : null },
      ...{ observed: requests, expected: [0, 0], detectableAt: firstAt },
      summary: `used by ${agent}, a tool that looks for weaknesses`,
      factors: [{ what: 'program', value: agent, usual: null }],
      suggests: 'keyctl keys block-ip IP',
      query: { agent },
    });
  });
}
