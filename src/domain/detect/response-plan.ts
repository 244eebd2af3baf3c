import type { Severity } from './finding.js';
import type { KeptFinding } from './kept-finding.js';
import { severityRank } from './risk.js';

/** What of a rule decides whether it applies. */
interface Rule {
  readonly name: string;
  readonly detector: string | null;
  readonly leastSeverity: Severity;
}

/** Older findings are not acted on: a rule that is set today must not act on last week. As the kernel has it. */
const recentMs = 24 * 3_600_000;

/**
 * Which rule is to respond to which finding, the most severe first; `respond_to_finding` decides again.
 * @param now milliseconds since 1970
 */
export function responsePlan<R extends Rule>(
  findings: readonly KeptFinding[],
  rules: readonly R[],
  now: number,
): readonly { readonly finding: KeptFinding; readonly rule: R }[] {
  return findings
    .filter(({ status, lastSeenAt }) => status === 'open' && lastSeenAt >= now - recentMs)
    .toSorted((a, b) => severityRank(a.severity) - severityRank(b.severity) || a.detectedAt - b.detectedAt)
    .flatMap((finding) => rules.filter((rule) => applies(rule, finding)).map((rule) => ({ finding, rule })));
}

function applies({ detector, leastSeverity }: Rule, finding: KeptFinding): boolean {
  return (
    (detector === null || detector === finding.detector) &&
    severityRank(finding.severity) <= severityRank(leastSeverity)
  );
}
