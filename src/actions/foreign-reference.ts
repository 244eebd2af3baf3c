import type { KeyRow } from '../db/reads/keys.js';
import type { Reference } from '../domain/reference.js';
import { Secret } from '../domain/secret.js';
import { fingerprint } from '../domain/token.js';
import { isWord } from '../domain/word.js';

/** True for the token of a key that was imported with its digest. */
export function isTokenOf(text: string, { key }: KeyRow): boolean {
  return key.weak === true && isWord(text) && key.fingerprint === fingerprint(new Secret(text));
}

/** A text that turned out to be a token is kept as one: it is a secret, and it can be tried at a gateway. */
export function asFound(reference: Reference, row: KeyRow): Reference {
  if (reference.kind !== 'text' || !isTokenOf(reference.text, row)) return reference;
  if (row.key.externalId === reference.text || row.key.name === reference.text) return reference;
  const token = new Secret(reference.text);
  return { kind: 'foreign', token, fingerprint: fingerprint(token) };
}
