import { usageError } from '../errors.js';

/** Which part of an access log's line names the key. */
export type KeyField =
  | { readonly kind: 'user' }
  /** The remote host: for logs without keys, to see who came. */
  | { readonly kind: 'client' }
  | { readonly kind: 'query'; readonly name: string }
  /** The nth quoted field behind the user agent. */
  | { readonly kind: 'quoted'; readonly n: number };

/** Reads `--key-field`. @throws KeyctlError 2 */
export function parseKeyField(text: string): KeyField {
  if (text === 'user' || text === 'client') return { kind: text };
  const [, name] = /^query:(.+)$/s.exec(text) ?? [];
  if (name !== undefined) return { kind: 'query', name };
  const [, n] = /^quoted:([1-9]\d?)$/.exec(text) ?? [];
  if (n !== undefined) return { kind: 'quoted', n: Number(n) };
  throw usageError(
    '--key-field',
    'user, client, query:NAME or quoted:N',
    '--key-field query:api_key, or quoted:1 for the first quoted field behind the user agent',
  );
}
