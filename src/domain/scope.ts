import { usageError } from './errors.js';

const form = /^[0-9A-Za-z_.-]+(?::[0-9A-Za-z_.-]+)*(?::\*)?$/;
const longest = 100;

/**
 * A scope: words joined by colons, with `:*` at the end for everything below. A star anywhere else, or alone, would
 * look like a wildcard and match nothing, so it is refused. Throws a usage error naming the flag.
 */
export function parseScope(flag: string, text: string): string {
  if (text.length > longest || !form.test(text)) {
    throw usageError(
      flag,
      'a scope is words joined by colons, at most 100 characters',
      `${flag} workflow:read, or workflow:*`,
    );
  }
  return text;
}

/**
 * True when a granted scope covers the wanted one: the same text, or a trailing `:*` with something below it.
 * The kernel decides (`keyctl.scope_allows`); this is its twin for tests and for words about a decision.
 */
export function scopeAllows(granted: string, wanted: string): boolean {
  if (granted === wanted) return true;
  const path = granted.slice(0, -1);
  return granted.endsWith(':*') && wanted.startsWith(path) && wanted.length > path.length;
}
