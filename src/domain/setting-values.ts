import { usageError } from './errors.js';
import { parsePlainText, type TextRule } from './plain-text.js';

/** Reads one value of a flag, or throws a usage error that names the flag and shows a right one. */
export type ValueParser<T> = (text: string) => T;

/** Reads one of a flag's several values onto those before it: the form commander wants. */
export type ListParser<T> = (text: string, earlier?: readonly T[]) => readonly T[];

/** The word that takes a setting away (`--rpm none`); an empty text does not, it is mostly an unset shell variable. */
const nothing = 'none';

/** The parser, with `none` read as null: no such limit, no such setting. */
export function orNone<T>(parse: ValueParser<T>): ValueParser<T | null> {
  return (text) => (text === nothing ? null : parse(text));
}

/** Several values, in the order typed, each once; `none` alone empties the list. */
export function listOf<T>(flag: string, parse: ValueParser<T>): ListParser<T> {
  return (text, earlier) => {
    if (text !== nothing) {
      const value = parse(text);
      return [...(earlier ?? []).filter((known) => known !== value), value];
    }
    if (earlier !== undefined && earlier.length > 0) {
      throw usageError(flag, 'none stands alone', `${flag} none`);
    }
    return [];
  };
}

export function plainText(flag: string, rule: TextRule): ValueParser<string> {
  return (text) => parsePlainText(flag, text, rule);
}

/** One of a few words. */
export function oneOf<const T extends string>(flag: string, words: readonly [T, ...T[]]): ValueParser<T> {
  return (text) => {
    const word = words.find((known) => known === text);
    if (word === undefined) throw usageError(flag, `one of ${words.join(', ')}`, `${flag} ${words[0]}`);
    return word;
  };
}

/** A whole number within bounds, in plain digits. */
export function wholeNumber(
  flag: string,
  rule: { min: number; max: number; example: string },
): ValueParser<number> {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= rule.min && value <= rule.max)) {
      throw usageError(flag, `a whole number from ${rule.min} to ${rule.max}`, `${flag} ${rule.example}`);
    }
    return value;
  };
}

/** US dollars as decimal text with at most 6 decimals, above 0 and below 100 million: exactly what numeric(14,6) holds. */
export function money(flag: string): ValueParser<string> {
  return (text) => {
    const [, whole, decimals] = /^(\d{1,8})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
    if (whole === undefined || !/[1-9]/.test(text)) {
      throw usageError(
        flag,
        'US dollars above 0 and below 100 million, at most 6 decimals',
        `${flag} 250 or 99.50`,
      );
    }
    // A float would turn 0.1 into something else on its way; the text goes to the database as it is.
    return `${whole.replace(/^0+(?=\d)/, '')}${decimals === undefined ? '' : `.${decimals}`}`;
  };
}

/** A percentage from 1 to 100, with or without its sign. */
export function percent(flag: string): ValueParser<number> {
  const parse = wholeNumber(flag, { min: 1, max: 100, example: '80' });
  return (text) => parse(text.replace(/%$/, ''));
}

/**
 * An e-mail address, loosely checked (one @, no blanks, sane lengths) and in lower case: owners are told apart by it,
 * and a departure must not miss the keys of Alice@Example.com.
 */
export function parseEmail(flag: string, text: string): string {
  const example = `${flag} alice@example.com`;
  const email = parsePlainText(flag, text, { min: 3, max: 254, example }).toLowerCase();
  const form = /^[^\s@<>(),;:"\\]{1,64}@[^\s@<>(),;:"\\.]+(?:\.[^\s@<>(),;:"\\.]+)*$/;
  if (!form.test(email) || /[\p{C}\p{Default_Ignorable_Code_Point}]/u.test(email)) {
    throw usageError(flag, 'not an e-mail address', example);
  }
  return email;
}
