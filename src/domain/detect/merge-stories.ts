import type { KeptFinding } from './kept-finding.js';
import { severityRank } from './risk.js';

const dayMs = 86_400_000;

/**
 * Findings of one story that are less than a day apart as one: raised when the first was, with the numbers of the
 * strongest. What the kernel does with what it keeps (`record_findings`), for findings that are not kept.
 */
export function mergeStories(findings: readonly KeptFinding[]): readonly KeptFinding[] {
  const stories = new Map<string, KeptFinding[]>();
  for (const finding of findings.toSorted((a, b) => a.detectedAt - b.detectedAt)) {
    const told = stories.get(finding.story) ?? [];
    const last = told.at(-1);
    if (last !== undefined && finding.windowStart - last.lastSeenAt <= dayMs)
      told[told.length - 1] = merged(last, finding);
    else told.push(finding);
    stories.set(finding.story, told);
  }
  return [...stories.values()].flat();
}

function merged(first: KeptFinding, later: KeptFinding): KeptFinding {
  const stronger = isStronger(later, first) ? later : first;
  return {
    ...stronger,
    findingId: first.findingId,
    detectedAt: first.detectedAt,
    onsetAt: Math.min(first.onsetAt, later.onsetAt),
    lastSeenAt: Math.max(first.lastSeenAt, later.lastSeenAt),
  };
}

function isStronger(one: KeptFinding, other: KeptFinding): boolean {
  const ranks = severityRank(one.severity) - severityRank(other.severity);
  if (ranks !== 0) return ranks < 0;
  return one.scoreBits === null || other.scoreBits === null
    ? one.observed > other.observed
    : one.scoreBits > other.scoreBits;
}
