import { cutTokens } from '../domain/cut-tokens.js';
import type { Style } from '../render/style.js';
import { clean, line, type Safe } from '../render/terminal-text.js';

/**
 * The prompts in our signs and colours: by themselves they guess both, and mark every answer as right (✔). What is typed
 * is shown clean, and a token in it cut: the screen is kept in somebody's scrollback.
 */
export function promptTheme(style: Style) {
  const shown = (text: string) => style.accent(clean(cutTokens(text).text));
  // What the library passes in was made of our own Safe texts.
  const ours = (paint: (text: Safe) => Safe) => (text: string) => paint(text as Safe);
  return {
    prefix: { idle: style.accent(line`?`), done: style.muted(line`?`) },
    spinner: { interval: 1000, frames: [style.muted(style.sign.muted)] },
    icon: { cursor: style.sign.accent },
    style: {
      answer: ours(style.accent),
      searchTerm: shown,
      message: ours(style.strong),
      error: (text: string) => style.danger(line`${style.sign.danger} ${clean(text)}`),
      help: ours(style.muted),
      highlight: ours(style.accent),
      description: ours(style.muted),
      disabled: ours(style.muted),
      defaultAnswer: ours(style.muted),
      key: ours(style.strong),
      keysHelpTip: () => style.muted(line`arrows move, enter takes`),
    },
  };
}
