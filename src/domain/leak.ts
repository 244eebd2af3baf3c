import type { Secret } from './secret.js';
import type { FoundToken } from './token-scan.js';

/** Where a token stood. What a kind of source does not know is null. */
export interface Place {
  readonly kind: 'text' | 'report' | 'file' | 'file_name' | 'commit_message' | 'tag';
  /** What was searched, as the person named it: a file, `stdin`, a repository. */
  readonly source: string;
  readonly commit: string | null;
  /** The file inside a repository, or what a scanner's report names. */
  readonly path: string | null;
  /** The git object that holds it: `git cat-file -p` shows the line. */
  readonly object: string | null;
  /** From 1; columns in characters. */
  readonly line: number | null;
  readonly column: number | null;
}

/** A token of ours, by its form, and where it stood. */
export interface Sighting {
  readonly found: FoundToken;
  readonly place: Place;
}

export type Verdict = 'live' | 'dead' | 'unknown';

/**
 * `dead` is final only: revoked or replaced. A suspended key can be resumed, a pending one activated and an expired one
 * be given more time, so whoever holds its token is a danger until it is revoked.
 */
export function verdictOf(status: string): 'live' | 'dead' {
  return status === 'revoked' || status === 'replaced' ? 'dead' : 'live';
}

/**
 * True when a cut token can be this key's: its prefix is the key's, perhaps with word characters glued in front. The id
 * of a key with dots behind it (`key_7Q2mK9xZab3d...`) has the form of a cut token, but is none.
 */
export function fitsPrefix(found: Pick<FoundToken, 'prefix'>, keyPrefix: string | null): boolean {
  return keyPrefix !== null && found.prefix.endsWith(keyPrefix);
}

/**
 * Takes tokens that were found out of the texts that tell where: a file may be named by one, and holds another. Tokens of our
 * own form are cut wherever something is printed; those of imported keys are known only here.
 */
export function tokenHider(
  found: readonly { readonly token: Secret | null; readonly redacted: string }[],
): (text: string) => string {
  return (text) =>
    found.reduce(
      (hidden, { token, redacted }) =>
        token !== null && hidden.includes(token.reveal())
          ? hidden.replaceAll(token.reveal(), redacted)
          : hidden,
      text,
    );
}
