import { type DetectorFamily, detectorFamilies, type Severity, severities } from './finding.js';

/** What of a finding makes up a key's risk. */
export interface Weighed {
  readonly family: DetectorFamily;
  /** What its detector adds at most, 0 to 1. */
  readonly weight: number;
  /** Calibrated against the fleet where that was possible; null: a rule, which counts in full. */
  readonly bits: number | null;
  /** The end of the newest window in which it showed, milliseconds since 1970. */
  readonly lastSeenAt: number;
}

export interface Risk<T> {
  /** 0 to 100. */
  readonly risk: number;
  readonly severity: Severity;
  /** The findings, strongest first, with the points that each adds; they sum to `risk`. */
  readonly steps: readonly { readonly finding: T; readonly points: number }[];
  /** Points by family, those that have any; they sum to `risk`. */
  readonly families: Readonly<Partial<Record<DetectorFamily, number>>>;
  /** By family, 0 to 0.97: `risk` = 100 times (1 - the product of 1 - each), halved so often. */
  readonly strengths: Readonly<Partial<Record<DetectorFamily, number>>>;
  /** Once for each whole day without a new finding. */
  readonly halvings: number;
}

const bands: readonly (readonly [least: number, severity: Severity])[] = [
  [90, 'critical'],
  [70, 'high'],
  [40, 'medium'],
  [15, 'low'],
];
/** Calibrated bits at which a detector has said all it can. */
const fullBits = 6;
const secondShare = 0.25;
/** No family alone makes anything certain. */
const strongestFamily = 0.97;
const dayMs = 86_400_000;

/** The word for a risk: critical from 90, high from 70, medium from 40, low from 15. */
export function severityOf(risk: number): Severity {
  return bands.find(([least]) => risk >= least)?.[1] ?? 'info';
}

/** 0 for the most severe. */
export function severityRank(severity: Severity): number {
  return severities.indexOf(severity);
}

/**
 * The risk of a key by noisy-OR over families of detectors (Pearl 1988, 4.3): what speaks for abuse in one family is taken
 * as independent of the others, and within a family the strongest finding counts, and a quarter of the second. A
 * finding's strength is its weight, less when its bits are below 6. Halved for each whole day since the newest one. The
 * points of a finding are what the risk grows by when it is added after all stronger ones, as whole numbers that add up
 * (largest remainder).
 * @param now milliseconds since 1970
 */
export function riskOf<T extends Weighed>(findings: readonly T[], now: number): Risk<T> {
  const sorted = findings
    .map((finding, at) => ({ finding, at, strength: strengthOf(finding) }))
    .toSorted((a, b) => b.strength - a.strength || a.at - b.at);
  const newest = Math.max(...findings.map(({ lastSeenAt }) => lastSeenAt), Number.NEGATIVE_INFINITY);
  const halvings = findings.length === 0 ? 0 : Math.max(0, Math.floor((now - newest) / dayMs));
  const scale = 100 * 0.5 ** halvings;

  const byFamily = new Map<DetectorFamily, number[]>();
  let before = 0;
  const gains = sorted.map(({ finding, strength }) => {
    byFamily.set(finding.family, [...(byFamily.get(finding.family) ?? []), strength]);
    const after = scale * noisyOr([...byFamily.values()].map(familyStrength));
    const gain = Math.max(0, after - before);
    before = after;
    return gain;
  });
  const risk = Math.round(before);
  const points = wholeParts(gains, risk);
  return {
    risk,
    severity: severityOf(risk),
    halvings,
    steps: sorted.map(({ finding }, at) => ({ finding, points: points[at] ?? 0 })),
    families: perFamily((family) =>
      byFamily.has(family)
        ? sorted.reduce(
            (sum, { finding }, at) => sum + (finding.family === family ? (points[at] ?? 0) : 0),
            0,
          )
        : null,
    ),
    strengths: perFamily((family) => {
      const own = byFamily.get(family);
      return own === undefined ? null : familyStrength(own);
    }),
  };
}

function strengthOf({ weight, bits }: Weighed): number {
  return weight * (bits === null ? 1 : Math.min(1, Math.max(0, bits) / fullBits));
}

/** @param strengths strongest first */
function familyStrength([first = 0, second = 0]: readonly number[]): number {
  return Math.min(strongestFamily, first + secondShare * second);
}

function noisyOr(strengths: readonly number[]): number {
  return 1 - strengths.reduce((rest, strength) => rest * (1 - strength), 1);
}

/** Whole numbers as near to the parts as they get that sum to `total`: the largest remainders are rounded up. */
function wholeParts(parts: readonly number[], total: number): number[] {
  const whole = parts.map(Math.floor);
  const missing = total - whole.reduce((sum, part) => sum + part, 0);
  const order = parts
    .map((part, at) => ({ at, remainder: part - Math.floor(part) }))
    .toSorted((a, b) => b.remainder - a.remainder || a.at - b.at);
  for (const { at } of order.slice(0, Math.max(0, missing))) whole[at] = (whole[at] ?? 0) + 1;
  return whole;
}

function perFamily(of: (family: DetectorFamily) => number | null): Partial<Record<DetectorFamily, number>> {
  const known = detectorFamilies.flatMap((family): [DetectorFamily, number][] => {
    const value = of(family);
    return value === null ? [] : [[family, value]];
  });
  return Object.fromEntries(known);
}
