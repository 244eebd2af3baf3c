/** What a word has to be for its digest to be looked for: shorter ones are in every text, and longer ones are no tokens. */
export const shortestWord = 16;
export const longestWord = 256;

/** True for a text that can be the token of an imported key: visible ASCII in one piece. */
export function isWord(text: string): boolean {
  return text.length >= shortestWord && text.length <= longestWord && /^[\x21-\x7e]+$/.test(text);
}
