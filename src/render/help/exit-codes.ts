import { type ExitCode, exitCodes } from '../../domain/errors.js';
import { labelled } from '../labelled.js';
import type { Renderer } from '../renderer.js';
import { clean, joinLines, line } from '../terminal-text.js';

type Name = keyof typeof exitCodes;

/** What each number tells a script; the table of the contract (CLI.md). */
const meanings: Readonly<Record<Name, string>> = {
  done: 'done, or already so',
  bug: 'a bug, or an error not listed here',
  usage: 'a flag, argument or value is wrong; a KEY fits several; a reason that says nothing',
  notFound: 'not found',
  state: 'refused by state: already replaced, final, in use',
  confirmation: 'refused for want of confirmation, or declined',
  partial: 'part done, part not: each item’s outcome is in the output',
  check: 'a check failed: not proven dead, token not valid, chain broken, doctor, findings',
  undelivered: 'the secret could not be delivered; nothing was activated',
  unreachable: 'the database cannot be reached or is too slow; nothing was sent',
  embedded: 'the embedded database cannot be created or started',
  unknown: 'outcome unknown, cut after sending; ask again with --operation-id',
  permission: 'permission denied by the database',
  config: 'configuration refused: file modes, insecure TLS, no database, schema',
  interrupted: 'interrupted',
};

interface Row {
  readonly code: ExitCode;
  readonly meaning: string;
}

const rows: readonly Row[] = (Object.keys(exitCodes) as Name[]).map((name) => ({
  code: exitCodes[name],
  meaning: meanings[name],
}));

const labelColumns = 6;

/** `keyctl help exit-codes`. */
export const exitCodeHelp: Renderer<null> = {
  text: (_value, view) =>
    joinLines(rows.map(({ code, meaning }) => labelled(line`${code}`, clean(meaning), view, labelColumns))),
  json: () => ({ exit_codes: rows.map((row) => ({ ...row })) }),
  records: () => rows.map((row) => ({ ...row })),
  columns: ['code', 'meaning'],
};
