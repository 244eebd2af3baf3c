import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { problem } from '../../render/problem.js';
import { clean, joinLines, line } from '../../render/terminal-text.js';
import { writeText } from '../../runtime/output.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { Walk } from '../../ui/triage/triage-port.js';
import { runCommand } from './run.js';

/**
 * Runs `keyctl incidents run` as if it had been typed, between two showings of a board: what it says stays to be read until
 * Enter. What goes wrong is said and is no end of the board; Ctrl-C and signals are.
 * @throws KeyctlError 130 when somebody interrupts it
 */
export async function walkInPlace(rt: Runtime, { incidentId, step }: Walk, program: string): Promise<void> {
  const style = rt.style('stderr');
  const words = [incidentId, ...(step === null ? [] : ['--step', step])];
  const typed = clean([program, 'incidents', 'run', ...words].join(' '));
  rt.warn(joinLines([line``, style.muted(line`this is  ${typed}`)]));
  try {
    await runCommand(rt).parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof KeyctlError) || error.exitCode === exitCodes.interrupted) throw error;
    const form = { json: false, debug: rt.flags.debug, demo: rt.flags.demo, style };
    await writeText(rt.machine.stderr, problem(error, form));
  }
  // How a step went is its own answer; the board has another.
  rt.exitWith(exitCodes.done);
  await rt.prompts.text(line`Enter goes back to the board:`);
}
