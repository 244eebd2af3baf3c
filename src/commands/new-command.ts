import { Command, Option } from 'commander';
import { usageError } from '../domain/errors.js';
import type { Runtime } from '../runtime/runtime.js';

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A command whose help and errors go through our streams; it never ends the process itself. */
export function newCommand(rt: Runtime, name: string): Command {
  const { terminal } = rt.machine;
  return (
    new Command(name)
      .exitOverride()
      .allowExcessArguments(false)
      .helpOption('-h, --help', 'show this help')
      .helpCommand(false)
      // By name alone: only commands that were typed are loaded and know their arguments.
      .configureHelp({ showGlobalOptions: false, subcommandTerm: (command) => command.name() })
      .configureOutput({
        writeOut: (text) => rt.printHelp(text),
        // Usage errors are reported once, by `run`, in the form that was asked for.
        writeErr: () => {},
        getOutHelpWidth: () => Math.min(terminal.columns, 110),
        getOutHasColors: () => false,
      })
  );
}

/** Flags of every command that changes something. */
export interface ChangeFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly operationId?: string;
}

/** Adds them: --yes, --dry-run, --operation-id. */
export function addChangeFlags(command: Command): Command {
  return command
    .option('-y, --yes', 'do it without asking')
    .option('--dry-run', 'show what would be done; change nothing')
    .addOption(
      new Option(
        '--operation-id <uuid>',
        'repeat a command whose outcome is unknown: answers the first outcome, never does the work twice',
      ).argParser((text) => {
        if (!uuidForm.test(text)) {
          throw usageError(
            '--operation-id',
            'not a UUID',
            '--operation-id 6f1c1e0a-7d5e-4e0b-9a53-1d2f3c4b5a69',
          );
        }
        return text.toLowerCase();
      }),
    );
}

/** A group of commands: the leaf that is typed is loaded, of the others only name and summary are known. */
export interface Leaf {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<(rt: Runtime, argv: readonly string[]) => Command | Promise<Command>>;
}

/** In place of what was typed: every command is loaded, for whoever describes them all. */
export const everyCommand: readonly string[] = [];

/**
 * Adds the leaves to their group. Which one is typed is not known before parsing, so each whose name stands anywhere in
 * the arguments is loaded; the rest stand in `--help` by their summary alone (F24).
 */
export async function addLeaves(
  rt: Runtime,
  group: Command,
  leaves: readonly Leaf[],
  argv: readonly string[],
): Promise<Command> {
  for (const leaf of leaves) {
    const typed = argv === everyCommand || argv.includes(leaf.name);
    group.addCommand(
      typed ? await (await leaf.load())(rt, argv) : newCommand(rt, leaf.name).summary(leaf.summary),
    );
  }
  return group;
}
