import { type Command, CommanderError, Option } from 'commander';
import { addLeaves, everyCommand, type Leaf, newCommand } from './commands/new-command.js';
import { parseDuration } from './domain/duration.js';
import { type ExitCode, exitCodes, interruptedError, KeyctlError, usageError } from './domain/errors.js';
import { rootHelp } from './render/help/root.js';
import type { OutputFormat } from './render/renderer.js';
import type { ColorChoice } from './render/style.js';
import type { GlobalFlags } from './runtime/flags.js';
import type { Machine } from './runtime/machine.js';
import { OutputFailed, ReaderGone, writeText } from './runtime/output.js';
import { createRuntime, type Runtime } from './runtime/runtime.js';

const formats = ['table', 'json', 'ndjson', 'csv', 'ids'] as const;

const commands: readonly Leaf[] = [
  {
    name: 'keys',
    summary: 'find, create, inspect and change keys',
    load: async () => (await import('./commands/keys/index.js')).keysCommand,
  },
  {
    name: 'rotate',
    summary: 'replace keys without an outage',
    load: async () => (await import('./commands/rotate/index.js')).rotateCommand,
  },
  {
    name: 'revoke',
    summary: 'revoke keys, at once and for good',
    load: async () => (await import('./commands/revoke.js')).revokeCommand,
  },
  {
    name: 'db',
    summary: 'the database itself: status, migrations, roles, the embedded server',
    load: async () => (await import('./commands/db/index.js')).dbCommand,
  },
  {
    name: 'doctor',
    summary: 'look for what is wrong: configuration, database, rights, files',
    load: async () => (await import('./commands/doctor.js')).doctorCommand,
  },
  {
    name: 'demo',
    summary: 'fill a database of its own with a month of made-up history',
    load: async () => (await import('./commands/demo.js')).demoCommand,
  },
  {
    name: 'audit',
    summary: 'what was done with keys, and to them',
    load: async () => (await import('./commands/audit/index.js')).auditCommand,
  },
  {
    name: 'incidents',
    summary: 'leaks and abuse: from the alarm to the record',
    load: async () => (await import('./commands/incidents/index.js')).incidentsCommand,
  },
  {
    name: 'completion',
    summary: 'Tab completion for bash, zsh and fish',
    load: async () => {
      const { completionCommand } = await import('./commands/completion.js');
      return (rt) => completionCommand(rt, () => buildProgram(rt, everyCommand));
    },
  },
  {
    name: 'help',
    summary: 'help on a command, or on exit-codes, json, states, roles, detectors',
    load: async () => (await import('./commands/help.js')).helpCommand,
  },
];

/**
 * The whole program: arguments in, exit code out. The only place that catches errors to report them.
 * Streams, clock, chance and environment come in with the machine.
 */
export async function run(argv: readonly string[], machine: Machine): Promise<ExitCode> {
  const rt = createRuntime(machine);
  let program: Command | null = null;
  try {
    program = await buildProgram(rt, argv);
    return await execute(rt, program, argv);
  } catch (error) {
    return await report(rt, program, argv, error);
  }
}

async function execute(rt: Runtime, program: Command, argv: readonly string[]): Promise<ExitCode> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    const alone = error instanceof CommanderError && error.code === 'commander.help';
    const code = alone ? await askWhatToDo(rt, program, argv) : null;
    if (code !== null) return code;
    // Help and version end as an error too, of the code 0.
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  }
  await rt.helpPrinted();
  return rt.exitCode;
}

export async function buildProgram(rt: Runtime, argv: readonly string[]): Promise<Command> {
  const program = newCommand(rt, 'keyctl')
    .description('Find an API key, stop it, prove that it is dead, and leave a record.')
    .version(rt.machine.version, '-V, --version', 'print the version')
    .addOption(new Option('-o, --output <format>', 'form of the result').choices(formats).default('table'))
    .option('--json', 'the same as -o json')
    .option('--env-file <path>', 'read settings from this file, first of all')
    .option('--demo', 'work on the demo database')
    .option('--actor <who>', 'on whose word; kept in the audit log as a claim')
    .option('--no-input', 'never ask anything')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .option('--timeout <duration>', 'limit of every wait', (text) => parseDuration('--timeout', text), 30)
    .option('-q, --quiet', 'no talk on stderr but warnings and errors')
    .option('--debug', 'show where an error came from')
    .addHelpText('after', rootHelp);
  program.hook('preAction', (_program, action) => {
    rt.flags = flagsOf(action.optsWithGlobals());
  });
  return await addLeaves(rt, program, commands, argv);
}

function flagsOf(options: Record<string, unknown>): GlobalFlags {
  return {
    output: (options.json === true ? 'json' : options.output) as OutputFormat,
    envFile: (options.envFile as string | undefined) ?? null,
    demo: options.demo === true,
    actor: (options.actor as string | undefined) ?? null,
    input: options.input !== false,
    color: options.color as ColorChoice,
    timeoutMs: (options.timeout as number) * 1000,
    quiet: options.quiet === true,
    debug: options.debug === true,
  };
}

/** `keyctl` alone, but for global flags, where somebody can be asked: what is there to do? Each answer is a command. */
async function askWhatToDo(rt: Runtime, program: Command, argv: readonly string[]): Promise<ExitCode | null> {
  const { stdin, stdout } = rt.machine.terminal;
  rt.flags = flagsOf(program.opts());
  if (program.args.length > 0 || !stdin || !stdout || !rt.canAsk) return null;
  const { menu } = await import('./commands/menu.js');
  return await menu(rt, argv, (words) => run([...argv, ...words], rt.machine));
}

/** Says what happened, in words or in JSON, and gives the number for it. */
async function report(
  rt: Runtime,
  program: Command | null,
  argv: readonly string[],
  error: unknown,
): Promise<ExitCode> {
  if (error instanceof ReaderGone) return rt.exitCode;
  const known = asKnown(error, program, argv);
  const { problem } = await import('./render/problem.js');
  // A mistake in the flags themselves leaves them unread, so the wish for JSON is looked up in the arguments.
  const json = rt.flags.output === 'json' || rt.flags.output === 'ndjson' || wantsJson(argv);
  const debug = rt.flags.debug || argv.includes('--debug');
  await writeText(
    rt.machine.stderr,
    problem(known, { json, debug, demo: rt.flags.demo, style: rt.style('stderr') }),
  ).catch(() => {});
  // A pipe that is still open would keep a process waiting that nobody waits for.
  if (known.exitCode === exitCodes.interrupted) rt.machine.stdin.destroy();
  return known.exitCode;
}

function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, at) =>
      /^(--json|--output=(nd)?json|-o(nd)?json)$/.test(word) ||
      (/^(-o|--output)$/.test(word) && /^(nd)?json$/.test(argv[at + 1] ?? '')),
  );
}

function asKnown(error: unknown, program: Command | null, argv: readonly string[]): KeyctlError {
  if (error instanceof KeyctlError) return error;
  if (error instanceof CommanderError) return asUsageError(error, program, argv);
  if (error instanceof OutputFailed) {
    return new KeyctlError({
      code: 'output_failed',
      message: `the result could not be written (${error.code}); what was done is done`,
      hint: 'keyctl audit log shows what was done',
      exitCode: exitCodes.bug,
      outcome: 'unknown',
      cause: error,
    });
  }
  if (error instanceof Error && error.name === 'ExitPromptError') return interruptedError('nothing was done');
  return new KeyctlError({
    code: 'bug',
    message: 'an error that keyctl does not know; it may or may not have done its work',
    hint: 'run the command again with --debug, and report what it prints',
    exitCode: exitCodes.bug,
    outcome: 'unknown',
    cause: error,
  });
}

function asUsageError(error: CommanderError, program: Command | null, argv: readonly string[]): KeyctlError {
  const path: string[] = [];
  let found = program;
  for (const word of argv) {
    const next = found?.commands.find((command) => command.name() === word);
    if (next === undefined) continue;
    path.push(word);
    found = next;
  }
  const help = ['keyctl', ...path, '--help'].join(' ');
  if (error.code === 'commander.help') return usageError('COMMAND', 'which one?', help);
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return new KeyctlError({ code: 'usage', message, hint: help, exitCode: exitCodes.usage });
}
