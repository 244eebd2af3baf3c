import { type RespondAnswer, respondToFinding } from '../../db/kernel-findings.js';
import { type ResponseRule, recentResponses, responseRules } from '../../db/reads/findings.js';
import { derivedOperation } from '../../domain/derived-operation.js';
import type { KeptFinding } from '../../domain/detect/kept-finding.js';
import { responsePlan } from '../../domain/detect/response-plan.js';
import type { HookCommand } from '../../domain/hook-command.js';
import { type Context, changeOf } from '../context.js';
import { type HookWorld, runHook } from '../delivery/run-hook.js';
import { SinkError } from '../delivery/sink.js';

/** What came of one rule for one finding. */
export interface ResponseResult {
  readonly finding: KeptFinding;
  readonly rule: ResponseRule;
  /** `would_respond`: a dry run; `not_told`: it is written down, but the program that was to hear of it failed. */
  readonly outcome: RespondAnswer['outcome'] | 'would_respond' | 'not_told';
  readonly why: string | null;
  readonly until: string | null;
  readonly auditSeq: number | null;
}

export interface Responses {
  /** How many rules there are. */
  readonly rules: number;
  /** Without those that were done before, or do not apply. */
  readonly results: readonly ResponseResult[];
}

/** Who is told of a finding whose rule says `notify`. */
export interface Notifier {
  readonly command: HookCommand;
  readonly world: HookWorld;
  /** The finding as the program reads it on stdin. */
  readonly describe: (finding: KeptFinding) => string;
}

/**
 * Does what the rules say about the findings that are open and recent. The kernel has the last word: it caps, checks and
 * writes down each one by itself.
 * @param options.notifier null: nobody is told, and rules that notify say so
 * @throws KeyctlError 77 when this role may not
 */
export async function respond(
  ctx: Context,
  findings: readonly KeptFinding[],
  options: { readonly notifier: Notifier | null; readonly dryRun: boolean },
): Promise<Responses> {
  const rules = await ctx.db.query(responseRules);
  const plan = responsePlan(findings, rules, ctx.now().getTime());
  const results = options.dryRun ? await foretold(ctx, plan) : await responded(ctx, plan, options.notifier);
  return { rules: rules.length, results };
}

type Plan = ReturnType<typeof responsePlan<ResponseRule>>;

/** As `recentResponses` names what was done. */
function idOf({ finding, rule }: Plan[number]): string {
  return `${finding.findingId} ${rule.name}`;
}

const untouched = { why: null, until: null, auditSeq: null };

/** What the kernel would answer as far as its count goes; whether a key is still alive it alone knows. */
async function foretold(ctx: Context, plan: Plan): Promise<ResponseResult[]> {
  const { acted, notified, done } = await ctx.db.query(recentResponses);
  const used = { act: acted, notify: notified };
  return plan
    .filter((each) => !done.has(idOf(each)))
    .map(({ finding, rule }): ResponseResult => {
      const kind = rule.response === 'notify' ? 'notify' : 'act';
      if (used[kind] >= rule.mostPerHour) return { finding, rule, outcome: 'capped', ...untouched };
      used[kind] += 1;
      return { finding, rule, outcome: 'would_respond', ...untouched };
    });
}

async function responded(ctx: Context, plan: Plan, notifier: Notifier | null): Promise<ResponseResult[]> {
  const { done } = await ctx.db.query(recentResponses);
  const results: ResponseResult[] = [];
  const capped = new Set<string>();
  for (const { finding, rule } of plan.filter((each) => !done.has(idOf(each)))) {
    if (rule.response === 'notify' && notifier === null) {
      results.push({ finding, rule, ...untouched, outcome: 'not_told', why: 'no_program' });
    } else if (capped.has(rule.name)) {
      // The count of an hour does not fall within one run.
      results.push({ finding, rule, ...untouched, outcome: 'capped' });
    } else {
      const result = await respondOnce(ctx, finding, rule, notifier);
      if (result.outcome === 'capped') capped.add(rule.name);
      if (result.outcome !== 'already_responded' && result.outcome !== 'does_not_apply') results.push(result);
    }
  }
  return results;
}

async function respondOnce(
  ctx: Context,
  finding: KeptFinding,
  rule: ResponseRule,
  notifier: Notifier | null,
): Promise<ResponseResult> {
  const input = { findingId: finding.findingId, ruleName: rule.name };
  const operationId = derivedOperation(ctx.operationId, `response ${input.findingId} ${input.ruleName}`);
  const answer = await ctx.db.change(operationId, (db) =>
    respondToFinding(db, { ...changeOf(ctx), operationId }, input),
  );
  const { outcome, why, until, audit_seq: auditSeq } = answer;
  const result = { finding, rule, outcome, why, until, auditSeq };
  await ctx.reached('response.made');
  if (rule.response !== 'notify' || outcome !== 'responded' || notifier === null) return result;
  const failed = await tell(notifier, finding);
  return failed === null ? result : { ...result, outcome: 'not_told', why: failed };
}

/** Null when the program took it; else why not, in words. It is written down already: who is told twice stops listening. */
async function tell({ command, world, describe }: Notifier, finding: KeptFinding): Promise<string | null> {
  try {
    const variables = { KEYCTL_PHASE: 'notify', KEYCTL_FINDING_ID: finding.findingId };
    await runHook({ command, variables, input: { text: describe(finding) }, readsAll: false }, world);
    return null;
  } catch (error) {
    if (error instanceof SinkError) return `${command.file}: ${error.message}`;
    throw error;
  }
}
