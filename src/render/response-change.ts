import type { RuleChange } from '../actions/detect/response-rules.js';
import type { ResponseSettings } from '../db/kernel-findings.js';
import type { ResponseRule } from '../db/reads/findings.js';
import { differences } from './key-update.js';
import type { Json, Renderer } from './renderer.js';
import { clean, joinLines, line } from './terminal-text.js';

type Settings = Readonly<Record<string, Json>>;

/** `audit responses set` and `remove`. */
export const responseChange: Renderer<RuleChange> = {
  text: ({ answer }, view) => {
    const { style } = view;
    const name = clean(answer.name);
    if (answer.outcome === 'unchanged') return line`${style.sign.ok} ${name} unchanged: it is set so already`;
    const what = { created: 'new', set: 'set', removed: 'removed' }[answer.outcome];
    return joinLines([
      style.ok(line`${style.sign.ok} ${name} ${clean(what)} · audit ${answer.audit_seq ?? 0}`),
      ...(answer.outcome === 'removed'
        ? []
        : differences(
            answer.before as Settings,
            said(answer.before as Settings, answer.after as Settings),
            view,
          )),
    ]);
  },
  json: ({ operationId, answer }) => ({
    operation_id: operationId,
    name: answer.name,
    outcome: answer.outcome,
    before: answer.before as Settings,
    after: answer.after as Settings,
    audit_seq: answer.audit_seq,
  }),
  ids: ({ answer }) => [answer.name],
};

export interface ResponsePlan {
  readonly name: string;
  /** Null: it would be removed. */
  readonly settings: ResponseSettings | null;
  /** Null when there is none of that name yet. */
  readonly known: ResponseRule | null;
}

/** `audit responses set|remove --dry-run`; the kernel has the last word. */
export const responseRulePlan: Renderer<ResponsePlan> = {
  text: (plan, view) => {
    const { before, after } = planned(plan);
    const outcome = outcomeOf(plan);
    return joinLines([
      line`${clean(plan.name)} would be ${clean(outcome)}`,
      ...(plan.settings === null ? [] : differences(before, said(before, after), view)),
    ]);
  },
  json: (plan) => ({
    dry_run: true,
    count: outcomeOf(plan) === 'unchanged' ? 0 : 1,
    name: plan.name,
    ...planned(plan),
  }),
};

/** Of a new one what is not set needs no line. */
function said(before: Settings, after: Settings): Settings {
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => value !== (before[name] ?? null)),
  );
}

function outcomeOf(plan: ResponsePlan): string {
  if (plan.settings === null) return 'removed';
  if (plan.known === null) return 'created';
  return Object.keys(planned(plan).after).length === 0 ? 'unchanged' : 'set';
}

function planned({ settings, known }: ResponsePlan): { before: Settings; after: Settings } {
  const now: Settings = {
    detector: known?.detector ?? null,
    least_severity: known?.leastSeverity ?? null,
    response: known?.response ?? null,
    lasts_seconds: known?.lastsSeconds ?? null,
    most_per_hour: known?.mostPerHour ?? null,
  };
  const other = Object.entries(settings ?? {}).filter(([name, value]) => now[name] !== value);
  return {
    before: settings === null ? now : Object.fromEntries(other.map(([name]) => [name, now[name] ?? null])),
    after: Object.fromEntries(other),
  };
}
