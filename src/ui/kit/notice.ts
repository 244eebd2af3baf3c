import { wrap } from '../../render/layout.js';
import type { Style } from '../../render/style.js';
import { line, type Safe } from '../../render/terminal-text.js';

/** Said at the bottom of the screen. */
export interface Notice {
  /** Null: the text brings its own sign and colours, as what a command prints does. */
  readonly tone: 'ok' | 'warning' | 'danger' | null;
  readonly text: Safe;
}

/** What came of a change. */
export interface ChangeOutcome {
  /** Not all of it was done: what was marked stays so. */
  readonly failed: boolean;
  readonly notices: readonly Notice[];
}

const mostLines = 4;

/** Notices as lines; of a long story the beginning. */
export function noticeLines(notices: readonly Notice[], columns: number, style: Style): Safe[] {
  const said = notices.flatMap(({ tone, text }) => {
    const whole = tone === null ? text : style[tone](line`${style.sign[tone]} ${text}`);
    return wrap(whole, columns - 2).map((each) => line` ${each}`);
  });
  return said.length <= mostLines ? said : [...said.slice(0, mostLines - 1), line` ${style.glyph.ellipsis}`];
}
