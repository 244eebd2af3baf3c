import type { Command } from 'commander';
import type { KeyChoice } from '../actions/select-keys.js';
import { usageError } from '../domain/errors.js';
import type { Runtime } from '../runtime/runtime.js';

/** SELECTION of CLI.md: keys by what they share, or out of a pipe or a scanner's report. */
export interface SelectionFlags {
  readonly owner?: string;
  readonly userId?: string;
  readonly workspace?: string;
  readonly prefix?: string;
  readonly family?: string;
  readonly stdin?: boolean;
  readonly fromReport?: string;
  readonly expect?: number;
}

/** @param aboutPrefix for a command where --prefix means something else beside a KEY */
export function addSelectionFlags(
  command: Command,
  aboutPrefix = 'all living keys with this prefix',
): Command {
  return command
    .option('--owner <email>', 'all living keys of this person')
    .option('--user-id <id>', 'all living keys of this user id')
    .option('--workspace <id>', 'all living keys of this workspace')
    .option('--prefix <prefix>', aboutPrefix)
    .option('--family <key>', 'all living keys of the family of this KEY')
    .option('--stdin', 'KEYs from stdin: one a line, JSON with key_id, or any text with tokens')
    .option('--from-report <file>', 'keys in a gitleaks or trufflehog report')
    .option('--expect <n>', 'how many keys must be meant; otherwise nothing is done', (text) => {
      const count = Number(text);
      if (!/^\d{1,6}$/.test(text) || count < 1)
        throw usageError('--expect', 'a whole number from 1', '--expect 3');
      return count;
    });
}

/** True when the keys were not typed one by one: then a count has to agree before anything is done. */
export function isSelection(flags: SelectionFlags): boolean {
  return (
    flags.stdin === true ||
    [flags.owner, flags.userId, flags.workspace, flags.prefix, flags.family, flags.fromReport].some(
      (flag) => flag !== undefined,
    )
  );
}

/** What the arguments and flags mean; reads stdin or the report, opens no database. */
export async function keyChoice(
  rt: Runtime,
  typed: readonly string[],
  flags: SelectionFlags,
): Promise<KeyChoice> {
  const sources = [typed.length > 0, flags.stdin === true, flags.fromReport !== undefined, hasGroup(flags)];
  if (sources.filter(Boolean).length > 1) {
    throw usageError(
      'KEY',
      'name keys, or a selection, not both',
      'keyctl revoke --owner alice@example.com --reason "…"',
    );
  }
  const { owner, userId, workspace, prefix, family } = flags;
  if (flags.stdin === true || flags.fromReport !== undefined) {
    const { keysInStdin, keysInReport } = await import('../runtime/key-input.js');
    return flags.fromReport === undefined
      ? await keysInStdin(rt.machine)
      : await keysInReport(rt.machine, flags.fromReport);
  }
  return { references: typed, owner, userId, workspace, prefix, family };
}

function hasGroup(flags: SelectionFlags): boolean {
  return [flags.owner, flags.userId, flags.workspace, flags.prefix, flags.family].some(
    (flag) => flag !== undefined,
  );
}
