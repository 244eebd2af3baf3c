import type { DetectorFamily, Severity } from './finding.js';
import { countsAsRisk, type KeptFinding } from './kept-finding.js';
import { type Risk, riskOf, severityRank } from './risk.js';

/** A finding with the points that it adds to the risk of its key; 0 for an address that used no key. */
export interface PointedFinding extends KeptFinding {
  readonly points: number;
}

export interface KeyRisk {
  readonly keyId: string;
  readonly familyId: string;
  readonly name: string | null;
  readonly externalId: string | null;
  readonly version: number | null;
  readonly status: string | null;
  readonly owner: string | null;
  readonly risk: number;
  readonly severity: Severity;
  readonly families: Readonly<Partial<Record<DetectorFamily, number>>>;
  readonly strengths: Readonly<Partial<Record<DetectorFamily, number>>>;
  readonly halvings: number;
  /** Strongest first. */
  readonly findings: readonly PointedFinding[];
}

export interface AnomalyList {
  /** Highest risk first. */
  readonly keys: readonly KeyRisk[];
  /** About addresses that used no key of ours, most severe first. */
  readonly addresses: readonly PointedFinding[];
  /** All of them: those of keys in the order of the keys, then the addresses'. */
  readonly findings: readonly PointedFinding[];
}

/**
 * Findings by key, with their points; dismissed ones are left out.
 * @param now milliseconds since 1970; `peak`: each key at the moment of its highest risk, as history saw it
 * @param least leaves out what is less severe, as long as the risk of its key is so too
 */
export function anomalyList(
  findings: readonly KeptFinding[],
  now: number | 'peak',
  least: Severity = 'info',
): AnomalyList {
  const shown = findings.filter(countsAsRisk);
  const grave = (severity: Severity) => severityRank(severity) <= severityRank(least);
  const keys = [...bySubject(shown)]
    .flatMap(([keyId, own]) => (keyId === null ? [] : [keyRisk(keyId, own, now)]))
    .map((key) =>
      grave(key.severity) ? key : { ...key, findings: key.findings.filter((each) => grave(each.severity)) },
    )
    .filter((key) => key.findings.length > 0)
    .toSorted((a, b) => b.risk - a.risk || newest(b.findings) - newest(a.findings));
  const addresses = shown
    .filter((each) => subjectOf(each) === null && grave(each.severity))
    .map((each) => ({ ...each, points: 0 }))
    .toSorted((a, b) => severityRank(a.severity) - severityRank(b.severity) || b.lastSeenAt - a.lastSeenAt);
  return { keys, addresses, findings: [...keys.flatMap((key) => key.findings), ...addresses] };
}

function bySubject(findings: readonly KeptFinding[]): ReadonlyMap<string | null, readonly KeptFinding[]> {
  const groups = new Map<string | null, KeptFinding[]>();
  for (const finding of findings) {
    const group = groups.get(subjectOf(finding)) ?? [];
    group.push(finding);
    groups.set(subjectOf(finding), group);
  }
  return groups;
}

function subjectOf({ keyId, familyId }: KeptFinding): string | null {
  return keyId ?? familyId;
}

/** Findings older than that are no part of what a key's risk is made of. */
export const riskDays = 7;

function riskAt<T extends KeptFinding>(own: readonly T[], now: number): Risk<T> {
  const old = (each: T) => each.lastSeenAt < now - riskDays * 86_400_000;
  const risk = riskOf(
    own.filter((each) => !old(each)),
    now,
  );
  return { ...risk, steps: [...risk.steps, ...own.filter(old).map((finding) => ({ finding, points: 0 }))] };
}

/** As it was when the risk was highest; what was not there yet has no points. */
function peakRisk(own: readonly KeptFinding[]): Risk<KeptFinding> {
  let peak = riskAt<KeptFinding>([], 0);
  for (const { detectedAt } of own) {
    const known = own.filter((each) => each.detectedAt <= detectedAt);
    const risk = riskAt(known, detectedAt);
    if (risk.risk > peak.risk || peak.steps.length === 0) peak = risk;
  }
  const counted = new Set(peak.steps.map(({ finding }) => finding));
  const later = own.filter((each) => !counted.has(each)).map((finding) => ({ finding, points: 0 }));
  return { ...peak, steps: [...peak.steps, ...later] };
}

function keyRisk(keyId: string, own: readonly KeptFinding[], now: number | 'peak'): KeyRisk {
  const { steps, risk, severity, families, strengths, halvings } =
    now === 'peak' ? peakRisk(own) : riskAt(own, now);
  const [first] = own;
  return {
    ...{ keyId, familyId: first?.familyId ?? keyId, name: first?.keyName ?? null },
    ...{ externalId: first?.externalId ?? null, version: first?.keyVersion ?? null },
    ...{ status: first?.keyStatus ?? null, owner: first?.owner ?? null },
    ...{ risk, severity, families, strengths, halvings },
    findings: steps.map(({ finding, points }) => ({ ...finding, points })),
  };
}

function newest(findings: readonly KeptFinding[]): number {
  return Math.max(...findings.map(({ lastSeenAt }) => lastSeenAt));
}
