import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { encodeBase62, type RandomBytes, randomBase62 } from './base62.js';
import { crc32 } from './crc32.js';
import { Secret } from './secret.js';

/** Stored beside every verifier; a new scheme arrives by rotation (DESIGN 3). */
export const hashScheme = 1;

export const defaultPrefix = 'kc';
export const maxPrefixLength = 32;
export const locatorLength = 12;
const secretLength = 46;
export const checksumLength = 6;
/** What follows the prefix and its underscore. */
export const bodyLength = locatorLength + secretLength + checksumLength;

export interface MintedToken {
  readonly token: Secret;
  readonly id: string;
  readonly locator: string;
  readonly prefix: string;
}

export type ParsedToken =
  | { readonly kind: 'token'; readonly prefix: string; readonly locator: string; readonly id: string }
  /** Not the shape of a token of ours. */
  | { readonly kind: 'malformed' }
  /** The right shape with a wrong checksum: a typo, a cut or a fake. No query is needed to say so. */
  | { readonly kind: 'checksum' };

const prefixForm = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const bodyForm = /^[0-9A-Za-z]{64}$/;

/** True for `[a-z][a-z0-9]*(_[a-z0-9]+)*` of at most 32 characters. */
export function validPrefix(prefix: string): boolean {
  return prefix.length <= maxPrefixLength && prefixForm.test(prefix);
}

/** The public id of the key whose token carries this locator. */
export function idOf(locator: string): string {
  return `key_${locator}`;
}

/**
 * A new token `<prefix>_<locator 12><secret 46><crc 6>` with 273 random bits in the secret part.
 * Throws RangeError on a prefix that `validPrefix` refuses: the caller has checked it.
 */
export function mintToken(prefix: string, randomBytes: RandomBytes): MintedToken {
  if (!validPrefix(prefix)) throw new RangeError('a token needs a valid prefix');
  const locator = randomBase62(locatorLength, randomBytes);
  const unsigned = `${prefix}_${locator}${randomBase62(secretLength, randomBytes)}`;
  return { token: new Secret(unsigned + checksumOf(unsigned)), id: idOf(locator), locator, prefix };
}

/** What the text is, by its form and checksum alone; surrounding blanks make it malformed. */
export function parseToken(text: string): ParsedToken {
  const prefix = text.slice(0, -bodyLength - 1);
  const body = text.slice(-bodyLength);
  if (text.at(-bodyLength - 1) !== '_' || !validPrefix(prefix) || !bodyForm.test(body)) {
    return { kind: 'malformed' };
  }
  if (checksumOf(text.slice(0, -checksumLength)) !== text.slice(-checksumLength)) return { kind: 'checksum' };
  const locator = body.slice(0, locatorLength);
  return { kind: 'token', prefix, locator, id: idOf(locator) };
}

/** What may be shown of a text that is, or nearly is, a token: `prefix_locator****`; of any other text only `****`. */
export function redactToken(text: string): string {
  const underscore = text.lastIndexOf('_');
  const locator = text.slice(underscore + 1, underscore + 1 + locatorLength);
  const named = validPrefix(text.slice(0, Math.max(underscore, 0))) && /^[0-9A-Za-z]{12}$/.test(locator);
  return named ? `${text.slice(0, underscore)}_${locator}****` : '****';
}

/** What may be shown of a token that is not of our form: enough to recognise it by, too little to guess it from. */
export function redactForeign(token: Secret): string {
  return `${token.reveal().slice(0, 4)}****`;
}

/** SHA-256 of the token's text: 32 bytes; what imported keys are found by. */
export function digestOf(token: Secret): Uint8Array {
  return createHash('sha256').update(token.reveal()).digest();
}

/** `sha256:` and the first 16 hex digits of SHA-256(token): what `printf %s TOKEN | sha256sum` begins with. */
export function fingerprint(token: Secret): string {
  return fingerprintOfDigest(digestOf(token));
}

/** The same fingerprint, of a key that is known by its SHA-256 digest only. */
function fingerprintOfDigest(digest: Uint8Array): string {
  return `sha256:${Buffer.from(digest).toString('hex').slice(0, 16)}`;
}

/** HKDF-SHA-256 (RFC 5869) with ikm = the token's text, the key's salt, info `keyctl/v1`: 32 bytes. 9 µs (F30). */
export function verifierOf(token: Secret, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', token.reveal(), salt, 'keyctl/v1', 32));
}

/** True when the stored verifier belongs to this token; the comparison takes the same time wherever they differ. */
export function matchesVerifier(token: Secret, salt: Uint8Array, verifier: Uint8Array): boolean {
  const own = verifierOf(token, salt);
  return own.length === verifier.length && timingSafeEqual(own, verifier);
}

function checksumOf(text: string): string {
  return encodeBase62(crc32(text), checksumLength);
}
