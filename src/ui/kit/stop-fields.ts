import { consents, consentWord } from '../../domain/consent-word.js';
import { parseDuration } from '../../domain/duration.js';
import { KeyctlError } from '../../domain/errors.js';
import { parseReason } from '../../domain/reason.js';
import type { FormField } from './form.js';

/** The questions before keys are stopped, as the commands ask them. */

const codes = ['leaked', 'departed', 'policy', 'abuse', 'superseded', 'mistake', 'other'];

export const reasonField: FormField = {
  name: 'reason',
  label: 'Reason (kept in the audit log):',
  check: (answer) => problemOf(() => parseReason('--reason', answer)),
};

/** @param preset stands in the field when it is asked */
export function codeField(preset: 'abuse' | 'leaked'): FormField {
  return {
    name: 'code',
    label: `Kind of reason (${codes.join(', ')}):`,
    preset,
    check: (answer) => (codes.includes(answer) ? null : `one of ${codes.join(', ')}`),
  };
}

/** For how long a suspension lasts. */
export const lastsField: FormField = {
  name: 'for',
  label: 'For how long (4h, 1d; empty: until somebody resumes it):',
  check: (answer) => (answer === '' ? null : problemOf(() => parseDuration('--for', answer))),
};

/** The deed behind the last question: the start of the one key's own id, or how many keys there are. */
export function consentField(keyIds: readonly string[], warning: string, verb: string): FormField {
  const word = consentWord(keyIds);
  const what = keyIds.length === 1 ? 'it' : `these ${keyIds.length} keys`;
  return {
    name: 'consent',
    label: `${warning} Type ${word} to ${verb} ${what}:`,
    check: (answer) => (consents(keyIds, answer) ? null : `not ${word}: nothing is done until it is typed`),
  };
}

/** What is wrong with an answer, by the function that reads the flag of that name on the command line; null: nothing. */
export function problemOf(parse: () => unknown): string | null {
  try {
    parse();
    return null;
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    return `${error.message}. For example: ${(error.hint ?? '').replace(/--[\w-]+ /g, '')}`;
  }
}
