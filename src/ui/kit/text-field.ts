import { cutTokens } from '../../domain/cut-tokens.js';
import { fit, width } from '../../render/layout.js';
import type { Style } from '../../render/style.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';
import type { Keystroke } from './keystroke.js';

/** A line that somebody types: its text and where the next letter goes, in graphemes. */
export interface TextField {
  readonly text: string;
  readonly cursor: number;
}

export const emptyField: TextField = { text: '', cursor: 0 };

const longest = 2000;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

export function fieldOf(text: string): TextField {
  return { text, cursor: partsOf(text).length };
}

/** The field after a key; the same object when the key means nothing to it. */
export function typed(field: TextField, { name, text }: Keystroke): TextField {
  const parts = partsOf(field.text);
  const before = parts.slice(0, field.cursor);
  const after = parts.slice(field.cursor);
  if (text !== '')
    return after.length + before.length >= longest ? field : joined([...before, ...partsOf(text)], after);
  switch (name) {
    case 'backspace':
      return joined(before.slice(0, -1), after);
    case 'left':
    case 'right': {
      const cursor = Math.max(0, Math.min(parts.length, field.cursor + (name === 'left' ? -1 : 1)));
      return { ...field, cursor };
    }
    case 'home':
    case 'ctrl-a':
      return { ...field, cursor: 0 };
    case 'end':
    case 'ctrl-e':
      return { ...field, cursor: parts.length };
    case 'ctrl-u':
      return joined([], after);
    case 'ctrl-w':
      return joined(partsOf(before.join('').replace(/\S*\s*$/, '')), after);
    default:
      return field;
  }
}

/** The text with the cursor as an underscore, its end kept in sight, tokens in it cut: a screen may be recorded. */
export function fieldText({ text, cursor }: TextField, columns: number, style: Style): Safe {
  const shown = clean(cutTokens(text).text);
  const parts = partsOf(text);
  if (cursor >= parts.length) return line`${tailOf(shown, columns - 1, style)}${style.accent(line`_`)}`;
  const before = clean(cutTokens(parts.slice(0, cursor).join('')).text);
  const after = clean(cutTokens(parts.slice(cursor).join('')).text);
  const head = tailOf(before, Math.max(1, columns - 2), style);
  return line`${head}${style.accent(line`_`)}${fit(after, Math.max(0, columns - 1 - width(head)), style.glyph.ellipsis)}`;
}

function tailOf(text: Safe, columns: number, style: Style): Safe {
  if (width(text) <= columns) return text;
  const parts = partsOf(text);
  let used = 1;
  let from = parts.length;
  while (from > 0) {
    used += width(clean(parts[from - 1] ?? ''));
    if (used > columns) break;
    from -= 1;
  }
  return line`${style.glyph.ellipsis}${clean(parts.slice(from).join(''))}`;
}

function joined(before: readonly string[], after: readonly string[]): TextField {
  // Joining may make one grapheme of two, so the cursor is counted in what came of it.
  const head = before.join('');
  return { text: head + after.join(''), cursor: partsOf(head).length };
}

function partsOf(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}
