import { type SearchedKey, searchableKeys } from '../db/reads/search-keys.js';
import { tokensIn } from '../domain/token-scan.js';
import { keyChoices } from '../render/key-choice.js';
import { line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';

const mostShown = 50;
const longestTerm = 100;

/** Asks which key is meant: by name, owner or id as it is typed, or by the paste of a leak. Answers its id. */
export async function searchKey(rt: Runtime): Promise<string> {
  const keys = await rt.withContext({}, (ctx) => ctx.db.read((orm) => searchableKeys(orm)));
  const choices = keyChoices(keys, rt.view('stderr'));
  const searched = keys.map((key, at) => ({ ...key, at, text: searchText(key) }));
  const fitting = (term: string) => {
    const pasted = new Set(tokensIn(term).map((found) => found.id));
    if (pasted.size > 0) return searched.filter((key) => pasted.has(key.id));
    const words = term.toLowerCase().split(/\s+/);
    return searched.filter((key) => words.every((word) => key.text.includes(word)));
  };
  return await rt.prompts.search(
    line`Which key? (name, owner, id, or paste the leaked text)`,
    async (term) =>
      fitting(term)
        .slice(0, mostShown)
        .flatMap((key) => choices[key.at] ?? []),
    { shorten: leakOf },
  );
}

function searchText({ id, name, externalId, owner }: SearchedKey): string {
  return [id, name, externalId ?? '', owner ?? ''].join('\n').toLowerCase();
}

/** Of a pasted text its tokens, by their public part; of one without any its beginning. */
function leakOf(text: string): string {
  const tokens = tokensIn(text).map(({ prefix, locator }) => `${prefix}_${locator}****`);
  return tokens.length > 0 ? [...new Set(tokens)].join(' ') : text.slice(0, longestTerm);
}
