import { consents, consentWord } from '../domain/consent-word.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import { clean, line, type Safe } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ChangeFlags } from './new-command.js';
import { isSelection, type SelectionFlags } from './selection-flags.js';

/**
 * Refuses (5), before anything is opened, what nobody could be asked about: no terminal and no --yes, or a selection
 * without --expect. `--dry-run` needs no consent.
 */
export function requireConsent(rt: Runtime, flags: ChangeFlags & SelectionFlags): void {
  if (flags.dryRun === true) return;
  if (flags.yes !== true && !rt.canAsk) {
    throw refused(
      'this asks before it acts, and there is no terminal to ask on',
      'add --yes to do it without being asked',
    );
  }
  if (flags.yes === true && isSelection(flags) && flags.expect === undefined && !rt.canAsk) {
    throw refused(
      '--expect: a selection needs the number of keys it must mean',
      'add --expect N; --dry-run prints N',
    );
  }
}

/** Refuses (5) a selection that means another number of keys than was expected; nothing is done. */
export function checkExpected(expected: number | undefined, found: number): void {
  if (expected !== undefined && expected !== found) {
    throw refused(
      `--expect ${expected}, but ${found} keys are meant; nothing was done`,
      'look with --dry-run',
    );
  }
}

export interface Question {
  /** What is going to happen, and to what: shown above the question. */
  readonly about: Safe;
  /** "This cannot be undone." and the like. */
  readonly warning: Safe;
  readonly verb: Safe;
  readonly keyIds: readonly string[];
}

/**
 * Asks by having the person type the start of the key's locator, or the number of keys; a yes is typed too easily.
 * @throws KeyctlError 5 when the answer is another one
 */
export async function askConsent(rt: Runtime, question: Question): Promise<void> {
  const { keyIds } = question;
  if (keyIds.length === 0) return;
  const word = clean(consentWord(keyIds));
  const what = keyIds.length === 1 ? line`it` : line`these ${keyIds.length} keys`;
  const prompt = line`${question.warning} Type ${word} to ${question.verb} ${what}:`;
  await askTyped(rt, { about: question.about, prompt }, (given) => consents(keyIds, given));
}

/**
 * Shows what is going to happen and has the person type a word of it.
 * @throws KeyctlError 5 when another one is typed
 */
export async function askTyped(
  rt: Runtime,
  question: { readonly about: Safe; readonly prompt: Safe },
  accepts: (given: string) => boolean,
): Promise<void> {
  rt.warn(question.about);
  const answer = await rt.prompts.text(question.prompt, { fresh: true });
  if (!accepts(answer.trim())) throw refused('not confirmed; nothing was done', 'run it again, or add --yes');
}

function refused(message: string, hint: string): KeyctlError {
  return new KeyctlError({ code: 'not_confirmed', message, hint, exitCode: exitCodes.confirmation });
}
