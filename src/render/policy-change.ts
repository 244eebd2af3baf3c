import type { PolicyChange, WantedPolicy } from '../actions/set-policy.js';
import type { PolicySettings } from '../db/kernel-policy.js';
import type { Policy } from '../db/reads/policies.js';
import { differences } from './key-update.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

type Settings = Readonly<Record<string, Json>>;

/** `keys policy set`. */
export const policyChange: Renderer<PolicyChange> = {
  text: ({ answer }, view) => {
    const { style } = view;
    const name = clean(answer.name);
    if (answer.outcome === 'unchanged') return line`${style.sign.ok} ${name} unchanged: it is set so already`;
    const what = answer.outcome === 'created' ? line`new` : line`set`;
    return joinLines([
      style.ok(line`${style.sign.ok} ${name} ${what} · audit ${answer.audit_seq ?? 0}`),
      ...changed(answer.before, answer.after, view),
    ]);
  },
  json: ({ operationId, answer }) => ({
    operation_id: operationId,
    name: answer.name,
    applies_to: answer.applies_to,
    outcome: answer.outcome,
    before: answer.before as Settings,
    after: answer.after as Settings,
    audit_seq: answer.audit_seq,
  }),
  ids: ({ answer }) => [answer.name],
};

export interface PolicyPlan {
  readonly wanted: WantedPolicy;
  /** Null when there is none of that name yet. */
  readonly known: Policy | null;
}

/** `keys policy set --dry-run`; the kernel has the last word. */
export const policyPlan: Renderer<PolicyPlan> = {
  text: (plan, view) => {
    const { before, after } = planned(plan);
    const name = clean(plan.wanted.name);
    const outcome = outcomeOf(plan);
    return joinLines([line`${name} would be ${clean(outcome)}`, ...changed(before, after, view)]);
  },
  json: (plan) => ({
    dry_run: true,
    count: outcomeOf(plan) === 'unchanged' ? 0 : 1,
    name: plan.wanted.name,
    applies_to: plan.known?.appliesTo ?? plan.wanted.appliesTo ?? 'policy',
    keys: plan.known?.keys ?? 0,
    ...planned(plan),
  }),
};

function outcomeOf(plan: PolicyPlan): 'created' | 'set' | 'unchanged' {
  if (plan.known === null) return 'created';
  return Object.keys(planned(plan).after).length === 0 ? 'unchanged' : 'set';
}

function planned({ wanted, known }: PolicyPlan): { before: Settings; after: Settings } {
  const now: Settings = {
    rotate_every_seconds: known?.rotateEverySeconds ?? null,
    grace_seconds: known?.graceSeconds ?? null,
    keep_previous: known?.keepPrevious ?? null,
    review_every_seconds: known?.reviewEverySeconds ?? null,
    expires_within_seconds: known?.expiresWithinSeconds ?? null,
  };
  const other = Object.entries(wanted.settings).filter(([name, value]) => now[name] !== value);
  return {
    before: Object.fromEntries(other.map(([name]) => [name, now[name] ?? null])),
    after: Object.fromEntries(other),
  };
}

function changed(before: PolicySettings | Settings, after: PolicySettings | Settings, view: View): Safe[] {
  return differences(before as Settings, after as Settings, view);
}
