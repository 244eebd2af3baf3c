import type { Report } from '../../actions/report/make-report.js';
import type { Check } from '../../actions/report/thresholds.js';
import { type Cell, paragraph, type Section, table } from './document.js';
import { minute, number, percent, usd } from './figures.js';

const checkNames: Readonly<Record<Check['code'], string>> = {
  auth_failures: 'Authentication failures',
  rate_limit_violations: 'Rate limit violations',
  budget: 'Highest budget use this month',
  errors: 'Errors (status 400 and over)',
  latency_p95: 'Latency, 95th percentile',
};

/** What has to be looked at first: the thresholds. */
export function thresholdSection({ checks }: Report): Section {
  const rows = checks.map((check) => [
    verdictCell(check),
    checkNames[check.code],
    check.value === null ? 'nothing to measure' : amount(check, check.value),
    check.code === 'rate_limit_violations' ? 'any' : `${boundWord(check)} ${amount(check, check.threshold)}`,
  ]);
  return {
    title: 'Thresholds',
    parts: [table(['Verdict', 'What', '>Measured', '>Raised at'], rows)],
  };
}

function boundWord({ code }: Check): string {
  return code === 'budget' ? 'from' : 'over';
}

function amount({ unit }: Check, value: number): string {
  if (unit === 'share') return percent(value);
  return unit === 'requests' ? number(value) : `${number(Math.round(value))} ms`;
}

function verdictCell({ verdict }: Check): Cell {
  const words = { ok: '✓ ok', warning: '● warning', critical: '▲ critical', not_measured: '· not measured' };
  return { verdict: verdict === 'not_measured' ? 'muted' : verdict, text: words[verdict] };
}

export function requestSection({ usage, asOf, step }: Report): Section {
  const attempts = usage.requests + usage.stray;
  const part = (count: number, whole = usage.requests) => (whole === 0 ? '' : percent(count / whole));
  const rows: Cell[][] = [
    ['Requests of known keys', number(usage.requests), ''],
    ['Requests that named no key of ours', number(usage.stray), part(usage.stray, attempts)],
    ['Errors (status 400 and over)', number(usage.errors), part(usage.errors)],
    ['Not authenticated (401)', number(usage.unauthenticated), part(usage.unauthenticated)],
    ['Refused (403)', number(usage.forbidden), part(usage.forbidden)],
    ['Rate limited (429)', number(usage.limited), part(usage.limited)],
    ['Server errors (500 and over)', number(usage.serverErrors), part(usage.serverErrors)],
    ['Cost', usd(usage.costUsd), ''],
  ];
  const labels = usage.steps.map(({ at }) => (step === 'hour' ? `${at.slice(11, 13)}h` : at.slice(5, 10)));
  const per = step === 'hour' ? 'an hour' : 'a day';
  const plot = (title: string, tone: 'muted' | 'critical', values: number[]) => ({
    ...{ kind: 'plot' as const, title: `${title} ${per}`, labels },
    series: [{ name: title, tone, values }],
  });
  return {
    title: 'Requests',
    parts: [
      paragraph(
        asOf === null
          ? 'No usage has been brought in yet.'
          : `Usage has been brought in up to ${minute(asOf)}; what came in later is not in here.`,
      ),
      plot(
        'Requests',
        'muted',
        usage.steps.map((each) => each.requests),
      ),
      plot(
        'Errors',
        'critical',
        usage.steps.map((each) => each.errors),
      ),
      table(['What', '>Number', '>Share'], rows),
    ],
  };
}

const mostBudgets = 10;

export function budgetSection({ budgets }: Report): Section {
  if (budgets.length === 0) return { title: 'Budgets', parts: [paragraph('No key in use has a budget.')] };
  const rows = budgets.slice(0, mostBudgets).map(({ keyId, name, budgetUsd, spentUsd, share }): Cell[] => {
    const verdict = share >= 0.9 ? 'critical' : 'ok';
    return [name, keyId, usd(spentUsd), usd(budgetUsd), { verdict, text: percent(share) }];
  });
  const over = budgets.filter(({ share }) => share >= 0.9).length;
  const note = `Keys with a budget: ${number(budgets.length)}; at 90 % of it or more in this calendar month (UTC): ${number(over)}.`;
  return {
    title: 'Budgets',
    parts: [paragraph(note), table(['Key', 'Id', '>Spent', '>Budget', '>Share'], rows)],
  };
}
