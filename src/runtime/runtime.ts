import type { Context } from '../actions/context.js';
import type { ExitCode } from '../domain/errors.js';
import type { Renderer, RowRenderer, View } from '../render/renderer.js';
import { colorLevel, type Style, styleFor } from '../render/style.js';
import type { Safe } from '../render/terminal-text.js';
import { defaultFlags, type GlobalFlags } from './flags.js';
import type { Machine } from './machine.js';
import { printEach, printOne, printPages, writeText } from './output.js';
import { type Prompts, promptsOf } from './prompts.js';

export interface ContextOptions {
  /** Create and start the embedded database when none is configured and none exists. */
  readonly create?: boolean;
  /** Repeats an earlier change; a new id otherwise. */
  readonly operationId?: string | undefined;
  readonly ticket?: string | undefined;
  /** `work` signs a checkpoint of what it changes itself. */
  readonly signs?: boolean;
  /** For work whose one statement takes long: --timeout counts when it is longer. */
  readonly leastTimeoutMs?: number;
  /** Modules that `work` is going to import: loaded while the server answers. */
  readonly meanwhile?: (() => Promise<unknown>) | undefined;
}

/** What a command works with: streams, clock, chance, configuration and prompts as abilities, not as globals. */
export interface Runtime {
  readonly machine: Machine;
  /** Set once, when the command line was read. */
  flags: GlobalFlags;
  /** Prints a result to stdout in the form that was asked for. */
  print<T>(renderer: Renderer<T>, value: T): Promise<void>;
  /** The same for rows that arrive one by one, in constant memory. */
  printEach<T>(renderer: RowRenderer<T>, rows: AsyncIterable<T>): Promise<void>;
  /** The same for rows that come in pages of at most 500; each page is printed at once. */
  printPages<T>(renderer: RowRenderer<T>, pages: AsyncIterable<readonly T[]>): Promise<void>;
  /** Help, which is asked for while the command line is read. */
  printHelp(text: string): void;
  /** Resolves when it is out. */
  helpPrinted(): Promise<void>;
  /** Talk on stderr: hints, progress; silent with --quiet. */
  say(text: Safe): void;
  /** A warning on stderr, also with --quiet. */
  warn(text: Safe): void;
  /** The exit code of a command that printed its result and still has to say "no" (6, 7 …). */
  exitWith(code: ExitCode): void;
  readonly exitCode: ExitCode;
  /** Style for stdout and stderr; decided per stream. */
  style(stream: 'stdout' | 'stderr'): Style;
  /** What text renderings may know of the stream; "now" is the machine's clock, for "4 s ago" only. */
  view(stream: 'stdout' | 'stderr'): View;
  /** True when questions can be asked: a terminal for answers, and no --no-input. */
  readonly canAsk: boolean;
  readonly prompts: Prompts;
  /** Opens the configured database, runs `work` and closes it. Errors come as `KeyctlError`. */
  withContext<T>(options: ContextOptions, work: (ctx: Context) => Promise<T>): Promise<T>;
}

export function createRuntime(machine: Machine): Runtime {
  let exitCode: ExitCode = 0;
  let help = '';
  const rt: Runtime = {
    machine,
    flags: defaultFlags,
    print: (renderer, value) => printOne(rt, renderer, value),
    printEach: (renderer, rows) => printEach(rt, renderer, rows),
    printPages: (renderer, pages) => printPages(rt, renderer, pages),
    printHelp(text) {
      help += text;
    },
    async helpPrinted() {
      const left = help === '' ? '' : machine.writeNow(help);
      help = '';
      if (left !== '') await writeText(machine.stdout, left);
    },
    say(text) {
      if (!rt.flags.quiet) talk(machine, text);
    },
    warn(text) {
      talk(machine, text);
    },
    exitWith(code) {
      exitCode = code;
    },
    get exitCode() {
      return exitCode;
    },
    style(stream) {
      const { env, terminal } = machine;
      const level = colorLevel({ choice: rt.flags.color, isTTY: terminal[stream], env });
      return styleFor({ colorLevel: level, unicode: terminal.unicode });
    },
    view(stream) {
      const { terminal } = machine;
      return {
        style: rt.style(stream),
        columns: terminal[stream] ? terminal.columns : 80,
        unbounded: !terminal[stream],
        now: machine.now(),
      };
    },
    get canAsk() {
      return (
        rt.flags.input && machine.terminal.stderr && (machine.terminal.stdin || rt.prompts.hasOwnTerminal())
      );
    },
    prompts: promptsOf(machine, () => rt.style('stderr')),
    async withContext(options, work) {
      const { withContext } = await import('./session.js');
      return await withContext(rt, options, work);
    },
  };
  return rt;
}

/** Talk that nobody hears is no failure of the command. */
function talk(machine: Machine, text: Safe): void {
  writeText(machine.stderr, `${text}\n`).catch(() => {});
}
