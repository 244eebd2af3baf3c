import { clean } from '../terminal-text.js';

declare const cleaned: unique symbol;

/** Markdown in which foreign text is text: no markup, link, image, HTML or new cell of a table comes out of it. */
export type MarkdownText = string & { readonly [cleaned]: true };

/**
 * The one way for text from outside into Markdown (CommonMark with GitHub's tables and autolinks). Whatever could begin a
 * markup is escaped; line ends are visible escapes already, so nothing can begin a block. Also a terminal only shows it.
 */
export function escapeMarkdown(raw: string): MarkdownText {
  return (
    clean(raw)
      .replace(/[\\`*[\]<>|~&$@]/g, '\\$&')
      // Inside a word it is no emphasis, and ids would not be found by searching the file.
      .replace(/(?<![a-z0-9])_|_(?![a-z0-9])/gi, '\\_')
      .replace(/:(?=\/\/)/g, '\\:')
      .replace(/\bwww\./gi, (found) => `${found.slice(0, -1)}\\.`) as string as MarkdownText
  );
}

/** A command of ours as code; a backtick would end it, a bar the cell. */
export function codeMarkdown(command: string): MarkdownText {
  return `\`${clean(command).replaceAll('`', "'").replaceAll('|', '\\|')}\`` as MarkdownText;
}

/** Markdown of ours: the literal parts are trusted, the values are MarkdownText or numbers. */
export function markdown(
  literals: TemplateStringsArray,
  ...values: readonly (MarkdownText | number)[]
): MarkdownText {
  let text = literals[0] ?? '';
  for (const [at, value] of values.entries()) text += String(value) + (literals[at + 1] ?? '');
  return text as MarkdownText;
}

export function joinMarkdown(separator: MarkdownText, parts: readonly MarkdownText[]): MarkdownText {
  return parts.join(separator) as MarkdownText;
}
