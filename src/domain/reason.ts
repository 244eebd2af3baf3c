import { usageError } from './errors.js';
import { parsePlainText } from './plain-text.js';

/** Words that say nothing about why (CLI.md, `--reason`). */
const empty = new Set([
  ...['revoke', 'revoked', 'old', 'test', 'testing', 'rotate', 'rotated', 'rotation', 'key', 'none'],
  ...['n/a', 'temp', 'delete', 'deleted', 'reason'],
]);

const shortest = 8;
const longest = 2000;
const example =
  '--reason "leaked in acme/app commit 7a3f21", or "INC-42: bob left the company on 2026-08-20"';

/**
 * The reason, trimmed, when an auditor can use it: one line of at least 8 characters that still says something without
 * punctuation and filler words. Throws a usage error with good examples. Twin of the kernel's `check_reason`.
 */
export function parseReason(flag: string, raw: string): string {
  const reason = parsePlainText(flag, raw, { min: shortest, max: longest, example });
  if (saysNothing(reason))
    throw usageError(flag, 'says nothing: write what happened, where, and who knows more', example);
  return reason;
}

function saysNothing(reason: string): boolean {
  // The classes of letters cost 5 ms when they are first read; most reasons are ASCII and need none of them.
  if (/^[\x20-\x7e]*$/.test(reason)) return saysNothingIn(reason.toLowerCase(), asciiWords);
  // Compatibility forms and invisible characters would dress up "revoked" as something else.
  const plain = reason.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return saysNothingIn(plain.toLowerCase(), allWords);
}

interface WordForms {
  readonly notApplicable: RegExp;
  readonly separator: RegExp;
}

const asciiWords: WordForms = { notApplicable: /(?<![a-z0-9])n\/a(?![a-z0-9])/g, separator: /[^a-z0-9]+/ };
const allWords: WordForms = {
  get notApplicable() {
    return /(?<![\p{L}\p{N}])n\/a(?![\p{L}\p{N}])/gu;
  },
  get separator() {
    return /[^\p{L}\p{N}]+/u;
  },
};

function saysNothingIn(plain: string, { notApplicable, separator }: WordForms): boolean {
  const words = plain.replace(notApplicable, ' ').split(separator);
  return words.every((word) => word === '' || empty.has(word));
}
