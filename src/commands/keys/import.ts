import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Importation, ImportProblem } from '../../actions/import-outcome.js';
import type { Target } from '../../db/settings.js';
import { exitCodes } from '../../domain/errors.js';
import { type ImportFormat, importFormatOf, importFormats } from '../../domain/import/reader.js';
import type { OpenLog } from '../../runtime/log-input.js';
import type { RejectFile } from '../../runtime/reject-file.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askTyped, requireConsent } from '../consent.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';

interface ImportFlags extends ChangeFlags {
  readonly format?: ImportFormat;
  readonly ignoreUnknown?: boolean;
  readonly rejects?: string;
}

const reader = { command: 'keyctl keys import', example: 'keyctl keys import keys.csv' };

export function importCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'import')
    .summary('bring in keys of other systems')
    .description(
      'Bring in keys of other systems from CSV or NDJSON, gzip too; docs/import.md has the columns and the SQL that makes ' +
        'such a file. Tokens are hashed on the way in and never stored. A second run changes nothing. Rows that are ' +
        'rejected, or in conflict with a key that is here, are listed, and end it with exit code 6.',
    )
    .argument(
      '<file>',
      'the file, or - for stdin; with plaintext tokens in it only stdin or a file of mode 0600',
    )
    .addOption(
      new Option('--format <format>', 'told from the name or the first character').choices(importFormats),
    )
    .option('--ignore-unknown', 'pass over columns that keyctl does not know')
    .option('--rejects <file>', 'list the rows that are not taken in this new file, one JSON object a line');
  addChangeFlags(command);
  return command.action(async (path: string, flags: ImportFlags) => {
    requireConsent(rt, flags);
    const { openLog } = await import('../../runtime/log-input.js');
    const file = await openLog(rt.machine, path, reader);
    let rejects: RejectFile | null = null;
    try {
      const { createRejectFile } = await import('../../runtime/reject-file.js');
      rejects = flags.rejects === undefined ? null : await createRejectFile(rt.machine, flags.rejects);
      await importFile(rt, { path, file, rejects, flags });
    } finally {
      file.stop();
      await rejects?.close();
    }
  });
}

interface Wanted {
  readonly path: string;
  readonly file: OpenLog;
  readonly rejects: RejectFile | null;
  readonly flags: ImportFlags;
}

async function importFile(rt: Runtime, wanted: Wanted): Promise<void> {
  const { importKeys } = await import('../../actions/import-keys.js');
  const { importation, nextSteps } = await import('../../render/importation.js');
  const { operationId, target, planned } = await plan(rt, wanted);
  const { flags, rejects } = wanted;
  const dryRun = flags.dryRun === true;
  const open = !planned.done && !dryRun && planned.expected.imported > 0;
  // Nothing stays open while a person thinks; the rows wait in the database.
  if (open && flags.yes !== true) await ask(rt, { operationId, target, expected: planned.expected });
  const done = open
    ? await rt.withContext({ operationId }, (ctx) => importKeys(ctx, planned))
    : { ...planned.expected, dryRun };
  // Before it is printed: a reader that has gone away changes nothing about it.
  if (done.rejected + done.conflicts > 0) rt.exitWith(exitCodes.partial);
  await rt.print(importation, done);
  const shown = { demo: rt.flags.demo, keptRejects: rejects !== null };
  const next = rt.flags.output === 'table' ? nextSteps(done, shown) : null;
  if (next !== null) rt.say(next);
}

/** Reads the file to its end; what is only looked at, or comes to nothing, is forgotten at once. */
async function plan(rt: Runtime, { path, file, rejects, flags }: Wanted) {
  const { discardImport, planImport } = await import('../../actions/import-keys.js');
  const { machineFiles } = await import('../../runtime/machine-files.js');
  const { requirePrivate } = await import('../../runtime/private-file.js');
  const { workingDirectory, user } = rt.machine;
  const input = {
    chunks: file.chunks,
    source: file.name,
    format: flags.format ?? importFormatOf(path, await file.head()),
    ignoreUnknown: flags.ignoreUnknown === true,
    onTokens() {
      if (path !== '-') requirePrivate(machineFiles, resolve(workingDirectory, path), user.uid);
    },
    onProblem: (problem: ImportProblem) => kept(rejects, problem),
  };
  const dryRun = flags.dryRun === true;
  return await rt.withContext({ create: !dryRun, operationId: flags.operationId }, async (ctx) => {
    const planned = await planImport(ctx, input);
    if (!planned.done && (dryRun || planned.expected.imported === 0)) await discardImport(ctx);
    return { operationId: ctx.operationId, target: ctx.db.target, planned };
  });
}

async function ask(
  rt: Runtime,
  about: { readonly operationId: string; readonly target: Target; readonly expected: Importation },
): Promise<void> {
  const { discardImport } = await import('../../actions/import-keys.js');
  const { importQuestion } = await import('../../render/importation.js');
  const { operationId, target, expected } = about;
  try {
    const question = importQuestion(expected, target, rt.view('stderr'));
    await askTyped(rt, question, (given) => given === String(expected.imported));
  } catch (error) {
    await rt.withContext({ operationId }, discardImport).catch(() => {});
    throw error;
  }
}

/** The number of a line and what is wrong with it: the line itself may hold a token, and stays where it is. */
async function kept(rejects: RejectFile | null, problem: ImportProblem): Promise<void> {
  if (rejects === null) return;
  const { problemJson } = await import('../../render/importation.js');
  rejects.keep(Buffer.from(JSON.stringify(problemJson(problem))));
  await rejects.written();
}
