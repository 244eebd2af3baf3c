import { clean } from '../terminal-text.js';

declare const cleaned: unique symbol;

/** HTML that shows foreign text and never obeys it. Made by `escapeHtml`, `html` and `joinHtml` alone. */
export type HtmlText = string & { readonly [cleaned]: true };

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/**
 * The one way for text from outside into HTML, as text or inside a quoted attribute. What is hidden or reorders becomes
 * visible first, as on a terminal: a browser obeys bidi overrides too.
 */
export function escapeHtml(raw: string): HtmlText {
  return clean(raw).replace(/[&<>"'`]/g, (character) => entities[character] ?? '') as string as HtmlText;
}

/** HTML of ours: the literal parts are trusted, the values are HtmlText or numbers; the type refuses any other string. */
export function html(literals: TemplateStringsArray, ...values: readonly (HtmlText | number)[]): HtmlText {
  let text = literals[0] ?? '';
  for (const [at, value] of values.entries()) text += String(value) + (literals[at + 1] ?? '');
  return text as HtmlText;
}

/** The parts, one after the other. */
export function joinHtml(parts: readonly HtmlText[]): HtmlText {
  return parts.join('') as HtmlText;
}
