import { cutTokens } from './cut-tokens.js';
import { usageError } from './errors.js';

export interface TextRule {
  /** Characters (code points), after trimming; 1 unless given. */
  readonly min?: number;
  readonly max: number;
  readonly example: string;
}

/** Nearly every text; it spares the reading of the classes below, milliseconds of a start. */
const plainAscii = /^[\x20-\x7e]*$/;

/** Controls and line separators break records and screens; a lone surrogate cannot be stored as UTF-8 at all. */
const unstorable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * One line of text to be stored: trimmed, its length bounded, otherwise as typed (cleaning belongs to the sinks).
 * A full token of ours in it is cut to prefix, locator and `****`: reasons and notes are kept for ever.
 * Throws a usage error naming the flag.
 */
export function parsePlainText(flag: string, raw: string, rule: TextRule): string {
  const text = cutTokens(raw.trim()).text;
  if (!plainAscii.test(text) && unstorable.test(text))
    throw usageError(flag, 'one line without control characters, please', rule.example);
  const length = [...text].length;
  const min = rule.min ?? 1;
  if (length === 0) throw usageError(flag, 'is empty', rule.example);
  if (length < min) throw usageError(flag, `too short: at least ${min} characters`, rule.example);
  if (length > rule.max)
    throw usageError(flag, `too long: ${length} characters, at most ${rule.max}`, rule.example);
  return text;
}
