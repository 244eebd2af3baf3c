import { inspect } from 'node:util';
import { cutTokens } from '../domain/cut-tokens.js';
import type { KeyctlError } from '../domain/errors.js';
import { jsonText } from './json-text.js';
import type { Style } from './style.js';
import { clean, joinLines, line } from './terminal-text.js';

export interface ProblemForm {
  readonly json: boolean;
  /** With --debug: where it came from. Tokens in it are cut all the same. */
  readonly debug: boolean;
  /** The command worked on the demo database: what is suggested has to do so too. */
  readonly demo?: boolean;
  readonly style: Style;
}

/** An error for stderr, newline included: `keyctl: message` and `  try: …`, or one line of JSON (CLI.md). */
export function problem(error: KeyctlError, form: ProblemForm): string {
  const message = cutTokens(error.message).text;
  const suggested = error.hint === null ? null : cutTokens(error.hint).text;
  const hint =
    form.demo === true ? (suggested?.replace(/\bkeyctl (?!--demo)/g, 'keyctl --demo ') ?? null) : suggested;
  if (form.json) {
    const fields = {
      code: error.code,
      message,
      hint,
      exit_code: error.exitCode,
      outcome: error.outcome,
      operation_id: error.operationId,
    };
    return `${jsonText({ error: fields })}\n`;
  }
  const lines = [line`keyctl: ${clean(message)}`];
  if (hint !== null) lines.push(line`  try: ${clean(hint)}`);
  if (error.operationId !== null) lines.push(line`  operation: ${clean(error.operationId)}`);
  if (form.debug) {
    const origin = inspect(error.cause ?? error, { depth: 2 });
    lines.push(
      ...cutTokens(origin)
        .text.split('\n')
        .map((text) => form.style.muted(clean(text))),
    );
  }
  return `${joinLines(lines)}\n`;
}
