import type { Command } from 'commander';
import type { Check } from '../actions/doctor/check.js';
import type { Connection } from '../db/connect.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import type { Runtime } from '../runtime/runtime.js';
import { newCommand } from './new-command.js';

interface DoctorFlags {
  readonly fix?: boolean;
  readonly dryRun?: boolean;
}

export function doctorCommand(rt: Runtime): Command {
  return newCommand(rt, 'doctor')
    .summary('look for what is wrong: configuration, database, rights, files')
    .description(
      'Look for what is wrong with configuration, database, rights and files, and name the command that helps. ' +
        'Changes nothing without --fix. Exit 7 when a problem stands.',
    )
    .option('--fix', 'put right what is safe: modes of your own files, tables for the coming weeks')
    .option('--dry-run', 'with --fix: change nothing')
    .action(async (flags: DoctorFlags) => {
      const { checkList } = await import('../render/check-list.js');
      const { checks, fixed } = await checkup(rt, flags.fix === true && flags.dryRun !== true);
      await rt.print(checkList, { checks: checks.map((check) => forHere(rt, check)), fixed });
      if (checks.some(({ verdict }) => verdict === 'problem')) rt.exitWith(exitCodes.check);
    });
}

/** A line to be pasted means the database that was looked at. */
function forHere(rt: Runtime, check: Check): Check {
  const { command } = check;
  return rt.flags.demo && command?.startsWith('keyctl ') ? { ...check, command: `${command} --demo` } : check;
}

async function checkup(rt: Runtime, fix: boolean): Promise<{ checks: Check[]; fixed: string[] }> {
  const { applyFix } = await import('../actions/doctor/apply-fix.js');
  const fixed: string[] = [];
  const mend = async (found: readonly Check[], connection: Connection | null) => {
    for (const { fix: offered } of found) {
      const done = fix && offered !== null ? await applyFix(offered, connection) : null;
      if (done !== null) fixed.push(done);
    }
  };
  // Files first: a configuration that others can read is refused before anything else can be looked at.
  await mend(await machineChecks(rt), null);
  const checks = [...(await machineChecks(rt)), ...(await databaseChecks(rt, mend))];
  return { checks, fixed };
}

async function machineChecks(rt: Runtime): Promise<Check[]> {
  const { machineFacts } = await import('../runtime/machine-facts.js');
  const { machineChecks } = await import('../actions/doctor/machine-checks.js');
  return machineChecks(machineFacts(rt));
}

async function databaseChecks(
  rt: Runtime,
  mend: (found: readonly Check[], connection: Connection) => Promise<void>,
): Promise<Check[]> {
  const { databaseChecks } = await import('../actions/doctor/database-checks.js');
  const { drizzleFolder, programSchema } = await import('../runtime/session.js');
  const { withUnchecked } = await import('../runtime/unchecked.js');
  const program = { folder: drizzleFolder(rt), fingerprint: await programSchema(rt) };
  try {
    return await withUnchecked(rt, {}, async (connection) => {
      const exam = { connection, program, now: rt.machine.now };
      const found = await databaseChecks(exam);
      if (!found.some(({ fix }) => fix !== null)) return found;
      await mend(found, connection);
      return await databaseChecks(exam);
    });
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    return await unopened(error);
  }
}

/** The configuration was refused, or nobody answers: that is the finding, and the rest cannot be looked at. */
async function unopened(error: KeyctlError): Promise<Check[]> {
  const { notChecked, problem } = await import('../actions/doctor/check.js');
  const { databaseCheckNames } = await import('../actions/doctor/database-checks.js');
  const [first, ...others] = databaseCheckNames;
  // Doctor itself is no answer to why doctor cannot connect.
  const hint = error.hint === 'keyctl doctor' ? null : error.hint;
  return [
    problem(first, error.message, hint),
    ...others.map((name) => notChecked(name, 'no database was reached')),
  ];
}
