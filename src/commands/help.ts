import type { Command } from 'commander';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import type { Renderer } from '../render/renderer.js';
import type { Runtime } from '../runtime/runtime.js';
import { newCommand } from './new-command.js';

const topics: Readonly<Record<string, () => Promise<Renderer<null>>>> = {
  'exit-codes': async () => (await import('../render/help/exit-codes.js')).exitCodeHelp,
  json: async () => (await import('../render/help/json.js')).jsonHelp,
  states: async () => (await import('../render/help/states.js')).stateHelp,
  roles: async () => (await import('../render/help/roles.js')).roleHelp,
  detectors: async () => (await import('../render/help/detectors.js')).detectorHelp,
};

/** What there is help on besides commands. */
export const helpTopics: readonly string[] = Object.keys(topics);

export function helpCommand(rt: Runtime): Command {
  return newCommand(rt, 'help')
    .summary(`help on a command, or on ${helpTopics.join(', ')}`)
    .description(`Help on a command, or on one of: ${helpTopics.join(', ')}.`)
    .argument('[topic...]', 'a topic, or the words of a command')
    .action(async (words: string[], _flags: unknown, command: Command) => {
      const program = command.parent ?? command;
      const [first, ...rest] = words;
      if (first === undefined) {
        program.outputHelp();
        return;
      }
      const topic = rest.length === 0 && Object.hasOwn(topics, first) ? topics[first] : undefined;
      if (topic !== undefined) await rt.print(await topic(), null);
      else commandOf(program, words).outputHelp();
    });
}

function commandOf(program: Command, words: readonly string[]): Command {
  let found = program;
  for (const word of words) {
    const next = found.commands.find((each) => each.name() === word);
    if (next === undefined) {
      throw new KeyctlError({
        code: 'usage',
        message: `there is no help on "${words.join(' ')}"`,
        hint: `keyctl help, or keyctl help ${helpTopics.join('|')}`,
        exitCode: exitCodes.usage,
      });
    }
    found = next;
  }
  return found;
}
