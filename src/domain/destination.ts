import { cutTokens } from './cut-tokens.js';
import { usageError } from './errors.js';

/** Where a secret may go besides a terminal (CLI.md, Secrets). */
export type Destination = { readonly kind: 'stdout' } | { readonly kind: 'file'; readonly path: string };

const longestPath = 1000;

/** Reads `--deliver stdout` and `--deliver file:PATH`. Throws a usage error naming the flag. */
export function parseDestination(flag: string, text: string): Destination {
  if (text === 'stdout') return { kind: 'stdout' };
  const [, path] = /^file:(.*)$/s.exec(text) ?? [];
  const example = `${flag} file:/run/secrets/billing-key, or ${flag} stdout`;
  if (path === undefined) throw usageError(flag, 'one of stdout, file:PATH', example);
  if (path === '' || path.endsWith('/'))
    throw usageError(flag, 'file: is followed by the name of a new file', example);
  // The path stands in the audit log for ever, and a shell leaves the tilde behind a colon alone.
  if (/\p{Cc}/u.test(path) || path.length > longestPath || cutTokens(path).ids.length > 0)
    throw usageError(flag, 'not a usable path', example);
  if (path.startsWith('~'))
    throw usageError(flag, 'the shell leaves ~ alone here', `${flag} file:$HOME/billing-key`);
  return { kind: 'file', path };
}
