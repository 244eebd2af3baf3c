import { createHash, timingSafeEqual } from 'node:crypto';
import { Secret } from './secret.js';
import { hashScheme, matchesVerifier, parseToken } from './token.js';

/** A text that somebody presents as a key, and what it is looked up by; the text itself never goes into a query. */
export type Presented =
  | { readonly kind: 'token'; readonly token: Secret; readonly lookup: string }
  /** Not of our form: only an imported key can be it, which is found by the text's SHA-256. */
  | { readonly kind: 'foreign'; readonly token: Secret; readonly lookup: string }
  /** Our form with a wrong checksum: no query is needed. */
  | { readonly kind: 'checksum' };

/** What `keyctl.verification` answers of a key, as far as it proves a token. */
export interface StoredProof {
  readonly salt: Uint8Array | null;
  readonly verifier: Uint8Array | null;
  readonly hashScheme: number | null;
  readonly digest: Uint8Array | null;
}

/** Longer than any key of anybody; what is longer is not worth hashing. */
export const longestPresented = 4096;

export function presentedToken(text: string): Presented {
  const parsed = parseToken(text);
  if (parsed.kind === 'checksum') return { kind: 'checksum' };
  const token = new Secret(text);
  if (parsed.kind === 'token') return { kind: 'token', token, lookup: parsed.id };
  return { kind: 'foreign', token, lookup: `sha256:${sha256(token).toString('hex')}` };
}

/**
 * True when the stored proof belongs to the presented token. Compared here, in constant time; a key that does not exist
 * costs the same work as one whose secret is another, so that the time tells nobody which ids exist.
 * Throws RangeError when the key was stored by a scheme that this program does not know yet.
 */
export function proves(
  presented: Exclude<Presented, { kind: 'checksum' }>,
  stored: StoredProof | null,
): boolean {
  const { salt = null, verifier = null, digest = null } = stored ?? {};
  // A token of our own form can have been imported too: then its key has our id, and a digest instead of a verifier.
  if (presented.kind === 'foreign' || (verifier === null && digest !== null)) {
    return timingSafeEqual(sha256(presented.token), digest ?? nothing) && digest !== null;
  }
  if (verifier !== null && stored?.hashScheme !== hashScheme) {
    throw new RangeError('the key was stored by a hash scheme of a newer keyctl');
  }
  return matchesVerifier(presented.token, salt ?? nothing, verifier ?? nothing) && verifier !== null;
}

const nothing = new Uint8Array(32);

function sha256(token: Secret): Buffer {
  return createHash('sha256').update(token.reveal()).digest();
}
