declare const cleaned: unique symbol;

/** Text that a terminal only shows and never obeys. Made by `clean`, `line` and the functions that take a Safe. */
export type Safe = string & { readonly [cleaned]: true };

/**
 * Everything that acts on a terminal, changes the order of what is shown or shows nothing (F7): controls, format
 * characters (bidi, zero width, tags), surrogates, private and unassigned code points (\p{C}), line and paragraph
 * separators, what fonts may ignore (variation selectors, Hangul fillers), and blanks that pass for a space. The
 * ideographic space stays: it has its own width and belongs to CJK names.
 */
const hidden =
  '[\\p{C}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u2800]';

/** More marks than this on one character come from nobody's language; stacked, they paint over the lines around. */
const mostMarks = 6;

/** Made when first needed: reading these classes costs milliseconds of every start, and plain ASCII needs none. */
const patterns = () =>
  (made ??= {
    hidden: new RegExp(hidden, 'gu'),
    /** The same without what our own coloured and joined texts are made of: SGR sequences and newlines. */
    foreign: new RegExp(`(\\x1b\\[[\\d;]{0,32}m|\\n)|${hidden}`, 'gu'),
    marks: new RegExp(`^\\p{M}+|(?<=\\p{M}{${mostMarks}})\\p{M}+`, 'gu'),
  });
let made: Readonly<Record<'hidden' | 'foreign' | 'marks', RegExp>> | undefined;

const plainAscii = /^[\x20-\x7e]*$/;

/**
 * The one way for text from outside onto a terminal. What is hidden becomes a visible escape (`\x1b`, `\n`,
 * `\u{202e}`); letters, marks, CJK and single emoji stay. Joined emoji fall apart into their parts, because the
 * joiner is invisible elsewhere. A backslash in the text stays one: JSON output is the exact twin.
 */
export function clean(raw: string): Safe {
  if (plainAscii.test(raw)) return raw as Safe;
  const { hidden, marks } = patterns();
  return raw.replace(hidden, escapeAll).replace(marks, escapeAll) as Safe;
}

/**
 * A line of ours: the literal parts are trusted, the values are Safe or numbers; the type refuses any other string,
 * which goes through `clean` first. A value that a cast made Safe is still kept from acting on the terminal.
 */
export function line(literals: TemplateStringsArray, ...values: readonly (Safe | number | bigint)[]): Safe {
  let text = literals[0] ?? '';
  for (const [at, value] of values.entries()) {
    text += (typeof value === 'string' ? contained(value) : String(value)) + (literals[at + 1] ?? '');
  }
  return text as Safe;
}

/** The lines, one under the other. */
export function joinLines(lines: readonly Safe[]): Safe {
  return lines.join('\n') as Safe;
}

/** The parts side by side with a trusted separator between. */
export function joinWith(separator: Safe, parts: readonly Safe[]): Safe {
  return parts.join(separator) as Safe;
}

function contained(text: string): string {
  return plainAscii.test(text)
    ? text
    : text.replace(patterns().foreign, (found, ours) => ours ?? escapeOne(found));
}

function escapeAll(characters: string): string {
  return Array.from(characters, escapeOne).join('');
}

function escapeOne(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
