import type { Style } from '../render/style.js';
import { clean, type Safe } from '../render/terminal-text.js';
import type { Asking, AskingOptions } from './borrowed-terminal.js';
import type { Machine } from './machine.js';

export interface Choice<T> {
  readonly value: T;
  readonly name: Safe;
  readonly description?: Safe;
  /** What stands behind the question when it is chosen; the name unless given. */
  readonly short?: Safe;
}

interface TextOptions extends Pick<AskingOptions, 'fresh'> {
  /** True, or what is wrong with the answer. */
  readonly check?: (answer: string) => true | string;
}

/**
 * Questions to a person, on stderr, or on the controlling terminal while stdin is data. Ctrl-C, and a signal, end the
 * command with exit 130 and the terminal as it was. Whatever is shown is Safe already.
 */
export interface Prompts {
  /** True when there is a controlling terminal although stdin is none. */
  hasOwnTerminal(): boolean;
  text(message: Safe, options?: TextOptions): Promise<string>;
  /** Typed without an echo: for a token. */
  hidden(message: Safe): Promise<string>;
  select<T>(message: Safe, choices: readonly Choice<T>[]): Promise<T>;
  /** Asks again with every change of the term; for finding a key among thousands. */
  search<T>(
    message: Safe,
    source: (term: string) => Promise<readonly Choice<T>[]>,
    options?: Pick<AskingOptions, 'shorten'>,
  ): Promise<T>;
}

/** @param style of stderr, decided when something is asked */
export function promptsOf(machine: Machine, style: () => Style): Prompts {
  /** The library is loaded first: what is typed meanwhile was typed before the question stood there. */
  async function ask<T>(
    options: AskingOptions,
    question: (parts: Awaited<ReturnType<typeof partsOf>>, asking: Asking) => Promise<T>,
  ): Promise<T> {
    const parts = await partsOf(style());
    return await parts.borrowTerminal(machine, options, (asking) => question(parts, asking));
  }
  /** The question, the list, a blank line and the keys stay below the terminal's height, so that nothing jumps. */
  const pageSize = (message: Safe) => {
    const { columns, rows } = machine.terminal;
    return Math.max(3, Math.min(12, rows - 4 - Math.ceil((message.length + 3) / columns)));
  };
  return {
    hasOwnTerminal() {
      const own = machine.openTerminal();
      own?.input.destroy();
      own?.output.destroy();
      return own !== null;
    },
    text: (message, options = {}) =>
      ask(options, async ({ input, theme, cutTokens }, asking) => {
        const validate = options.check === undefined ? {} : { validate: options.check };
        const transformer = (typed: string): string => clean(cutTokens(typed).text);
        return await input({ message, transformer, theme, ...validate }, asking);
      }),
    hidden: (message) =>
      ask({}, ({ password, theme }, asking) => password({ message, mask: false, theme }, asking)),
    select: (message, choices) =>
      ask({}, ({ select, theme }, asking) =>
        select({ message, choices: [...choices], pageSize: pageSize(message), theme }, asking),
      ),
    search: (message, source, options = {}) =>
      ask(options, ({ search, theme }, asking) => {
        const found = async (term: string | undefined) => [...(await source(term ?? ''))];
        return search({ message, source: found, pageSize: pageSize(message), theme }, asking);
      }),
  };
}

/** What only questions need: most commands ask none. */
async function partsOf(style: Style) {
  const [{ input, password, search, select }, { borrowTerminal }, { promptTheme }, { cutTokens }] =
    await Promise.all([
      import('./questions.js'),
      import('./borrowed-terminal.js'),
      import('./prompt-theme.js'),
      import('../domain/cut-tokens.js'),
    ]);
  return { input, password, search, select, borrowTerminal, theme: promptTheme(style), cutTokens };
}
