import { recipientProblem } from './age-recipient.js';
import { cutTokens } from './cut-tokens.js';
import { usageError } from './errors.js';
import { type HookCommand, parseHookCommand } from './hook-command.js';

/** Where a secret may go besides a terminal (CLI.md, Secrets). */
export type Destination =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly path: string; readonly variable: string }
  | { readonly kind: 'age'; readonly recipient: string; readonly path: string }
  | { readonly kind: 'exec'; readonly command: HookCommand };

const longestPath = 1000;

/** Reads what follows `--deliver`. Throws a usage error naming the flag. */
export function parseDestination(flag: string, text: string): Destination {
  if (text === 'stdout') return { kind: 'stdout' };
  const [, kind, rest = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  switch (kind) {
    case 'file':
      return { kind, path: pathOf(flag, kind, rest, `${flag} file:/run/secrets/billing-key`) };
    case 'env':
      return envDestination(flag, rest);
    case 'age':
      return ageDestination(flag, rest);
    case 'exec':
      return { kind, command: parseHookCommand(flag, rest, 'exec:') };
    default:
      throw usageError(
        flag,
        'one of stdout, file:PATH, env:PATH#NAME, age:RECIPIENT>PATH, exec:COMMAND',
        `${flag} file:/run/secrets/billing-key, or ${flag} stdout`,
      );
  }
}

/** As it is typed, and as the audit log names it. */
export function destinationName(to: Destination): string {
  switch (to.kind) {
    case 'stdout':
      return 'stdout';
    case 'file':
      return `file:${to.path}`;
    case 'env':
      return `env:${to.path}#${to.variable}`;
    case 'age':
      return `age:${to.recipient}>${to.path}`;
    case 'exec':
      return `exec:${[to.command.file, ...to.command.args].join(' ')}`;
  }
}

function envDestination(flag: string, text: string): Destination {
  const example = `${flag} env:/etc/billing/env#API_KEY`;
  const hash = text.lastIndexOf('#');
  const variable = text.slice(hash + 1);
  if (hash < 0) throw usageError(flag, 'env: needs #NAME, the variable, behind the path', example);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
    throw usageError(flag, 'a variable is letters, digits and _, and begins with no digit', example);
  return { kind: 'env', path: pathOf(flag, 'env', text.slice(0, hash), example), variable };
}

function ageDestination(flag: string, text: string): Destination {
  // No recipient that works: copied, it would encrypt for a stranger.
  const example = `${flag} 'age:age1…>/srv/keys/billing.age', with what age-keygen printed as the public key`;
  const [, recipient, path] = /^([^>]*)>(.*)$/s.exec(text) ?? [];
  if (recipient === undefined || path === undefined)
    throw usageError(flag, 'age:RECIPIENT>PATH, in quotes: > means something to the shell', example);
  const problem = recipientProblem(recipient);
  if (problem !== null) throw usageError(flag, problem, example);
  return { kind: 'age', recipient, path: pathOf(flag, 'age', path, example) };
}

function pathOf(flag: string, kind: string, path: string, example: string): string {
  if (path === '' || path.endsWith('/')) {
    const what = kind === 'env' ? 'an env file' : 'a new file';
    throw usageError(flag, `${kind}: is followed by the name of ${what}`, example);
  }
  return parsePath(flag, path, example);
}

/** The path of a file to be written, as typed. Throws a usage error naming the flag. */
export function parsePath(flag: string, path: string, example: string): string {
  if (path === '' || path.endsWith('/')) throw usageError(flag, 'the name of a new file', example);
  // The path stands in the audit log for ever, and a shell leaves the tilde behind a colon alone.
  if (/\p{Cc}/u.test(path) || path.length > longestPath || cutTokens(path).ids.length > 0)
    throw usageError(flag, 'not a usable path', example);
  if (path.startsWith('~')) throw usageError(flag, 'the shell leaves ~ alone here: write $HOME', example);
  return path;
}
