import type { BudgetUse, UsageFacts } from '../../db/reads/report-usage.js';

export type Severity = 'critical' | 'warning';
type Verdict = 'ok' | Severity | 'not_measured';

/** One threshold and how things stand to it. */
export interface Check {
  readonly code: 'auth_failures' | 'rate_limit_violations' | 'budget' | 'errors' | 'latency_p95';
  readonly verdict: Verdict;
  /** Null when nothing was there to measure: that is no "ok". */
  readonly value: number | null;
  readonly threshold: number;
  readonly unit: 'share' | 'requests' | 'milliseconds';
}

type Rule = Omit<Check, 'verdict'> & { readonly severity: Severity; readonly reached: 'over' | 'at' };

/** The thresholds of every report; each counted as its name says everywhere else (`errors`: status 400 and over). */
export function checkThresholds(usage: UsageFacts, budgets: readonly BudgetUse[]): readonly Check[] {
  const attempts = usage.requests + usage.stray;
  const part = (count: number, whole: number) => (whole === 0 ? null : count / whole);
  const spent = budgets.map(({ share }) => share);
  const rules: readonly Rule[] = [
    {
      code: 'auth_failures',
      // What names no key of ours was refused as well, whatever the gateway answered.
      value: part(usage.unauthenticated + usage.stray, attempts),
      ...{ threshold: 0.05, unit: 'share', severity: 'critical', reached: 'over' },
    },
    {
      code: 'rate_limit_violations',
      value: attempts === 0 ? null : usage.limited,
      ...{ threshold: 0, unit: 'requests', severity: 'warning', reached: 'over' },
    },
    {
      code: 'budget',
      value: spent.length === 0 ? null : Math.max(...spent),
      ...{ threshold: 0.9, unit: 'share', severity: 'critical', reached: 'at' },
    },
    {
      code: 'errors',
      value: part(usage.errors, usage.requests),
      ...{ threshold: 0.01, unit: 'share', severity: 'warning', reached: 'over' },
    },
    {
      code: 'latency_p95',
      value: usage.p95LatencyMs,
      ...{ threshold: 200, unit: 'milliseconds', severity: 'warning', reached: 'over' },
    },
  ];
  return rules.map(({ severity, reached, ...rule }) => ({
    ...rule,
    verdict: verdictOf(rule, severity, reached),
  }));
}

function verdictOf(
  { value, threshold }: Pick<Rule, 'value' | 'threshold'>,
  severity: Severity,
  reached: 'over' | 'at',
): Verdict {
  if (value === null) return 'not_measured';
  return value > threshold || (reached === 'at' && value >= threshold) ? severity : 'ok';
}

/** True when a check is at least that bad: what `--fail-on` asks. */
export function fails(checks: readonly Check[], from: Severity): boolean {
  return checks.some(
    ({ verdict }) => verdict === 'critical' || (from === 'warning' && verdict === 'warning'),
  );
}
