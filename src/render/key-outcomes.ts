import type { Changes, KeyOutcome } from '../actions/each-key.js';
import type { Json, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** One word for what came of a key: the kernel's own, or what kind of failure it was. */
function outcomeOf(outcome: KeyOutcome<{ readonly outcome: string }>): string {
  if (outcome.answer !== null) return outcome.answer.outcome;
  if (outcome.error?.outcome === 'unknown') return 'unknown';
  return outcome.error?.code === 'not_found' ? 'not_found' : 'failed';
}

/** How many keys had each of the given outcomes, and how many another one (`failed`). */
export function outcomeCounts(
  { outcomes }: Changes<{ readonly outcome: string }>,
  good: readonly string[],
): Record<string, number> {
  const words = outcomes.map(outcomeOf);
  const counts = good.map((word) => [word, words.filter((each) => each === word).length] as const);
  return { ...Object.fromEntries(counts), failed: words.filter((word) => !good.includes(word)).length };
}

/** A paragraph for each key, begun with its id when there are several; `what` says what was to happen (`suspended`). */
export function outcomeTexts<A extends { readonly outcome: string }>(
  { outcomes }: Changes<A>,
  view: View,
  form: { readonly what: Safe; readonly text: (outcome: KeyOutcome<A> & { readonly answer: A }) => Safe },
): Safe {
  const { style } = view;
  return joinLines(
    outcomes.map((outcome) => {
      const { answer, error, row } = outcome;
      const key = outcomes.length > 1 ? line`${clean(row.key.id)}  ` : line``;
      if (answer !== null) return (key + form.text({ ...outcome, answer })) as Safe;
      const word = outcomeOf(outcome) === 'unknown' ? line`UNKNOWN whether` : line`NOT`;
      return style.danger(
        line`${key}${style.sign.danger} ${word} ${form.what}: ${clean(error?.message ?? '')}`,
      );
    }),
  );
}

/** The fields every result has, around those of its own. */
export function resultRecord(
  outcome: KeyOutcome<{ readonly outcome: string; readonly audit_seq: number | null }>,
  own: Readonly<Record<string, Json>>,
): Record<string, Json> {
  return {
    key_id: outcome.row.key.id,
    outcome: outcomeOf(outcome),
    ...own,
    audit_seq: outcome.answer?.audit_seq ?? null,
    error: outcome.error?.message ?? null,
  };
}
