import type { Argument, Command, Option } from 'commander';
import type {
  CompletedCommand,
  CompletedFlag,
  CompletedProgram,
  CompletedValue,
} from '../render/completion/completed-program.js';
import { knownWords } from './known-words.js';

/** What commander's tree says that can be typed; the tree has to be loaded whole. */
export function completedProgram(program: Command, version: string): CompletedProgram {
  return { version, commands: commandsBelow(program, '') };
}

function commandsBelow(command: Command, path: string): CompletedCommand[] {
  const shown = command.createHelp().visibleCommands(command);
  // A hidden one is the group's default: `rotate KEY` has its flags and its values.
  const same = [command, ...command.commands.filter((each) => !shown.includes(each))];
  const own: CompletedCommand = {
    path,
    leaves: shown.map((leaf) => ({ name: leaf.name(), summary: leaf.summary() })),
    flags: [
      ...same
        .flatMap(({ options }) => options.filter(({ hidden }) => !hidden))
        .map((each) => flagOf(each, path)),
      // It has no option of its own in commander, and every command has it: so it stands with the global flags.
      ...(path === '' ? [help] : []),
    ],
    values: same.flatMap(({ registeredArguments }) =>
      registeredArguments.map((argument, at) => offered(argument, [`${path} ${at}`], argument.name())),
    ),
  };
  return [own, ...shown.flatMap((leaf) => commandsBelow(leaf, `${path} ${leaf.name()}`.trim()))];
}

const help: CompletedFlag = {
  names: ['-h', '--help'],
  summary: 'show this help',
  takes: 'nothing',
  value: { words: [], files: null },
};

function flagOf(option: Option, path: string): CompletedFlag {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takes = takenBy(option);
  const [, placeholder = ''] = /[<[]([^\]>]*)/.exec(option.flags) ?? [];
  const places = names.flatMap((name) => [`${path} ${name}`, name]);
  const value =
    takes === 'nothing'
      ? { words: [], files: null }
      : offered(option, places, placeholder.replace('...', ''));
  return { names, summary: option.description, takes, value };
}

function takenBy({ required, optional, variadic }: Option): CompletedFlag['takes'] {
  if (variadic) return 'several values';
  if (required) return 'a value';
  return optional ? 'perhaps a value' : 'nothing';
}

/** @param placeholder what stands for the value in help, `<file>` */
function offered(
  { argChoices }: Option | Argument,
  places: readonly string[],
  placeholder: string,
): CompletedValue {
  const known = places.map((place) => knownWords[place]).find((words) => words !== undefined);
  return { words: argChoices ?? known ?? [], files: filesNamed(placeholder) };
}

function filesNamed(placeholder: string): CompletedValue['files'] {
  if (placeholder === 'dir') return 'directories';
  return ['file', 'path', 'command'].includes(placeholder) ? 'files' : null;
}
