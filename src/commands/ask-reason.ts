import { exitCodes, KeyctlError } from '../domain/errors.js';
import { parseReason } from '../domain/reason.js';
import { line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';

/** The parser of `--reason`, for commander. */
export function reasonFlag(text: string): string {
  return parseReason('--reason', text);
}

/** Refuses (2) a missing reason where nobody can be asked for it, before anything is opened. */
export function requireReason(rt: Runtime, given: string | undefined): void {
  if (given === undefined && !rt.canAsk) {
    throw new KeyctlError({
      code: 'usage',
      message: '--reason is required: it stands in the audit log for ever',
      hint: '--reason "leaked in acme/app commit 7a3f21"',
      exitCode: exitCodes.usage,
    });
  }
}

/** The reason that was given, or the one that is typed now. */
export async function askReason(rt: Runtime, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const answer = await rt.prompts.text(line`Reason (kept in the audit log):`, {
    check(text) {
      try {
        parseReason('reason', text);
        return true;
      } catch (error) {
        return error instanceof KeyctlError
          ? `${error.message}. For example: ${(error.hint ?? '').replace('--reason ', '')}`
          : 'not a reason';
      }
    },
  });
  return parseReason('--reason', answer);
}
