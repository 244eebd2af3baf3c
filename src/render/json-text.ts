declare const cleaned: unique symbol;

/** JSON that a terminal only shows; it parses to exactly the value it was made of. */
export type JsonText = string & { readonly [cleaned]: true };

/**
 * What acts on a terminal, hides or reorders (see terminal-text.ts); newlines here only stand between tokens of JSON.
 * Made when first needed: reading these classes costs milliseconds of every start, and plain ASCII needs none.
 */
const hidden = () => (made ??= /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0]/gu);
let made: RegExp | undefined;

const plainAscii = /^[\x20-\x7e\n]*$/;

/**
 * The value as JSON on one line, or indented. Hidden characters, in names too, become `\uXXXX`; absent values are
 * null, never missing; a bigint is a number while JSON's readers can hold it, else a text. A Secret prints as dots.
 */
export function jsonText(value: unknown, indent: 0 | 2 = 0): JsonText {
  const text = JSON.stringify(value ?? null, orNull, indent);
  return (plainAscii.test(text) ? text : text.replace(hidden(), escapeUnits)) as JsonText;
}

/** One record of NDJSON with its newline. */
export function ndjsonLine(value: unknown): JsonText {
  return `${jsonText(value)}\n` as JsonText;
}

function orNull(_name: string, value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value;
}

function escapeUnits(character: string): string {
  let escaped = '';
  for (let at = 0; at < character.length; at++) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
