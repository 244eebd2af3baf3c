import { locatorLength } from './token.js';

/**
 * What has to be typed before these keys are changed: the start of the one key's locator, or how many keys there are. A yes
 * is typed too easily.
 */
export function consentWord(keyIds: readonly string[]): string {
  const [only] = keyIds;
  return keyIds.length === 1 && only !== undefined
    ? only.slice('key_'.length).slice(0, 4)
    : String(keyIds.length);
}

/** True for that word; of one key the whole id or a longer start of its locator says the same. */
export function consents(keyIds: readonly string[], given: string): boolean {
  const word = consentWord(keyIds);
  if (given === word) return true;
  const [only] = keyIds;
  if (keyIds.length !== 1 || only === undefined || given.length < word.length) return false;
  return only === given || only.slice(-locatorLength).startsWith(given);
}
