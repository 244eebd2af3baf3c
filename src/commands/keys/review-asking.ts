import type { AccessEvidence, KeyReview } from '../../actions/review-keys.js';
import type { NarrowedAccess } from '../../db/kernel-review.js';
import { type ReviewDecision, reviewDecisions } from '../../domain/access-review.js';
import { KeyctlError } from '../../domain/errors.js';
import type { ListParser } from '../../domain/setting-values.js';
import { settingParsers } from '../../domain/settings.js';
import { accessEvidence as evidenceText } from '../../render/access-evidence.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason } from '../ask-reason.js';
import { askConsent } from '../consent.js';
import { keysMeant } from '../typed-keys.js';
import { outcomeCode } from './outcome-code.js';
import type { ReviewFlags } from './review.js';

/** Shows each key's access and use and asks what to do; nothing is done before the last answer, nothing open meanwhile. */
export async function reviewByAsking(
  rt: Runtime,
  keys: readonly string[],
  flags: ReviewFlags,
): Promise<void> {
  const { accessEvidence, reviewKeys } = await import('../../actions/review-keys.js');
  const { accessReview } = await import('../../render/access-review.js');
  const found = await rt.withContext({}, async (ctx) => {
    const seen: AccessEvidence[] = [];
    for (const { row } of await keysMeant(rt, ctx, keys)) seen.push(await accessEvidence(ctx, row));
    return seen;
  });
  const reviews: KeyReview[] = [];
  for (const evidence of found) {
    const decided = await askDecision(rt, evidence, flags);
    if (decided !== null) reviews.push(decided);
  }
  if (reviews.length === 0) return rt.say(line`nothing was reviewed`);
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    const done = await reviewKeys(ctx, reviews);
    await rt.print(accessReview, done);
    rt.exitWith(outcomeCode(done));
  });
}

const choices: Readonly<Record<ReviewDecision, Safe>> = {
  keep: line`keep it: the access is needed as it is`,
  narrow: line`narrow it: fewer scopes or networks`,
  revoke: line`revoke it, at once and for good`,
};

/** Null: skipped, the review stays due. */
async function askDecision(
  rt: Runtime,
  evidence: AccessEvidence,
  flags: ReviewFlags,
): Promise<KeyReview | null> {
  const { row } = evidence;
  const about = evidenceText.text([evidence], rt.view('stderr'));
  rt.warn(about);
  const decision = await rt.prompts.select<ReviewDecision | 'skip'>(
    line`What about the access of ${clean(row.key.id)}?`,
    [
      ...reviewDecisions.map((value) => ({ value, name: choices[value], short: clean(value) })),
      { value: 'skip', name: line`skip it: the review stays open`, short: line`skip` },
    ],
  );
  if (decision === 'skip') return null;
  const narrowed = decision === 'narrow' ? await askNarrowed(rt, evidence) : null;
  const reason = await askReason(rt, flags.reason);
  if (decision !== 'keep') {
    const warning = decision === 'narrow' ? line`It acts at once.` : line`This cannot be undone.`;
    await askConsent(rt, { about: line``, warning, verb: clean(decision), keyIds: [row.key.id] });
  }
  return { row, decision, narrowed, reason };
}

async function askNarrowed(rt: Runtime, { row }: AccessEvidence): Promise<NarrowedAccess> {
  const left = (values: readonly string[]) => clean(values.length === 0 ? 'none now' : values.join(' '));
  for (;;) {
    const scopes = await askList(
      rt,
      line`Scopes that are left (now: ${left(row.key.scopes)}; empty: as they are):`,
      settingParsers.scopes,
    );
    const networks = await askList(
      rt,
      line`Networks that are left (now: ${row.key.allowedIps.length === 0 ? line`everywhere` : left(row.key.allowedIps)}; empty: as they are):`,
      settingParsers.allowedIps,
    );
    if (scopes !== null || networks !== null) {
      return {
        ...(scopes === null ? {} : { scopes }),
        ...(networks === null ? {} : { allowed_ips: networks }),
      };
    }
    rt.warn(line`That narrows nothing.`);
  }
}

/** The values, divided by blanks or commas; null for an empty answer. */
async function askList(
  rt: Runtime,
  message: Safe,
  parse: ListParser<string>,
): Promise<readonly string[] | null> {
  const read = (text: string): readonly string[] | null => {
    const parts = text.split(/[\s,]+/).filter((part) => part !== '');
    return parts.length === 0 ? null : parts.reduce<readonly string[]>((all, part) => parse(part, all), []);
  };
  const answer = await rt.prompts.text(message, {
    check(text) {
      try {
        read(text);
        return true;
      } catch (error) {
        if (!(error instanceof KeyctlError)) throw error;
        return `${error.message}. For example: ${error.hint ?? ''}`;
      }
    },
  });
  return read(answer);
}
