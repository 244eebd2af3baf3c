import type { Keystroke } from './keystroke.js';
import { emptyField, fieldOf, type TextField, typed } from './text-field.js';

/** By the fields' names. */
export type Answers = Readonly<Record<string, string>>;

/** One question of a form. */
export interface FormField {
  readonly name: string;
  /** Asked as it stands: `Reason (kept in the audit log):`. */
  readonly label: string;
  /** What is wrong with the answer, in one line; null: nothing. */
  readonly check: (answer: string) => string | null;
  /** Stands in the field when it is asked. */
  readonly preset?: string;
}

/** Questions of an action, asked one after another in the screen. Answers by the fields' names. */
export interface Form {
  readonly fields: readonly FormField[];
  readonly answers: Answers;
  /** Which field is asked. */
  readonly at: number;
  readonly field: TextField;
  readonly problem: string | null;
}

export type FormStep =
  | { readonly kind: 'open'; readonly form: Form }
  | { readonly kind: 'left' }
  | { readonly kind: 'answered'; readonly answers: Answers };

export function openForm(fields: readonly FormField[]): Form {
  return { fields, answers: {}, at: 0, field: fieldOf(fields[0]?.preset ?? ''), problem: null };
}

/** What is typed so far, the field under the cursor too: for the command line that is shown meanwhile. */
export function answersSoFar(form: Form): Answers {
  const asked = form.fields[form.at];
  return asked === undefined ? form.answers : { ...form.answers, [asked.name]: form.field.text.trim() };
}

/** Enter takes the answer when it is right, Escape goes one question back, and out of the form before the first. */
export function formStep(form: Form, key: Keystroke): FormStep {
  if (key.name === 'escape') return backFrom(form);
  if (key.name !== 'enter') {
    const field = typed(form.field, key);
    return { kind: 'open', form: field === form.field ? form : { ...form, field, problem: null } };
  }
  const asked = form.fields[form.at];
  const problem = asked?.check(form.field.text.trim()) ?? null;
  if (problem !== null) return { kind: 'open', form: { ...form, problem } };
  const answers = answersSoFar(form);
  const next = form.fields[form.at + 1];
  if (next === undefined) return { kind: 'answered', answers };
  const field = next.preset === undefined ? emptyField : fieldOf(next.preset);
  return { kind: 'open', form: { ...form, answers, at: form.at + 1, field, problem: null } };
}

function backFrom(form: Form): FormStep {
  const before = form.fields[form.at - 1];
  if (before === undefined) return { kind: 'left' };
  const field = fieldOf(form.answers[before.name] ?? '');
  return { kind: 'open', form: { ...form, at: form.at - 1, field, problem: null } };
}
