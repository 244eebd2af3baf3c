import { cutTokens } from './cut-tokens.js';
import { usageError } from './errors.js';

/** A program of the user's that keyctl runs by itself, without a shell. */
export interface HookCommand {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
}

const longestCommand = 1000;

/** What only a shell would understand; taken literally it would surprise whoever wrote it. */
const shellSigns = /['"\\`$|;<>]/;

/**
 * Reads an absolute path and its arguments, words separated by blanks. There is no shell and there are no quotes: what
 * needs either is a script of its own, where it can be read and tested. `kind` stands before the command in examples
 * (`exec:`, or nothing). Throws a usage error naming the flag.
 */
export function parseHookCommand(flag: string, text: string, kind: string): HookCommand {
  const example = `${flag} '${kind}/usr/local/bin/keyctl-hook billing'`;
  const [file = '', ...args] = text.split(/[ \t]+/).filter((word) => word !== '');
  if (!file.startsWith('/') || file.endsWith('/'))
    throw usageError(
      flag,
      `${kind === '' ? 'a command' : kind} starts with the absolute path of a program`,
      example,
    );
  if (/\p{Cc}/u.test(text.replace(/\t/g, ' ')) || text.length > longestCommand)
    throw usageError(flag, 'not a usable command', example);
  const sign = shellSigns.exec(text)?.[0];
  if (sign !== undefined)
    throw usageError(flag, `no shell reads ${sign} here: put it into a script, and name that`, example);
  // Arguments stand in every process list, and the command in the audit log.
  if (cutTokens(text).ids.length > 0)
    throw usageError(flag, 'a key has no place in a command: it comes on stdin', example);
  return { file, args };
}
